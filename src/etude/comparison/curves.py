"""Report of many runs: learning curves with their spread over seeds, fitted functions, and the
differences between groups of runs."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from etude.comparison.differences import (
    Groups,
    finding_sentences,
    goal_values,
    group_differences,
    results_table,
    sample_count,
)
from etude.inspection import words
from etude.inspection.learning import Rows
from etude.inspection.report import Section, write
from etude.inspection.words import number
from etude.locale.texts import Lang, Sentence, counted, render, say, text
from etude.render.style import Ink, Picture, Style, line, picture
from etude.results import EpochRow
from etude.stats import mean_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from etude.inference.run import Run

Runs = Mapping[str, "Run"]
"""Finished runs by their labels."""
SEED = re.compile(r"-?seed\d+")


def group_by_seed(labels: Sequence[str]) -> dict[str, list[str]]:
    """Group labels that differ only in the seed, by the part that they share."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        # Labels such as "seed0" have nothing left without the seed: one group named "all".
        groups.setdefault(SEED.sub("", label) or "all", []).append(label)
    return groups


def write_report(
    place: Path,
    runs: Runs,
    warning: Sentence,
    lang: Lang = "en",
    diverged: Mapping[str, Sentence] | None = None,
) -> None:
    """Write pictures/ and report.html of finished runs.

    warning: printed on the pictures and above the table. diverged: label -> reason, for runs that
    diverged.
    """
    groups, goals = group_runs(runs), {run.result.goal for run in runs.values()}
    pictures, lines = [], sentences(runs, warning, lang, diverged)
    summary: list[list[str]] = []
    if len(goals) == 1:  # curves of different metrics do not belong on one axis
        histories = {name: [run.epochs for run in members] for name, members in groups.items()}
        pictures.append(overlay(histories, goals.pop(), warning, lang))
        summary = results_table(groups, lang)
    pictures += fitted_functions(runs, warning, lang)
    sections = [Section(say(lang, "results"), lines, summary)] if summary else []
    every = words.rows(list(runs.values()), list(runs), lang)
    sections += [
        Section(say(lang, "runs"), lines if not summary else [], every),
        Section(say(lang, "pictures"), pictures=pictures),
    ]
    write(place, say(lang, "comparison", name=place.name), sections, pictures, lang)


def group_runs(runs: Runs) -> dict[str, list["Run"]]:
    """Group runs whose labels differ only in the seed."""
    return {name: [runs[m] for m in members] for name, members in group_by_seed(list(runs)).items()}


def sentences(
    runs: Runs,
    warning: Sentence = "",
    lang: Lang = "en",
    diverged: Mapping[str, Sentence] | None = None,
) -> list[str]:
    """Sentences on finished runs: the warning first, because it applies to all that follows, then
    the runs that diverged, then the best group against every other group."""
    lines = [render(lang, warning)] if warning else []
    for label, why in (diverged or {}).items():
        lines.append(render(lang, text("duel.diverged", name=label, why=why)))
    goals = sorted({run.result.goal for run in runs.values()})
    if len(goals) > 1:
        return [*lines, say(lang, "duel.apart", goals=", ".join(goals))]
    if len({run.result.data for run in runs.values()}) > 1:
        return [*lines, say(lang, "board.data")]
    groups = group_runs(runs)
    if len(groups) == 1:
        return lines + single_group(groups, lang)
    return lines + finding_sentences(group_differences(groups), lang)


def findings(runs: Runs, warning: Sentence) -> dict[str, object]:
    """The content of `sentences` as plain JSON values, the warning in English."""
    goals = {run.result.goal for run in runs.values()}
    # Results of different metrics or data have no verdict, so the mapping has none either.
    alike = len(goals) == len({run.result.data for run in runs.values()}) == 1
    verdicts = {}
    if alike:
        verdicts["runs"] = [each.plain() for each in group_differences(group_runs(runs))]
    goal = goals.pop() if alike else ""
    return {"goal": goal, "warning": render("en", warning), "verdicts": verdicts}


def single_group(groups: Groups, lang: Lang = "en") -> list[str]:
    """The test result of a comparison that has only one group."""
    [(name, runs)] = groups.items()
    goal, results = runs[0].result.goal, goal_values(runs)
    mean = number(float(results.mean()), goal, runs[0].result.test.unit)
    ends = mean_interval(results, goal, sample_count(runs))
    count = counted(lang, "run", len(runs))
    values = {"name": name, "goal": goal, "value": mean, "runs": count}
    if ends is None:
        return [say(lang, "difference.only", **values)]
    low, high = (number(end, goal) for end in ends)
    return [say(lang, "difference.only.interval", low=low, high=high, **values)]


