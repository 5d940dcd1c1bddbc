"""The specification and the outcome of one run of a comparison, as plain values that pass between
processes and machines as JSON."""

import json
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from etude.errors import InvalidValue, RunError, cause
from etude.locale.texts import Sentence, text
from etude.system.limits import Plain

PlainRecipe = Plain
"""A recipe, or a draft of one, as plain JSON values."""

_SENTENCE: TypeAdapter[Sentence] = TypeAdapter(Sentence)


def plain_sentence(sentence: Sentence) -> object:
    """A sentence as plain JSON values."""
    return _SENTENCE.dump_python(sentence, mode="json")


def read_sentence(plain: object) -> Sentence:
    """The sentence from its plain JSON values, which are text in version 0.1.0. Raises ValueError
    for anything else."""
    # By way of JSON: in strict mode pydantic then accepts lists for tuples.
    try:
        return _SENTENCE.validate_json(json.dumps(plain))
    except ValidationError:
        raise InvalidValue(text("comparison.outcome.sentence")) from None


@dataclass(frozen=True)
class RunSpec:
    """A run to train.

    label: name of its folder. mapping: its complete recipe. tested: whether it is evaluated on the
    test split at the end; runs of a search are not.
    """

    label: str
    mapping: PlainRecipe
    tested: bool = False

    def plain(self) -> dict[str, object]:
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
    diverged: Sentence = ""
    how: str = "process"
    """"process"; "stacked" in comparisons of version 0.1.0, which could train runs in one step."""

    def plain(self) -> dict[str, object]:
        """Plain JSON values."""
        lists = {"val": list(self.val), "seconds": list(self.seconds)}
        return {**asdict(self), **lists, "diverged": plain_sentence(self.diverged)}

    @classmethod
    def read(cls, values: Plain) -> "Outcome":
        """The outcome from its `plain` values. Raises RunError for anything else."""
        # The values come from a file or from another machine, and JSON turns tuples into lists.
        try:
            outcome = cls(**values)
            parsed: Plain = {
                key: tuple(map(float, getattr(outcome, key))) for key in ("val", "seconds")
            }
            if len(parsed["val"]) != len(parsed["seconds"]):
                raise InvalidValue(text("comparison.outcome.lengths"))
            for key in ("best", "test"):
                value = getattr(outcome, key)
                parsed[key] = None if value is None else float(value)
            if not isinstance(outcome.label, str):
                raise InvalidValue(text("comparison.outcome.label"))
            parsed["diverged"] = read_sentence(outcome.diverged)
            # type() and not isinstance(): True is an int too.
            if outcome.samples is not None and (
                type(outcome.samples) is not int or outcome.samples < 1
            ):
                raise InvalidValue(text("comparison.outcome.samples"))
        except (TypeError, ValueError) as error:
            raise RunError(text("comparison.outcome.damaged", why=cause(error))) from None
        return cls(**{**values, **parsed})
