"""The result of a run or a comparison: as JSON values, as sentences, as a table."""

from typing import TYPE_CHECKING

from etude.comparison import curves, side_by_side
from etude.comparison.request import Comparison
from etude.comparison.side_by_side import SideBySide
from etude.inspection import words
from etude.locale.texts import Lang, render, say

if TYPE_CHECKING:
    from etude.inference.run import Run

    Result = Run | Comparison | SideBySide


def summary(result: "Result") -> dict[str, object]:
    """The JSON values that `train --json` or `compare --json` prints; sentences are in English."""
    if isinstance(result, SideBySide):
        return side_by_side.summary(result)
    if isinstance(result, Comparison):
        return {
            "run": str(result.path),
            "members": [summary(run) for run in result.runs],
            "seconds": dict(result.seconds),
            "diverged": {label: render("en", why) for label, why in result.diverged.items()},
            **(
                result.findings.plain()
                if result.findings
                else curves.findings(_by_label(result), result.warning)
            ),
        }
    return {
        "run": str(result.path),
        **{key: value for key, value in result.result.plain().items() if key != "event"},
        "seconds": result.seconds,
        "samples_per_second": result.samples_per_second,
    }


def sentences(result: "Result", lang: Lang = "en") -> list[str]:
    """The result of a run or a comparison in sentences."""
    if isinstance(result, SideBySide):
        return side_by_side.all_sentences(result, lang)
    if isinstance(result, Comparison):
        if result.findings:
            # Inside, because the report of a comparison draws and so loads matplotlib.
            from etude.comparison import findings

            return findings.sentences(result.findings, result.seconds, lang)
        lines = curves.sentences(_by_label(result), result.warning, lang, result.diverged)
        return [*lines, say(lang, "duel.clock.plain", runs=result.seconds.get("runs", 0.0))]
    values = {"seconds": result.seconds, "speed": result.samples_per_second}
    lines = words.sentences(result.result, result.epochs, lang)
    return [*lines, say(lang, "verbs.speed", **values)]


def table(result: "Result", lang: Lang = "en") -> list[list[str]]:
    """The runs of a comparison as rows, the head first; for a comparison by rules, one row per
    contender. Empty for a single run."""
    if isinstance(result, SideBySide):
        return side_by_side.all_rankings(result, lang)
    if not isinstance(result, Comparison):
        return []
    if result.findings:
        from etude.comparison import findings

        return findings.rows(result.findings, lang)
    return words.rows(result.runs, result.labels, lang)


def _by_label(comparison: Comparison) -> dict[str, "Run"]:
    """The runs of a comparison by their labels."""
    return dict(zip(comparison.labels, comparison.runs))
