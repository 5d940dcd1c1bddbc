"""Adversarial autoencoders."""

ADVERSARIAL: dict[str, tuple[str, str]] = {
    "role_aae": (
        "an adversarial autoencoder with its training step",
        "적대적 오토인코더와 그 학습 스텝",
    ),
    "check_aae_no_step": (
        "{name}: no function that trains (train_step or the like) takes encoder, decoder and discriminator.",
        "{name}: encoder, decoder, discriminator를 받아 학습시키는 함수 (train_step 등)가 없습니다.",
    ),
    "check_aae_part": (
        "{name}: the file defines no {part} class.",
        "{name}: 파일에 {part} 클래스가 없습니다.",
    ),
    "held_on_codes": (
        "the discriminator sees codes and samples of the prior",
        "판별자가 코드와 사전분포의 표본을 봄",
    ),
    "held_reconstructs": (
        "the reconstruction loss reaches the encoder",
        "재구성 손실이 인코더까지 닿음",
    ),
    "held_own_gradients": (
        "each step uses the gradients of its own loss, once",
        "스텝마다 자기 손실의 기울기만 한 번 씀",
    ),
    "held_sides": (
        "prior samples are real, codes fake, and the encoder wants them taken for real",
        "사전분포 표본은 진짜, 코드는 가짜이며 인코더는 진짜로 보이려 함",
    ),
    "variant_uniform_prior": (
        "a uniform prior in place of a normal one",
        "정규분포 대신 균등분포인 사전분포",
    ),
    "variant_sides_flipped": (
        "codes are labelled 1 and prior samples 0 throughout, which is the same game by other names",
        "일관되게 코드가 1, 사전분포 표본이 0 (이름만 바뀐 같은 게임)",
    ),
    "fault_prior_fixed": (
        "the samples of the prior are the same in every step, so the discriminator learns them by heart and codes are drawn to those few points; draw new ones in each step.",
        "사전분포의 샘플이 스텝마다 같아 판별자가 그것을 외우고 코드가 그 몇 점으로 끌려갑니다. 스텝마다 새로 뽑으세요.",
    ),
    "fault_discriminator_in_generator_optimizer": (
        "the optimizer of the encoder's loss holds the discriminator too, which so learns to be fooled; give it the encoder's and decoder's parameters alone.",
        "인코더 손실의 옵티마이저가 판별자의 매개변수도 갖고 있어 판별자가 속는 쪽으로 학습됩니다. 인코더와 디코더의 매개변수만 주세요.",
    ),
    "fault_discriminator_on_images": (
        "the discriminator gets images, so this is a GAN on pictures and nothing draws the codes to the prior; give it encoder(imgs) as fake and samples of the prior as real.",
        "판별자에 이미지를 넣어, 그림에 대한 GAN이 되고 코드가 사전분포로 끌려가지 않습니다. encoder(imgs)를 가짜로, 사전분포의 표본을 진짜로 넣으세요.",
    ),
    "fault_prior_missing": (
        "the discriminator never sees a sample of the prior, so it cannot tell what codes should look like; score torch.randn(N, latent_dim) as real.",
        "판별자가 사전분포의 표본을 보지 못해 코드가 어때야 하는지 알 수 없습니다. torch.randn(N, latent_dim)을 진짜로 넣으세요.",
    ),
    "fault_discriminator_never_stepped": (
        "the discriminator's weights never change, so the encoder learns to fool a random judge; call its backward() and its optimizer's step().",
        "판별자의 가중치가 바뀌지 않아 인코더가 무작위 심판을 속이는 법만 배웁니다. 판별자의 backward()와 그 옵티마이저의 step()을 부르세요.",
    ),
    "fault_encoder_never_stepped": (
        "the encoder's weights never change, so codes stay random; give its parameters to an optimizer and step it.",
        "인코더의 가중치가 바뀌지 않아 코드가 무작위로 남습니다. 그 매개변수를 옵티마이저에 넣고 step()을 부르세요.",
    ),
    "fault_decoder_never_stepped": (
        "the decoder's weights never change, so nothing is reconstructed; give its parameters to an optimizer and step it.",
        "디코더의 가중치가 바뀌지 않아 재구성을 배우지 못합니다. 그 매개변수를 옵티마이저에 넣고 step()을 부르세요.",
    ),
    "fault_logits_twice": (
        "a sigmoid is applied and the loss applies it again, so its gradient shrinks and the game hardly moves; hand BCEWithLogitsLoss the logits, or use BCELoss.",
        "시그모이드를 한 뒤 손실이 다시 시그모이드를 하여 기울기가 작아지고 학습이 거의 안 됩니다. BCEWithLogitsLoss에 로짓을 넘기거나 BCELoss를 쓰세요.",
    ),
    "fault_reconstruction_detached": (
        "the reconstruction loss does not move the encoder, so codes carry nothing of the image; decode the code with its graph and let the encoder's parameters take that step.",
        "재구성 손실이 인코더를 움직이지 않아 코드에 이미지의 정보가 담기지 않습니다. detach하지 않은 코드를 디코딩하고 그 스텝에 인코더의 매개변수도 넣으세요.",
    ),
    "fault_codes_not_detached": (
        "the discriminator's loss moves the encoder too, so the encoder learns to give itself away; score encoder(imgs).detach() there, and clear gradients before the encoder's step.",
        "판별자의 손실이 인코더까지 움직여 인코더가 스스로 들키도록 배웁니다. 거기서는 encoder(imgs).detach()를 넣고, 인코더의 스텝 앞에서 기울기를 비우세요.",
    ),
    "fault_labels_swapped": (
        "the discriminator learns that samples of the prior are fake and codes are real, while the encoder plays by the other rule, so codes are driven from the prior; label prior samples 1 and codes 0.",
        "판별자는 사전분포의 표본을 가짜, 코드를 진짜로 배우는데 인코더는 반대로 배워 코드가 사전분포에서 멀어집니다. 사전분포 표본은 1, 코드는 0으로 하세요.",
    ),
    "fault_generator_wants_fake": (
        "the encoder wants its codes to be taken for fake, as the discriminator does, so nobody draws them to the prior; use the label 1 in the encoder's loss.",
        "인코더도 판별자처럼 코드가 가짜로 보이기를 바라 코드가 사전분포로 끌려가지 않습니다. 인코더의 손실에는 레이블 1을 쓰세요.",
    ),
    "fault_labels_equal": (
        "the discriminator is taught the same of prior samples and of codes, so it learns nothing of their difference; label prior samples 1 and codes 0.",
        "판별자가 사전분포의 표본과 코드를 같은 것으로 배워 차이를 알 수 없습니다. 사전분포 표본은 1, 코드는 0으로 하세요.",
    ),
    "fault_encoder_not_fooling": (
        "no gradient of the discriminator's score reaches the encoder, so nothing draws the codes to the prior; in the encoder's phase score encoder(imgs) without detach.",
        "판별자 점수의 기울기가 인코더에 닿지 않아 코드가 사전분포로 끌려가지 않습니다. 인코더 단계에서는 detach 없이 encoder(imgs)를 넣으세요.",
    ),
    "fault_kl_added": (
        "a KL term is added, but here the discriminator alone draws the codes to the prior, so they are drawn twice and images blur; leave the KL term to a VAE.",
        "여기서는 판별자만 코드를 사전분포로 끌어야 하는데 KL 항을 더해 두 번 끌리고 그림이 흐려집니다. KL 항은 VAE에 맡기세요.",
    ),
    "fault_prior_uniform": (
        "the prior is meant to be normal and is drawn by torch.rand, which is uniform between 0 and 1, so codes are drawn into a corner; use torch.randn.",
        "정규분포여야 할 사전분포를 0과 1 사이의 균등분포인 torch.rand로 뽑아 코드가 한쪽 구석으로 몰립니다. torch.randn을 쓰세요.",
    ),
}
