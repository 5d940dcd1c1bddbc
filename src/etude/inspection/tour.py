"""The report of a tour: one table of all networks, then what tells most about each, and where the
rest is."""

from collections.abc import Mapping, Sequence
from typing import Any

from etude.inspection import words
from etude.inspection.report import Section, kept
from etude.locale.texts import Lang, say

TELLING = {
    ("mlp", "classify"): ("first-layer", "mistakes"),
    ("mlp", "regress"): ("fitted", "curves"),
    ("cnn", "classify"): ("class-map", "filters"),
    ("lstm", "classify"): ("gates", "confusion"),
    ("lstm", "forecast"): ("forecast",),
    ("transformer", "classify"): ("attention",),
    ("transformer", "forecast"): ("forecast", "hidden-steps"),
    ("vit", "classify"): ("class-token", "positions"),
    ("aae", "autoencode"): ("filmstrip", "decoded-grid"),
}
"""The one or two pictures, by name, that tell most about a network and its task."""
OTHERWISE = ("curves",)


def sections(
    runs: Sequence[Any],
    labels: Sequence[str],
    seconds: Mapping[str, float],
    table: Sequence[Sequence[str]],
    lang: Lang = "en",
) -> list[Section]:
    """The sections of the page. runs: finished (ship.Run), each in a folder beside the page;
    seconds: of `training`, and of `all`; table: of all runs, whose first cells are the labels."""
    lead = [say(lang, "tour.said", **seconds)]
    found = [Section(say(lang, "tour.table"), lead, table, rows_lead=True)]
    return found + [one(run, label, lang) for label, run in zip(labels, runs)]


def one(run: Any, label: str, lang: Lang = "en") -> Section:
    """One network: its result, verdict and next step, its telling pictures, and a link to its own
    report, which has all the others."""
    result, history = run.result, run.history
    goal, unit = result["goal"], result["test"].get("unit", "")
    value = words.number(result["test"][goal], goal, unit)
    said = [
        say(lang, "result", goal=goal, value=value),
        words.verdict(result, lang),
        *words.warnings(result, history, lang),
        words.next_steps(result, history, lang)[0],
    ]
    pictures = {each.name: each for each in kept(run.folder)}
    telling = TELLING.get((result["model"], result["task"]), OTHERWISE)
    path = f"{run.path.name}/report.html"
    return Section(
        label,
        said,
        pictures=[pictures[name] for name in telling if name in pictures],
        link=(path, say(lang, "tour.more", path=path)),
    )
