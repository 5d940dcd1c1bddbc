"""The space of a search: a range or a list of values for any field of the recipe.

lr=1e-4..1e-1       real numbers in this range; uniform in the logarithm if both ends are above 0
                    and a factor of ten or more apart, else uniform
model.depth=2..6    whole numbers in this range
optimizer=sgd,adam  one of these values
"""

import json
from typing import TYPE_CHECKING, Literal

from etude.config import Config
from etude.errors import UsageError
from etude.locale.texts import text

if TYPE_CHECKING:
    from optuna import Trial


class Axis(Config):
    """The range or the list of one field."""

    kind: Literal["float", "log", "int", "one of"]
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    """JSON texts, because Optuna stores only scalars as choices and a value may be a list."""

    def suggest(self, trial: "Trial", path: str) -> object:
        """The value that Optuna proposes for this field."""
        match self.kind:
            case "int":
                return trial.suggest_int(path, round(self.low), round(self.high))
            case "one of":
                return self.decode(trial.suggest_categorical(path, self.choices))
        return trial.suggest_float(path, self.low, self.high, log=self.kind == "log")

    def decode(self, value: str | float) -> object:
        """The value of the field, from the value that Optuna stores."""
        return json.loads(str(value)) if self.kind == "one of" else value

    def ends(self) -> list[object]:
        """The values to validate before the search starts: both ends of a range, or all choices."""
        if self.kind == "one of":
            return [json.loads(choice) for choice in self.choices]
        return [round(x) if self.kind == "int" else x for x in (self.low, self.high)]


def axis(path: str, value: object) -> Axis | None:
    """The axis that a value of a field describes; None for a single value. Raises UsageError."""
    if isinstance(value, list | tuple):
        return Axis(kind="one of", choices=tuple(json.dumps(each) for each in value))
    # A text with ".." may still be no range, but no field has such a value: it is an error below.
    if not isinstance(value, str) or ".." not in value:
        return None
    first, _, last = value.partition("..")
    try:
        ends = [json.loads(end) for end in (first, last)]
        low, high = (float(end) for end in ends)
    except (ValueError, TypeError):
        raise UsageError(text("comparison.search.range", path=path, value=value)) from None
    if not low < high:  # false for NaN too, which json.loads accepts
        raise UsageError(text("comparison.search.range_order", path=path, value=value))
    if all(isinstance(end, int) for end in ends):
        return Axis(kind="int", low=low, high=high)
    # A range over a decade or more, as of a learning rate: uniform values would almost all lie in
    # its highest decade.
    return Axis(kind="log" if low > 0 and high >= 10 * low else "float", low=low, high=high)
