"""The answers of a task as lines of plain PyTorch: what a page of code does after the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Names:
    """What a page calls things. x is a batch as the network reads it.

    outputs: the expression of the network's raw outputs. past: of the known values [N L] of a
    series, in the scale of x. targets: the number of values or of steps to predict. lengths:
    whether `lengths` [N] are the valid steps of sequences. window: whether `level` and `spread`
    [N 1] undo the scale of each window.
    """

    outputs: str
    past: str
    targets: int
    lengths: bool
    window: bool


@dataclass(frozen=True)
class PlainAnswers:
    """The answers of a task on a page.

    returns: the sentence of the docstring. lines: the body, whose last line returns the outputs by
    name. show: statements that print `found`, the outputs for the samples called `name`. texts,
    numbers: constants by their names on the page, in upper case; numbers are plain ones if each
    group has a single one, else tensors.
    """

    returns: str
    lines: tuple[str, ...]
    show: tuple[str, ...]
    texts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@runtime_checkable
class Spelled(Protocol):
    """A task whose answers can be written as plain PyTorch."""

    def code(self, names: Names) -> PlainAnswers:
        """The lines of a page that compute the outputs of `published`."""


def naive_code(names: Names, season: int) -> str:
    """The seasonal naive forecast [N D], as an expression: see `ahead.naive`."""
    horizon = names.targets
    back = [step % season - season for step in range(horizon)]
    steps = f"[step % {season} - {season} for step in range({horizon})]"
    if names.lengths:
        return f"{names.past}.gather(1, lengths[:, None] + torch.tensor({steps}))"
    if season == 1:
        return f"{names.past}[:, -1:]"
    if season == horizon:
        return f"{names.past}[:, -{season}:]"
    return f"{names.past}[:, {back if horizon <= 4 else steps}]"
