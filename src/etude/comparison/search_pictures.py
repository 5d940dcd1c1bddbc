"""Report of a search: the best result over time, and the metric against each searched field."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.comparison.search import Trial
from etude.inspection import words
from etude.inspection.report import Section, write
from etude.locale.texts import Lang, counted, render, say
from etude.render.labels import wrapped
from etude.render.style import Ink, Picture, picture
from etude.render.ticks import log_scale
from etude.stats import metric_of

if TYPE_CHECKING:
    from etude.inference.run import Run

PANELS_PER_ROW = 3
Trials = Sequence[Trial]


def write_report(
    place: Path,
    trials: Trials,
    best: Trial,
    goal: str,
    log_fields: Collection[str],
    run: "Run",
    lang: Lang = "en",
) -> None:
    """Write pictures/ and report.html of a search.

    trials: all that have ended. log_fields: fields with a logarithmic axis. run: the run of
    the best recipe, evaluated on the test split.
    """
    pictures = [history(trials, goal, lang), fields(trials, best, goal, log_fields, lang)]
    lines = sentences(trials, best, goal, run, lang)
    sections = [
        Section("", lines),
        Section(say(lang, "pictures"), pictures=pictures),
        Section(say(lang, "runs"), table=table(trials, goal, lang)),
    ]
    write(place, say(lang, "tune", name=place.name), sections, pictures, lang)


def sentences(trials: Trials, best: Trial, goal: str, run: "Run", lang: Lang = "en") -> list[str]:
    """Sentences on the result of a search."""
    lost = sum(trial.best is None for trial in trials)
    values = {
        "trials": counted(lang, "trial", len(trials)),
        "lost": lost,
        "number": best.number,
        "goal": goal,
        "value": words.number(best.best or 0.0, goal),
        "fields": ", ".join(f"{path}={short_text(value)}" for path, value in best.fields.items()),
        "test": words.number(run.test[goal], goal),
        "path": run.path,
    }
    lines = [say(lang, "tune.said", **values), say(lang, "tune.tested", **values)]
    return lines + ([say(lang, "tune.lost", **values)] if lost else [])


def short_text(value: object) -> str:
    """The value of a field as short text."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def table(trials: Trials, goal: str, lang: Lang = "en") -> list[list[str]]:
    """Table of all trials, the best first; trials without a result are last."""
    sign = 1 if metric_of(goal).lower_is_better else -1
    order = sorted(
        trials, key=lambda trial: (trial.best is None, sign * (trial.best or 0.0), trial.number)
    )
    names = list(trials[0].fields) if trials else []
    head = [*say(lang, "tune.head").split("|"), *names]
    rows = [
        [
            str(trial.number),
            render(lang, trial.why)[:60] if trial.best is None else words.number(trial.best, goal),
            f"{trial.seconds:.1f}",
            *(short_text(trial.fields.get(name, "")) for name in names),
        ]
        for trial in order
    ]
    return [head, *rows]


def history(trials: Trials, goal: str, lang: Lang = "en") -> Picture:
    """The metric of each trial in order, and the best value so far."""
    good = [(trial.number, trial.best) for trial in trials if trial.best is not None]
    # reshape keeps two columns even without a single result, where the array would be [0].
    x, y = np.array(good, float).reshape(-1, 2).T
    so_far = (
        np.minimum.accumulate(y) if metric_of(goal).lower_is_better else np.maximum.accumulate(y)
    )

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        trial, so_far_name = ink.say("tune.trial"), ink.say("tune.best")
        axes.scatter(x, y, s=12, color=ink.lines[0], alpha=0.7, label=trial, linewidths=0)
        axes.step(x, so_far, where="post", color=ink.lines[1], label=so_far_name)
        axes.set(xlabel=trial, ylabel=ink.say("axis.validation", goal=goal))
        axes.legend()

    alt = say(lang, "tune.history.alt", goal=goal, trials=counted(lang, "trial", len(trials)))
    return picture("history", say(lang, "tune.history.title"), alt, paint, (6.4, 3.2), lang)


def fields(
    trials: Trials, best: Trial, goal: str, log_fields: Collection[str], lang: Lang = "en"
) -> Picture:
    """One panel per field: its values against the metric, with the best trial marked."""
    names = list(best.fields)
    good = [trial for trial in trials if trial.best is not None]
    # The double negation rounds the division up.
    down = -(-len(names) // PANELS_PER_ROW)

    def paint(figure: Figure, ink: Ink) -> None:
        panels = figure.subplots(down, min(PANELS_PER_ROW, len(names)), squeeze=False, sharey=True)
        for i, axes in enumerate(panels.flat):
            if i >= len(names):
                axes.axis("off")
                continue
            paint_field(axes, ink, names[i], good, best)
            if names[i] in log_fields:
                log_scale(axes.xaxis)
            if i % PANELS_PER_ROW == 0:
                axes.set_ylabel(wrapped(ink.say("axis.validation", goal=goal), 1.7, 9))

    alt = say(lang, "tune.fields.alt", names=", ".join(names), goal=goal)
    size = (7.6, 2.4 * down + 0.4)
    return picture("fields", say(lang, "tune.fields.title"), alt, paint, size, lang)


def paint_field(axes: Axes, ink: Ink, name: str, good: Trials, best: Trial) -> None:
    """Draw the values of one field on the x axis against the metric on the y axis."""
    values = [trial.fields[name] for trial in good]
    mark = best.fields[name]
    numbers = [v for v in (*values, mark) if isinstance(v, int | float) and not isinstance(v, bool)]
    x: list[float]
    at: float
    if len(numbers) == len(values) + 1:
        *x, at = numbers
    else:
        kinds = sorted({str(v) for v in values})
        x, at = [kinds.index(str(v)) for v in values], kinds.index(str(mark))
        axes.set_xticks(range(len(kinds)), kinds)
    axes.scatter(
        x, [_shown(trial) for trial in good], s=12, color=ink.lines[0], alpha=0.7, linewidths=0
    )
    axes.scatter([at], [_shown(best)], s=60, marker="*", color=ink.lines[1], zorder=3)
    axes.set_xlabel(name)


def _shown(trial: Trial) -> float:
    return np.nan if trial.best is None else trial.best
