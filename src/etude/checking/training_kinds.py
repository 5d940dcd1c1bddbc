"""The networks and targets with which a training function is played.

x [N 1 4 4], y [N] classes; or targets of other kinds
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.shapes import Tensor

CLASSES = 3


@dataclass(frozen=True)
class Subjects:
    """What is learned. target: of n samples; outputs: of the network; loss: what is handed over;
    ends: how the network squashes its logits; flat: it gives [N]; gives: its own loss, too; named:
    batches are mappings."""

    target: Callable[[int], Tensor]
    outputs: int
    loss: Callable[[], nn.Module]
    ends: str = ""
    flat: bool = False
    gives: str = ""
    named: bool = False


def classes(n: int) -> Tensor:
    """Labels."""
    return torch.randint(CLASSES, (n,))


def column(n: int) -> Tensor:
    """Labels 0 and 1, [N 1]."""
    return torch.randint(2, (n, 1)).double()


def row(n: int) -> Tensor:
    """The same, [N]."""
    return torch.randint(2, (n,)).double()


KINDS = (
    Subjects(classes, CLASSES, nn.CrossEntropyLoss),
    Subjects(classes, CLASSES, nn.NLLLoss, "log_softmax"),
    Subjects(lambda n: torch.randn(n, CLASSES), CLASSES, nn.MSELoss),
    Subjects(column, 1, nn.BCEWithLogitsLoss),
    Subjects(row, 1, nn.BCEWithLogitsLoss),
    Subjects(row, 1, nn.BCEWithLogitsLoss, flat=True),
    Subjects(column, 1, nn.BCELoss, "sigmoid"),
    Subjects(row, 1, nn.BCELoss, "sigmoid"),
    Subjects(row, 1, nn.BCELoss, "sigmoid", flat=True),
    Subjects(lambda n: torch.zeros(n), 16, nn.MSELoss),
    Subjects(classes, CLASSES, nn.CrossEntropyLoss, gives="pair"),
    Subjects(classes, CLASSES, nn.CrossEntropyLoss, gives="object"),
    Subjects(classes, CLASSES, nn.CrossEntropyLoss, named=True),
    Subjects(classes, CLASSES, nn.CrossEntropyLoss, gives="object", named=True),
)
"""What is tried, the likeliest first."""


class Record(dict[str, Tensor]):
    """A batch by name: labels by a name of labels, inputs by any other."""

    def __missing__(self, key: str) -> Tensor:
        return self["labels" if re.search("label|target|^y", key) else "inputs"]


def record(samples: list[tuple[Tensor, Tensor]]) -> Record:
    """A batch of samples, by name."""
    x, y = (torch.stack(each) for each in zip(*samples))
    return Record(inputs=x, labels=y)


class Ends(nn.Module):
    """The last layer of a network of ours: logits as they are, or squashed."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        """logits -> what the network gives."""
        if self.how == "log_softmax":
            return x.log_softmax(-1)
        return x.sigmoid() if "sigmoid" in self.how else x.softmax(-1) if self.how else x


class Net(nn.Module):
    """A network of ours, with dropout and batch norm. gives: its outputs alone, or also its own
    loss where it is handed targets: a pair, or an object of both."""

    def __init__(self, kind: Subjects) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5),
            nn.Linear(8, kind.outputs), Ends(kind.ends),
        )  # fmt: skip
        self.flat, self.gives, self.loss = kind.flat, kind.gives, kind.loss()

    def forward(self, x: Tensor, *more: Any, **named: Any) -> Any:
        """[N 1 4 4] -> [N outputs], or as `gives` says."""
        out: Tensor = self.layers(x.to(next(self.parameters()).dtype))
        out = out.squeeze(-1) if self.flat else out
        if not self.gives:
            return out
        target = next(iter((*more, *named.values())), None)
        loss = None if target is None else self.loss(out, target)
        return (out, loss) if self.gives == "pair" else SimpleNamespace(logits=out, loss=loss)

    def configure_optimizers(self, *arguments: Any, **options: Any) -> torch.optim.Optimizer:
        """As networks have it that choose their optimizer."""
        return torch.optim.SGD(self.parameters(), lr=0.01)
