"""Many runs side by side: curves with their spread, functions on the same data, and what can be
said of the differences."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from etude.comparison.differences import judged, samples_of, table_of, values_of, verdicts
from etude.inspection import words
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say
from etude.render.style import Ink, Picture, line, log_scale, picture
from etude.stats import mean_interval

Rows = Sequence[Mapping[str, Any]]
SEED = re.compile(r"-?seed\d+")


def grouped(labels: Sequence[str]) -> dict[str, list[str]]:
    """Labels of members that differ in their seed alone, by what they have in common."""
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(SEED.sub("", label) or "all", []).append(label)
    return found


def draw(
    place: Path,
    runs: Mapping[str, Any],
    unfair: str,
    lang: Lang = "en",
    diverged: Mapping[str, str] | None = None,
) -> None:
    """pictures/ and report.html of finished runs (ship.Run) by label. unfair: a warning that
    stands on pictures and above the table. diverged: label -> words, of runs that did not finish.
    """
    groups, goals = groups_of(runs), {run.result["goal"] for run in runs.values()}
    pictures, said = [], sentences(runs, unfair, lang, diverged)
    summary: list[list[str]] = []
    if len(goals) == 1:
        histories = {name: [run.history for run in found] for name, found in groups.items()}
        pictures.append(overlaid(histories, goals.pop(), unfair, lang))
        summary = table_of(groups, lang)
    pictures += fitted(runs, unfair, lang)
    sections = [Section(say(lang, "results"), said, summary)] if summary else []
    every = words.rows(list(runs.values()), list(runs), lang)
    sections += [
        Section(say(lang, "runs"), said if not summary else [], every),
        Section(say(lang, "pictures"), pictures=pictures),
    ]
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)


def groups_of(runs: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Runs by label as groups that differ in their seed alone."""
    return {name: [runs[m] for m in members] for name, members in grouped(list(runs)).items()}


def sentences(
    runs: Mapping[str, Any],
    unfair: str = "",
    lang: Lang = "en",
    diverged: Mapping[str, str] | None = None,
) -> list[str]:
    """What can be said of finished runs by label: the warning first, which holds for all that
    follows; what diverged; and the best group against each other one."""
    said = [unfair] if unfair else []
    said += [say(lang, "duel.diverged", name=k, why=why) for k, why in (diverged or {}).items()]
    goals = sorted({run.result["goal"] for run in runs.values()})
    if len(goals) > 1:
        return [*said, say(lang, "duel.apart", goals=", ".join(goals))]
    if len({run.result["data"] for run in runs.values()}) > 1:
        return [*said, say(lang, "board.data")]
    groups = groups_of(runs)
    return said + (verdicts(groups, lang) if len(groups) > 1 else only(groups, lang))


def findings(runs: Mapping[str, Any], unfair: str) -> dict[str, Any]:
    """What `sentences` says, as plain JSON values."""
    goals = {run.result["goal"] for run in runs.values()}
    alike = len(goals) == len({run.result["data"] for run in runs.values()}) == 1
    verdicts = {"runs": judged(groups_of(runs))} if alike else {}
    return {"goal": goals.pop() if alike else "", "warning": unfair, "verdicts": verdicts}


def only(groups: Mapping[str, Sequence[Any]], lang: Lang = "en") -> list[str]:
    """The result of the one group there is."""
    [(name, runs)] = groups.items()
    goal, values = runs[0].result["goal"], values_of(runs)
    mean = number(float(values.mean()), goal, runs[0].test.get("unit", ""))
    ends = mean_interval(values, goal, samples_of(runs))
    count = counted(lang, "run", len(runs))
    found = {"name": name, "goal": goal, "value": mean, "runs": count}
    if ends is None:
        return [say(lang, "difference.only", **found)]
    low, high = (number(end, goal) for end in ends)
    return [say(lang, "difference.only.interval", low=low, high=high, **found)]


def whole_epochs(*panels: Any) -> None:
    """Ticks at whole numbers only, across."""
    from matplotlib.ticker import MaxNLocator

    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def overlaid(
    groups: Mapping[str, Sequence[Rows]],
    goal: str,
    warning: str,
    lang: Lang = "en",
    called: str = "curves",
) -> Picture:
    """Validation goal and training loss by epoch: of each group the mean, and the span of its
    members; `warning` stands on it."""

    def curves(members: Sequence[Rows], of: Any) -> tuple[range, np.ndarray]:
        epochs = min(len(rows) for rows in members)
        return range(1, epochs + 1), np.array([[of(r) for r in rows[:epochs]] for rows in members])

    def paint(figure: Any, ink: Ink) -> None:
        left, right = figure.subplots(1, 2)
        for i, (name, members) in enumerate(groups.items()):
            phase = next(iter(members[0][0]["train"]))
            for axes, of in (
                (left, lambda row, phase=phase: row["train"][phase]["loss"]),
                (right, lambda row: row["val"][goal]),
            ):
                epochs, values = curves(members, of)
                label = f"{name} (n = {len(members)})" if len(members) > 1 else name
                axes.plot(epochs, values.mean(0), label=label, **line(ink, i))
                if len(members) > 1:
                    span = {"color": line(ink, i)["color"], "alpha": 0.25, "linewidth": 0}
                    axes.fill_between(epochs, values.min(0), values.max(0), **span)
        left.set(xlabel="epoch", ylabel="training loss", title="training loss")
        log_scale(left.yaxis)
        right.set(xlabel="epoch", ylabel=goal, title=f"validation {goal}")
        right.legend()
        whole_epochs(left, right)
        if warning:
            figure.supxlabel(warning, fontsize=8)

    alt = say(lang, "overlaid.alt", goal=goal, names=", ".join(groups))
    return picture(called, say(lang, "overlaid.title"), alt, paint, (7.6, 3.2))


def fitted(runs: Mapping[str, Any], unfair: str, lang: Lang) -> list[Picture]:
    """The functions that runs fitted to the same data, where it is of one variable."""
    first = next(iter(runs.values()))
    if first.card.target != "value" or {run.card.spec.size for run in runs.values()} != {1}:
        return []
    from etude.inspection.views.fitted import grid

    test = first.subject().data.test
    x = grid(np.asarray(test.x))
    lines = {
        label: (x[:, 0], np.array([answer["value"] for answer in run.predict(x)]))
        for label, run in runs.items()
    }
    data = (np.asarray(test.x)[:, 0], test.y[:, 0])
    return [functions(*data, lines, first.card.unit, unfair, lang)]


def functions(
    x: np.ndarray,
    y: np.ndarray,
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    unit: str,
    warning: str = "",
    lang: Lang = "en",
) -> Picture:
    """Test data x, y [n] of one variable, and each run's function as (x, y) over a grid; `warning`
    stands on it."""

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.scatter(x, y, s=6, color=ink.lines[-1], alpha=0.5, label="test data", linewidths=0)
        for i, (name, (grid, values)) in enumerate(lines.items()):
            axes.plot(grid, values, label=name, **line(ink, i))
        axes.set(xlabel="x", ylabel=unit, title="fitted function")
        axes.legend(ncols=2)
        if warning:
            figure.supxlabel(warning, fontsize=8)

    alt = say(lang, "functions.alt", names=", ".join(lines), points=len(x))
    return picture("fitted", say(lang, "fitted.title"), alt, paint, (6.4, 3.6))
