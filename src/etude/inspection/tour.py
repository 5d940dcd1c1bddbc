"""The report of a tour: a table of all networks, then the most informative pictures of each and a
link to its own report."""

from collections.abc import Mapping, Sequence

from etude import registry
from etude.inspection import words
from etude.inspection.report import Section, stored_pictures
from etude.locale.texts import Lang, say

SHOWN = 2
"""Largest number of pictures of one network."""


def sections(
    runs: Sequence[words.FinishedRun],
    labels: Sequence[str],
    seconds: Mapping[str, float],
    table: Sequence[Sequence[str]],
    lang: Lang = "en",
) -> list[Section]:
    """The sections of the page.

    runs: finished runs, each in a folder beside the page. seconds: keys
    "training" and "all". table: one row per run, head first; the first cell of a row is its label.
    """
    lead = [say(lang, "tour.said", **seconds)]
    overview = [Section(say(lang, "tour.table"), lead, table, rows_lead=True)]
    return overview + [one(run, label, lang) for label, run in zip(labels, runs)]


def one(run: words.FinishedRun, label: str, lang: Lang = "en") -> Section:
    """The section of one network: result, verdict, next step, its most informative pictures, and a
    link to its own report with all pictures."""
    result, history = run.result, run.epochs
    value = words.number(result.score, result.goal, result.test.unit)
    findings = [
        say(lang, "result", goal=result.goal, value=value),
        words.verdict(result, lang),
        *words.warnings(result, history, lang),
        words.next_steps(result, history, lang)[0],
    ]
    pictures = {each.name: each for each in stored_pictures(run.folder)}
    highlights = registry.load("model", result.model).highlights
    path = f"{run.path.name}/report.html"
    return Section(
        label,
        findings,
        pictures=[pictures[name] for name in highlights if name in pictures][:SHOWN],
        link=(path, say(lang, "tour.more", path=path)),
    )