def overlay(
    groups: Mapping[str, Sequence[Rows]],
    goal: str,
    warning: Sentence,
    lang: Lang = "en",
    called: str = "curves",
) -> Picture:
    """Training loss and validation metric by epoch: the mean of each group with the range of its
    runs as a band. groups: per run the rows of its history. warning: printed below the panels."""

    def curves(
        members: Sequence[Rows], of: Callable[[EpochRow], float]
    ) -> tuple[range, np.ndarray]:
        # Beyond the shortest run the mean would cover fewer runs, and jump where one drops out.
        epochs = min(len(rows) for rows in members)
        return range(1, epochs + 1), np.array([[of(r) for r in rows[:epochs]] for rows in members])

    def paint(figure: "Figure", ink: Ink) -> None:
        # Here, because verbs that draw nothing load this module and should not wait for matplotlib.
        from etude.render.ticks import integer_ticks, log_scale

        left, right = figure.subplots(1, 2)
        for i, (name, members) in enumerate(groups.items()):
            phase = next(iter(members[0][0].train))
            for axes, of in (
                (left, lambda row, phase=phase: row.train[phase].loss),
                (right, lambda row: row.val[goal]),
            ):
                epochs, values = curves(members, of)
                label = f"{name} (n = {len(members)})" if len(members) > 1 else name
                axes.plot(epochs, values.mean(0), label=label, **line(ink, i))
                if len(members) > 1:
                    span = {"color": line(ink, i)["color"], "alpha": 0.25, "linewidth": 0}
                    axes.fill_between(epochs, values.min(0), values.max(0), **span)
        loss = ink.say("axis.training_loss")
        left.set(xlabel=ink.say("axis.epoch"), ylabel=loss, title=loss)
        log_scale(left.yaxis)
        right.set(xlabel=ink.say("axis.epoch"), ylabel=ink.metric(goal))
        right.set_title(ink.say("axis.validation", goal=goal))
        right.legend()
        integer_ticks(left, right)
        _warn(figure, ink, warning)

    alt = say(lang, "overlaid.alt", goal=goal, names=", ".join(groups))
    return picture(called, say(lang, "overlaid.title"), alt, paint, (7.6, 3.2), lang)


def _warn(figure: "Figure", ink: Ink, warning: Sentence) -> None:
    """Print a warning below the panels."""
    if warning:
        figure.supxlabel(render(ink.lang, warning), fontsize=8)


def fitted_functions(runs: Runs, warning: Sentence, lang: Lang) -> list[Picture]:
    """The functions that runs fitted to the same data; empty unless the input is one variable."""
    first = next(iter(runs.values()))
    if first.card.target != "value" or {run.card.spec.size for run in runs.values()} != {1}:
        return []
    # Here, because the view imports torch and matplotlib, which a verb without pictures needs not.
    from etude.inspection.views.fitted import grid

    test = first.subject().data.test
    x = grid(np.asarray(test.x))
    lines = {
        label: (x[:, 0], np.array([answer["value"] for answer in run.predict(x)]))
        for label, run in runs.items()
    }
    data = (np.asarray(test.x)[:, 0], test.y[:, 0])
    return [function_picture(*data, lines, first.card.unit, warning, lang)]


def function_picture(
    x: np.ndarray,
    y: np.ndarray,
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    unit: str,
    warning: Sentence = "",
    lang: Lang = "en",
) -> Picture:
    """Picture of test data x, y [n] of one variable and the function of each run.

    lines: label -> (x, y) over a grid. unit: label of the y axis. warning: printed below.
    """

    def paint(figure: "Figure", ink: Ink) -> None:
        axes = figure.subplots()
        dots: Style = {"s": 6, "color": ink.lines[-1], "alpha": 0.5, "linewidths": 0}
        axes.scatter(x, y, label=ink.say("axis.test_data"), **dots)
        for i, (name, (grid, values)) in enumerate(lines.items()):
            axes.plot(grid, values, label=name, **line(ink, i))
        axes.set(xlabel="x", ylabel=unit, title=ink.say("fitted.title"))
        axes.legend(ncols=2)
        _warn(figure, ink, warning)

    alt = say(lang, "functions.alt", names=", ".join(lines), points=len(x))
    return picture("fitted", say(lang, "fitted.title"), alt, paint, (6.4, 3.6), lang)
