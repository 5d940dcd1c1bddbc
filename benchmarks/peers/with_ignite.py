"""PyTorch-Ignite: `create_supervised_trainer`, on the quickest DataLoader there is."""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit"))

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from ignite.engine import Events, create_supervised_trainer  # noqa: E402
from torch import nn  # noqa: E402


def main() -> None:
    """Train, test, report."""
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    optimizer = torch.optim.Adam(model.parameters(), lr=networks.LR)
    trainer = create_supervised_trainer(model, optimizer, nn.CrossEntropyLoss())
    clock = program.Clock(given.batch)
    trainer.add_event_handler(Events.STARTED, lambda: clock.start())
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: clock.step())
    trainer.run(tensors.loader(x, y, given.batch), max_epochs=given.epochs)
    quality = networks.quality(model, x_test, y_test)
    packages = ("pytorch-ignite", "torch")
    program.report("ignite", given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
