"""One of the many: what is asked of a member of a duel, and what came of it. Plain values, so that
they pass between processes and machines as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from etude.errors import RunError


@dataclass(frozen=True)
class Member:
    """A run to be made.

    label: its folder's name. mapping: its whole recipe. tested: whether the test split is used at
    the end; while searching it is not.
    """

    label: str
    mapping: Mapping[str, Any]
    tested: bool = False

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What came of a member.

    val: the validation goal after each epoch. seconds: of training, up to the same. best: the
    validation goal of the checkpoint that is kept, None where it diverged. test: the result on the
    test split, where it was used, and samples how many it was taken over, where it is a share of
    them. diverged: the words of the number that was not finite.
    """

    label: str
    val: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    best: float | None = None
    test: float | None = None
    samples: int | None = None
    diverged: str = ""
    how: str = "process"
    """"process"; "stacked" in comparisons of 0.1.0, whose members could train in one step."""

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "val": list(self.val), "seconds": list(self.seconds)}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Outcome":
        """From `plain`. Raises RunError for anything else."""
        try:
            found = cls(**values)
            numbers: dict[str, Any] = {
                key: tuple(map(float, getattr(found, key))) for key in ("val", "seconds")
            }
            if len(numbers["val"]) != len(numbers["seconds"]):
                raise ValueError("as many seconds as epochs are due")
            for key in ("best", "test"):
                value = getattr(found, key)
                numbers[key] = None if value is None else float(value)
            if not (isinstance(found.label, str) and isinstance(found.diverged, str)):
                raise ValueError("its label and its words are no text")
            if found.samples is not None and (type(found.samples) is not int or found.samples < 1):
                raise ValueError("its test samples are no number above 0")
        except (TypeError, ValueError) as error:
            raise RunError(f"This is no outcome of a member ({error}).") from None
        return cls(**{**values, **numbers})
