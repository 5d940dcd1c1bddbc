"""What a search found: the best so far, and each field against the goal."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from etude.inspection import words
from etude.inspection.report import Section, write
from etude.locale.texts import Lang, counted, say
from etude.render.style import Ink, Picture, log_scale, picture

ACROSS = 3
Rows = Sequence[Mapping[str, Any]]


def draw(
    place: Path,
    found: Rows,
    best: Mapping[str, Any],
    goal: str,
    logs: Collection[str],
    run: Any,
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html of a search.

    found: rows of comparison/search.py. logs: fields to draw on a logarithmic axis. run: the best
    one's, tested.
    """
    pictures = [history(found, goal, lang), fields(found, best, goal, logs, lang)]
    said = sentences(found, best, goal, run, lang)
    sections = [
        Section("", said),
        Section(say(lang, "pictures"), pictures=pictures),
        Section(say(lang, "runs"), table=table(found, goal, lang)),
    ]
    write(place, say(lang, "tune", name=place.name), sections, pictures, lang)


def sentences(
    found: Rows, best: Mapping[str, Any], goal: str, run: Any, lang: Lang = "en"
) -> list[str]:
    """What a search came to."""
    lost = sum(row["best"] is None for row in found)
    values = {
        "trials": counted(lang, "trial", len(found)),
        "lost": lost,
        "number": best["number"],
        "goal": goal,
        "value": words.number(best["best"], goal),
        "fields": ", ".join(f"{path}={short(value)}" for path, value in best["fields"].items()),
        "test": words.number(run.test[goal], goal),
        "path": run.path,
    }
    said = [say(lang, "tune.said", **values), say(lang, "tune.tested", **values)]
    return said + ([say(lang, "tune.lost", **values)] if lost else [])


def short(value: Any) -> str:
    """A field's value in a few letters."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def table(found: Rows, goal: str, lang: Lang = "en") -> list[list[str]]:
    """Every trial, the best first."""
    sign = 1 if goal in words.LOWER_IS_BETTER else -1
    order = sorted(
        found, key=lambda row: (row["best"] is None, sign * (row["best"] or 0.0), row["number"])
    )
    names = list(found[0]["fields"]) if found else []
    head = [*say(lang, "tune.head").split("|"), *names]
    rows = [
        [
            str(row["number"]),
            row["why"][:60] if row["best"] is None else words.number(row["best"], goal),
            f"{row['seconds']:.1f}",
            *(short(row["fields"].get(name, "")) for name in names),
        ]
        for row in order
    ]
    return [head, *rows]


def history(found: Rows, goal: str, lang: Lang = "en") -> Picture:
    """The goal of each trial in its order, and the best so far."""
    good = [(row["number"], row["best"]) for row in found if row["best"] is not None]
    x, y = np.array(good, float).reshape(-1, 2).T
    so_far = np.minimum.accumulate(y) if goal in words.LOWER_IS_BETTER else np.maximum.accumulate(y)

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.scatter(x, y, s=12, color=ink.lines[0], alpha=0.7, label="a trial", linewidths=0)
        axes.step(x, so_far, where="post", color=ink.lines[1], label="best so far")
        axes.set(xlabel="trial", ylabel=f"validation {goal}")
        axes.legend()

    alt = say(lang, "tune.history.alt", goal=goal, trials=counted(lang, "trial", len(found)))
    return picture("history", say(lang, "tune.history.title"), alt, paint, (6.4, 3.2))


def fields(
    found: Rows, best: Mapping[str, Any], goal: str, logs: Collection[str], lang: Lang = "en"
) -> Picture:
    """One panel a field: its values against the goal, the winner marked."""
    names = list(best["fields"])
    good = [row for row in found if row["best"] is not None]
    down = -(-len(names) // ACROSS)

    def paint(figure: Any, ink: Ink) -> None:
        panels = figure.subplots(down, min(ACROSS, len(names)), squeeze=False, sharey=True)
        for i, axes in enumerate(panels.flat):
            if i >= len(names):
                axes.axis("off")
                continue
            one_field(axes, ink, names[i], good, best)
            if names[i] in logs:
                log_scale(axes.xaxis)
            if i % ACROSS == 0:
                axes.set_ylabel(f"validation {goal}")

    alt = say(lang, "tune.fields.alt", names=", ".join(names), goal=goal)
    return picture("fields", say(lang, "tune.fields.title"), alt, paint, (7.6, 2.4 * down + 0.4))


def one_field(axes: Any, ink: Ink, name: str, good: Rows, best: Mapping[str, Any]) -> None:
    """Values of one field across, the goal up."""
    values = [row["fields"][name] for row in good]
    mark = best["fields"][name]
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        x, at = values, mark
    else:
        kinds = sorted({str(v) for v in values})
        x, at = [kinds.index(str(v)) for v in values], kinds.index(str(mark))
        axes.set_xticks(range(len(kinds)), kinds)
    axes.scatter(
        x, [row["best"] for row in good], s=12, color=ink.lines[0], alpha=0.7, linewidths=0
    )
    axes.scatter([at], [best["best"]], s=60, marker="*", color=ink.lines[1], zorder=3)
    axes.set_xlabel(name)
