"""fastai: `Learner.fit` on PyTorch's loaders, with torch's Adam, without bar and log.

Its own Adam has other constants (0.99 for the second moment, 1e-5, weight decay 0.01), so torch's
is wrapped, as its documentation shows. fastai evaluates after every epoch, here on the test split.
"""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit"))

from functools import partial  # noqa: E402

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
import torchvision_ops  # noqa: E402

torchvision_ops.declare()
from fastai.callback.core import Callback  # noqa: E402
from fastai.data.core import DataLoaders  # noqa: E402
from fastai.learner import Learner  # noqa: E402
from fastai.optimizer import OptimWrapper  # noqa: E402
from torch import nn  # noqa: E402


class Timed(Callback):
    """Tells the clock of training steps."""

    def __init__(self, clock: program.Clock) -> None:
        self.clock = clock

    def before_fit(self) -> None:
        self.clock.start()

    def after_batch(self) -> None:
        if self.training:
            self.clock.step()


def main() -> None:
    """Train, test, report."""
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    clock = program.Clock(given.batch)
    held = torch.utils.data.TensorDataset(x_test, y_test)
    loaders = DataLoaders(
        tensors.loader(x, y, given.batch), torch.utils.data.DataLoader(held, batch_size=500)
    )
    learner = Learner(
        loaders,
        model,
        loss_func=nn.CrossEntropyLoss(),
        opt_func=partial(OptimWrapper, opt=torch.optim.Adam),
        lr=networks.LR,
        wd=0.0,
        cbs=[Timed(clock)],
    )
    with learner.no_logging():
        learner.fit(given.epochs)
    quality = networks.quality(model, x_test, y_test)
    packages = ("fastai", "torch")
    program.report("fastai", given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
