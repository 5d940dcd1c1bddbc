"""What a tracker is: a file that declares TRACKER, which opens a log for the values of a run.

A log is made from the rows of `metrics.jsonl` alone. So whenever a run is resumed, its log is
written again from the first epoch on, and what an earlier process left of it is replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

from etude.system.limits import Plain

Scalar = str | int | float | bool
State = Literal["finished", "stopped", "failed"]
"""How the training ended: at its end; by a signal, so that it can be resumed; with an error."""
PROJECT = "etude"
"""The project, or experiment, of all runs, where the user's environment names no other."""
IDENTITY = "etude.id"
"""The name under which a log carries `Facts.identity`, so that it is found again."""


@dataclass(frozen=True)
class Facts:
    """What a log says of a run beside its numbers.

    name: that of its folder. group: the comparison or search that it belongs to, or "". identity:
    the same for a run and for what resumes it, and for no other run. config: the recipe, by paths
    such as "train.lr". place: the absolute path of the folder in which logs are kept.
    """

    name: str
    group: str
    identity: str
    config: dict[str, Scalar]
    place: str

    def plain(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, values: Plain) -> Self:
        """The facts from their `plain` values."""
        return cls(**values)


@dataclass(frozen=True)
class Moment:
    """Values after a number of optimizer updates.

    time: seconds since 1970, when they were computed, as far as the clock times of the run say.
    """

    step: int
    time: float
    values: dict[str, float]

    def plain(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)


class Log(Protocol):
    """The log of one run. Any exception ends it and leaves the training alone."""

    def add(self, moments: Sequence[Moment]) -> None:
        """Write some epochs and make them visible. The first call has all epochs before a resume,
        and may have none; after it the log replaces what was left of an earlier one."""

    def end(self, summary: Mapping[str, Scalar], pictures: Mapping[str, Path]) -> None:
        """Write the test result, and the pictures (PNG files) by their names."""

    def close(self, state: State) -> None:
        """Complete the log; nothing follows."""


@dataclass(frozen=True)
class Tracker:
    """What a file declares as TRACKER.

    open: starts the log of a run. package: the module that must be installed, or "". install: what
    `pip install` is told. summary: one line for `etude list`, or the key of a text.
    """

    open: Callable[[Facts], Log]
    package: str = ""
    install: str = ""
    summary: str = ""
