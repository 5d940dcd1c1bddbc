"""Plain PyTorch with the data as one tensor: a permutation, batches by index, the usual four lines.

What somebody writes who has seen that a DataLoader costs more than the network.
"""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit", "aae"))

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402


def main() -> None:
    """Train, test, report."""
    model = tensors.begin(given)
    x, y, x_test, y_test = tensors.splits(given)
    game = networks.Game(model) if given.network == "aae" else None
    optimizer = torch.optim.Adam(model.parameters(), lr=networks.LR)
    clock = program.Clock(given.batch)
    clock.start()
    for _ in range(given.epochs):
        model.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - given.batch + 1, given.batch):
            chosen = order[start : start + given.batch]
            if game:
                game.step(x[chosen])
            else:
                optimizer.zero_grad()
                F.cross_entropy(model(x[chosen]), y[chosen]).backward()
                optimizer.step()
            clock.step()
    quality = networks.quality(model, x_test, y_test)
    count = networks.count(model)
    program.report("plain_tensors", given, clock.speeds(), quality, count, ("torch", "numpy"))


if __name__ == "__main__":
    main()
