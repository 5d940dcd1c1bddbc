"""Parity: how far the answers of an exported network are from those of étude."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from etude.errors import NumericsError
from etude.locale.texts import Sentence, Text, text

Answers = Mapping[str, np.ndarray]
"""Outputs by name, each [n ...], as `graph.Deployed` names them."""

TOLERANCE = 1e-4
"""Largest difference from étude's own answers, in units of the spread of an output (1 for
probabilities). Graphs that compute the same in another order differ by about 1e-6."""


@dataclass(frozen=True)
class Parity:
    """A comparison over samples.

    samples: their number. same: how many have the same answer: the same most probable class, or a
    value within the tolerance. largest: the largest difference, as a share of `spread`. output: the
    name of the output where it occurs.
    """

    samples: int
    same: int
    largest: float
    output: str

    @property
    def holds(self) -> bool:
        """Whether no difference is above TOLERANCE."""
        return self.largest <= TOLERANCE

    @property
    def sentence(self) -> Text:
        """The result for the user."""
        return text(
            "export.parity", same=self.same, samples=self.samples, largest=f"{self.largest:.1e}"
        )


def compare(reference: Answers, other: Answers) -> Parity:
    """Compare the outputs of an exported network with étude's, by name.

    Raises NumericsError if names or shapes differ, or if a value is not finite.
    """
    if reference.keys() != other.keys():
        raise _unequal(text("export.names", have=sorted(other), want=sorted(reference)))
    same, worst = np.ones(_count(reference), bool), (0.0, "")
    for name, wanted in reference.items():
        if wanted.shape != other[name].shape:
            shapes = {"have": str(other[name].shape), "want": str(wanted.shape)}
            raise _unequal(text("export.shapes", output=name, **shapes))
        want, have = (np.asarray(each, np.float64) for each in (wanted, other[name]))
        if not np.isfinite(have).all():
            raise _unequal(text("export.not_finite", output=name))
        differences = np.abs(have - want).reshape(len(want), -1) / _spread(name, want)
        largest = differences.max(1, initial=0.0)
        worst = max(worst, (float(largest.max(initial=0.0)), name))
        agrees = want.argmax(1) == have.argmax(1) if name == CLASSES else largest <= TOLERANCE
        same &= agrees
    return Parity(len(same), int(same.sum()), *worst)


CLASSES = "probabilities"
"""The output of a classifier: its largest entry is the answer."""


def require(parity: Parity, form: str) -> None:
    """Raise NumericsError if an exported network does not answer like étude."""
    if not parity.holds:
        raise NumericsError(
            text(
                "export.unequal", form=form, output=parity.output,
                largest=f"{parity.largest:.1e}", most=f"{TOLERANCE:g}",
            ),
            do=text("export.unequal.do"),
        )  # fmt: skip


def _unequal(what: Sentence) -> NumericsError:
    return NumericsError(what, do=text("export.unequal.do"))


def _count(answers: Answers) -> int:
    return len(next(iter(answers.values())))


def _spread(name: str, values: np.ndarray) -> float:
    """What differences of an output are measured in."""
    return 1.0 if name == CLASSES else float(values.std()) or 1.0
