"""Hugging Face Accelerate: model, optimizer and loader prepared, the loop by hand."""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit"))

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from torch.nn import functional as F  # noqa: E402


def main() -> None:
    """Train, test, report."""
    accelerator = Accelerator(cpu=True)
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    optimizer = torch.optim.Adam(model.parameters(), lr=networks.LR)
    loader = tensors.loader(x, y, given.batch)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    clock = program.Clock(given.batch)
    clock.start()
    for _ in range(given.epochs):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            accelerator.backward(loss)
            optimizer.step()
            clock.step()
    quality = networks.quality(model, x_test, y_test)
    packages = ("accelerate", "torch")
    program.report("accelerate", given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
