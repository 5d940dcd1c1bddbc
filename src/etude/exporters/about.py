"""What a run was trained on and how good it is, for the head of exported code and its README.

In English, as the code itself.
"""

import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from etude.exporters.exporter import Trained
from etude.locale.texts import has_text, metric, say
from etude.stats import metric_of


@dataclass(frozen=True)
class About:
    """Sentences about a run. origin: model, data and version. result: the test result beside the
    best baseline. terms: date and licence."""

    origin: str
    result: str
    terms: str

    def wrapped(self, width: int) -> str:
        """The paragraphs in lines of at most `width` characters."""
        parts = (self.origin, self.result, self.terms)
        return "\n\n".join(textwrap.fill(part, width, break_long_words=False) for part in parts)


def about(trained: Trained) -> About:
    """The sentences about a run."""
    result, card = trained.result, trained.card
    test, best = result.test, result.baseline.best
    key = f"baseline.{best.kind}"
    baseline = say("en", key, **best.about) if has_text(key) else best.kind
    score = _number(result.score, result.goal, test.unit)
    ends = test.interval(result.goal)
    interval = ""
    if ends:
        low, high = (_number(end, result.goal, "") for end in ends)
        interval = f" (95 % interval {low} to {high})"
    samples = result.sizes.test if result.sizes else test.samples
    count = f" on {samples:,} test samples" if samples else ""
    trained_on = f"{result.sizes.train:,} samples of {card.name}" if result.sizes else card.name
    title = result.title or result.model
    origin = f"{title} with {result.parameters:,} parameters, trained on {trained_on} by étude "
    goal = metric(result.goal)
    against = _number(best.score, result.goal, test.unit)
    return About(
        f"{origin}{version('etude')}.",
        f"{goal[:1].upper()}{goal[1:]} {score}{interval}{count}; "
        f"the best baseline ({baseline}): {against}.",
        f"Written on {datetime.now(UTC):%Y-%m-%d}. The code is under étude's licence, Apache-2.0; "
        "the weights are as free as the data that they were trained on.",
    )


def _number(value: float, goal: str, unit: str) -> str:
    """A share in percent, any other metric with its unit."""
    if metric_of(goal).share:
        return f"{100 * value:.1f} %"
    return f"{value:.4g} {unit}".strip()
