"""What is searched: a range or a list of values for any field of the recipe.

lr=1e-4..1e-1       numbers between, evenly in their logarithm (both ends above 0, a factor of
                    ten or more apart), else evenly
model.depth=2..6    whole numbers between
optimizer=sgd,adam  one of these
"""

import json
from typing import TYPE_CHECKING, Any, Literal

from etude.config import Config
from etude.errors import UsageError

if TYPE_CHECKING:
    from optuna import Trial


class Axis(Config):
    """One field's range or list."""

    kind: Literal["float", "log", "int", "one of"]
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    """As JSON, so that lists are choices too."""

    def suggested(self, trial: "Trial", path: str) -> Any:
        """A value that Optuna proposes."""
        match self.kind:
            case "int":
                return trial.suggest_int(path, round(self.low), round(self.high))
            case "one of":
                return self.found(trial.suggest_categorical(path, self.choices))
        return trial.suggest_float(path, self.low, self.high, log=self.kind == "log")

    def found(self, value: Any) -> Any:
        """The field's value, from what Optuna keeps."""
        return json.loads(value) if self.kind == "one of" else value

    def ends(self) -> list[Any]:
        """Values to be tried out before anything is begun: both ends, or all."""
        if self.kind == "one of":
            return [json.loads(choice) for choice in self.choices]
        return [round(x) if self.kind == "int" else x for x in (self.low, self.high)]


def axis(path: str, value: Any) -> Axis | None:
    """What a field's value asks to be searched; None where it is one value. Raises UsageError."""
    if isinstance(value, list | tuple):
        return Axis(kind="one of", choices=tuple(json.dumps(each) for each in value))
    if not isinstance(value, str) or ".." not in value:
        return None
    first, _, last = value.partition("..")
    try:
        ends = [json.loads(end) for end in (first, last)]
        low, high = (float(end) for end in ends)
    except (ValueError, TypeError):
        raise UsageError(
            f"{path}={value}: a range is two numbers, as in lr=1e-4..1e-1 or model.depth=2..6."
        ) from None
    if not low < high:
        raise UsageError(f"{path}={value}: the first number should be the lower one.")
    if all(isinstance(end, int) for end in ends):
        return Axis(kind="int", low=low, high=high)
    return Axis(kind="log" if low > 0 and high >= 10 * low else "float", low=low, high=high)
