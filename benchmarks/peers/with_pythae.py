"""pythae: its Adversarial_AE by its AdversarialTrainer, with the notes' networks.

As near as it can be built: it moves twice a step where the notes move three times (encoder and
decoder on reconstruction and game together, then the discriminator), from one pass of the encoder
instead of three, so a step is less work than étude's. Its discriminator ends in a Sigmoid, and both
Adams have the betas they have. Scales are set so that the losses are those of the notes.
"""

import program

given = program.words(__doc__, ("aae",))

import logging  # noqa: E402
import tempfile  # noqa: E402

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from pythae.data.datasets import BaseDataset  # noqa: E402
from pythae.models import Adversarial_AE, Adversarial_AE_Config  # noqa: E402
from pythae.models.base.base_utils import ModelOutput  # noqa: E402
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder  # noqa: E402
from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig  # noqa: E402
from pythae.trainers.training_callbacks import TrainingCallback  # noqa: E402
from torch.nn import functional as F  # noqa: E402


class Encoder(BaseEncoder):
    """Image to mu and logvar."""

    def __init__(self, whole: networks.AAE) -> None:
        super().__init__()
        self.body, self.mu, self.logvar = whole.body, whole.mu, whole.logvar

    def forward(self, x: torch.Tensor) -> ModelOutput:
        h = self.body(x)
        return ModelOutput(embedding=self.mu(h), log_covariance=self.logvar(h))


class Decoder(BaseDecoder):
    """Code to image."""

    def __init__(self, whole: networks.AAE) -> None:
        super().__init__()
        self.net = whole.decoder

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.net(z).view(-1, 1, 28, 28))


class Critic(BaseDiscriminator):
    """Code to the probability that it is a draw from the prior."""

    def __init__(self, whole: networks.AAE) -> None:
        super().__init__()
        self.net = whole.critic

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(embedding=torch.sigmoid(self.net(z)))


class Timed(TrainingCallback):
    """Tells the clock of steps."""

    def __init__(self, clock: program.Clock) -> None:
        self.clock = clock

    def on_train_begin(self, training_config: object, **others: object) -> None:
        self.clock.start()

    def on_train_step_end(self, training_config: object, **others: object) -> None:
        self.clock.step()


@torch.no_grad()
def reconstruction(model: Adversarial_AE, x: torch.Tensor) -> float:
    """Mean squared error, of codes as trained."""
    model.eval()
    parts = [(part, model({"data": part}).recon_x) for part in x.split(500)]
    return float(sum(F.mse_loss(b, a) * len(a) for a, b in parts)) / len(x)


def main() -> None:
    """Train, test, report."""
    for name in ("pythae.trainers", "pythae.models", "pythae"):
        logging.getLogger(name).setLevel(logging.ERROR)
    whole = tensors.begin(given)
    x, y, x_test, _ = tensors.splits(given)
    kept = len(x) // given.batch * given.batch
    config = Adversarial_AE_Config(
        input_dim=(1, 28, 28),
        latent_dim=networks.CODE,
        reconstruction_loss="mse",
        adversarial_loss_scale=1.0,
        reconstruction_loss_scale=2 / 784,  # it takes half the sum over pixels
    )
    model = Adversarial_AE(config, Encoder(whole), Decoder(whole), Critic(whole))
    clock = program.Clock(given.batch)
    with tempfile.TemporaryDirectory() as folder:
        training = AdversarialTrainerConfig(
            output_dir=folder,
            num_epochs=given.epochs,
            per_device_train_batch_size=given.batch,
            autoencoder_learning_rate=networks.LR,
            discriminator_learning_rate=networks.LR,
            seed=given.seed,
            no_cuda=True,
        )
        data = BaseDataset(x[:kept], y[:kept])
        AdversarialTrainer(model, data, training_config=training, callbacks=[Timed(clock)]).train()
    quality = {"reconstruction": reconstruction(model, x_test)}
    count, packages = networks.count(model), ("pythae", "torch")
    program.report("pythae", given, clock.speeds(), quality, count, packages)


if __name__ == "__main__":
    main()
