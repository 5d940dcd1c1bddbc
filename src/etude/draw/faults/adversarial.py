"""Adversarial autoencoders."""

ADVERSARIAL: dict[str, tuple[str, str]] = {
    "role_aae": ("an adversarial autoencoder and its training step", "적대적 오토인코더와 그 학습 스텝"),
}
