"""skorch: `NeuralNetClassifier.fit` on arrays, by its own Dataset and DataLoader, without the split
for validation and without printing."""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit"))

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from skorch import NeuralNetClassifier  # noqa: E402
from skorch.callbacks import Callback  # noqa: E402
from torch import nn  # noqa: E402


class Timed(Callback):
    """Tells the clock of steps."""

    def __init__(self, clock: program.Clock) -> None:
        self.clock = clock

    def on_train_begin(self, net: NeuralNetClassifier, **others: object) -> None:
        self.clock.start()

    def on_batch_end(self, net: NeuralNetClassifier, **others: object) -> None:
        self.clock.step()


def main() -> None:
    """Train, test, report."""
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    clock = program.Clock(given.batch)
    net = NeuralNetClassifier(
        model,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=networks.LR,
        max_epochs=given.epochs,
        batch_size=given.batch,
        iterator_train__shuffle=True,
        iterator_train__drop_last=True,
        train_split=None,
        callbacks=[Timed(clock)],
        verbose=0,
    )
    net.fit(x, y)
    quality = networks.quality(net.module_, x_test, y_test)
    packages = ("skorch", "torch")
    program.report("skorch", given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
