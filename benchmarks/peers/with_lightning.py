"""Lightning: a LightningModule and `Trainer.fit`, its bar, logger and checkpoints off."""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit"))

import logging  # noqa: E402
import warnings  # noqa: E402

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
import torchvision_ops  # noqa: E402

torchvision_ops.declare()
import lightning  # noqa: E402
from torch.nn import functional as F  # noqa: E402


class Classifier(lightning.LightningModule):
    """The network with its loss and optimizer."""

    def __init__(self, model: torch.nn.Module, clock: program.Clock) -> None:
        super().__init__()
        self.model, self.clock = model, clock

    def on_train_start(self) -> None:
        self.clock.start()

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(self.model(images), labels)

    def on_train_batch_end(self, *others: object) -> None:
        self.clock.step()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=networks.LR)


def main() -> None:
    """Train, test, report."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    clock = program.Clock(given.batch)
    trainer = lightning.Trainer(
        max_epochs=given.epochs,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Classifier(model, clock), tensors.loader(x, y, given.batch))
    quality = networks.quality(model, x_test, y_test)
    packages = ("lightning", "torch")
    program.report("lightning", given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
