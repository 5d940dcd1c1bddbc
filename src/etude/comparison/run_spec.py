"""The specification and the outcome of one run of a comparison, as plain values that pass between
processes and machines as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from etude.errors import RunError


@dataclass(frozen=True)
class RunSpec:
    """A run to train.

    label: name of its folder. mapping: its complete recipe. tested: whether it is evaluated on the
    test split at the end; runs of a search are not.
    """

    label: str
    mapping: Mapping[str, Any]
    tested: bool = False

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    val: validation metric after each epoch. seconds: training time until the end of each epoch.
    best: validation metric of the best checkpoint, None if the run diverged. test: result on the
    test split, None if untested. samples: number of test samples, for metrics that are fractions.
    diverged: which number was not finite, or "".
    """

    label: str
    val: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    best: float | None = None
    test: float | None = None
    samples: int | None = None
    diverged: str = ""
    how: str = "process"
    """"process"; "stacked" in comparisons of version 0.1.0, which could train runs in one step."""

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "val": list(self.val), "seconds": list(self.seconds)}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Outcome":
        """The outcome from its `plain` values. Raises RunError for anything else."""
        # The values come from a file or from another machine, and JSON turns tuples into lists.
        try:
            outcome = cls(**values)
            numbers: dict[str, Any] = {
                key: tuple(map(float, getattr(outcome, key))) for key in ("val", "seconds")
            }
            if len(numbers["val"]) != len(numbers["seconds"]):
                raise ValueError("val and seconds have different lengths")
            for key in ("best", "test"):
                value = getattr(outcome, key)
                numbers[key] = None if value is None else float(value)
            if not (isinstance(outcome.label, str) and isinstance(outcome.diverged, str)):
                raise ValueError("label and diverged must be text")
            # type() and not isinstance(): True is an int too.
            if outcome.samples is not None and (
                type(outcome.samples) is not int or outcome.samples < 1
            ):
                raise ValueError("samples must be a whole number above 0")
        except (TypeError, ValueError) as error:
            raise RunError(f"This is not the outcome of a run ({error}).") from None
        return cls(**{**values, **numbers})
