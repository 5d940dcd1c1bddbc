"""Pictures of a comparison by rules: results by learning rate, results on fresh seeds, and time to
the target."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.comparison.standings import Findings, FreshResult, Standing, TimeToTarget
from etude.inspection.words import number
from etude.locale.texts import Lang, counted, say
from etude.render.style import Ink, Picture, Style, line, picture
from etude.render.ticks import integer_ticks, log_scale
from etude.stats import metric_of

MARKERS = "os^Dv*P"
LOG_SCALE_RATIO = 20.0
"""Ratio of highest to lowest value above which the axis of an error is logarithmic."""


def pictures(findings: Findings, lang: Lang = "en") -> list[Picture]:
    """All pictures for which the findings have data."""
    result = [every_rate(findings, lang)]
    if any(one.tuned and one.tuned.test for one in findings.contenders):
        result.append(fresh_seeds(findings, lang))
    if findings.target is not None and any(one.to_target for one in findings.contenders):
        result.append(time_to_target(findings, findings.target, lang))
    return result


def marker_style(ink: Ink, index: int) -> Style:
    """Colour, dashes and marker of a contender; no two contenders differ in colour alone."""
    return {**line(ink, index), "marker": MARKERS[index % len(MARKERS)], "markersize": 4.5}


# Every rate ---------------------------------------------------------------------------------------


def every_rate(findings: Findings, lang: Lang = "en") -> Picture:
    """Validation metric by learning rate, one panel per schedule: mean and range over seeds.

    Rings mark the chosen rates, crosses at the bottom rates at which a run diverged, dotted lines
    the learning rates of the presets.
    """
    contenders, goal = findings.contenders, findings.goal
    schedules = findings.rules.schedules

    def paint(figure: Figure, ink: Ink) -> None:
        panels = figure.subplots(1, len(schedules), sharey=True, squeeze=False)[0]
        for axes, schedule in zip(panels, schedules):
            for index, one in enumerate(contenders):
                _curve(axes, ink, index, one, schedule)
            for rate in sorted({one.default_rate for one in contenders}):
                axes.axvline(rate, color=ink.text, linewidth=0.8, linestyle=":", zorder=0)
            log_scale(axes.xaxis)
            axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
            axes.set(xlabel=ink.say("axis.rate"), title=schedule)
        # `if v` also drops zeros, which a logarithmic axis cannot show.
        values = [v for one in contenders for p in one.grid for v in p.values if v]
        if (
            metric_of(goal).lower_is_better
            and values
            and max(values) > LOG_SCALE_RATIO * min(values) > 0
        ):
            log_scale(panels[0].yaxis)
        panels[0].set(ylabel=ink.say("axis.validation", goal=goal))
        # Empty lines carry the legend: a contender whose runs all diverged has no curve to label.
        for index, one in enumerate(contenders):
            panels[-1].plot([], [], label=one.label, **marker_style(ink, index))
        ground = {"facecolor": ink.paper, "edgecolor": "none", "framealpha": 0.85}
        panels[-1].legend(frameon=True, **ground)
        figure.supxlabel(ink.say("rates.marks"), fontsize=8)

    chosen = (f"{c.label} {c.chosen.rate:g}" for c in contenders if c.chosen)
    bad = (f"{c.label} {p.rate:g}" for c in contenders for p in c.grid if p.diverged)
    alt = say(
        lang, "rates.alt", goal=goal, names=", ".join(c.label for c in contenders),
        seeds=counted(lang, "seed", len(findings.rules.seeds)),
        chosen=", ".join(chosen) or "-", diverged=", ".join(bad) or "-",
    )  # fmt: skip
    size = (6.4 if len(schedules) == 1 else 8.4, 3.9)
    return picture("rates", say(lang, "rates.title"), alt, paint, size, lang)


def _curve(axes: Axes, ink: Ink, index: int, one: Standing, schedule: str) -> None:
    """Draw the curve of one contender under one schedule."""
    points = [point for point in one.grid if point.schedule == schedule]
    rates = np.array([point.rate for point in points])
    # NaN breaks the line where a run diverged, instead of joining the rates on both sides.
    means = np.array([np.nan if p.score is None else p.score for p in points])
    style = marker_style(ink, index)
    axes.plot(rates, means, **style)
    ends = [[v for v in p.values if v is not None] if p.score is not None else []
            for p in points]  # fmt: skip
    if any(len(values) > 1 for values in ends):
        low = [min(values, default=np.nan) for values in ends]
        high = [max(values, default=np.nan) for values in ends]
        axes.fill_between(rates, low, high, color=style["color"], alpha=0.2, linewidth=0)
    best = one.chosen
    if best and best.schedule == schedule:
        ring: Style = {"markerfacecolor": "none", "markeredgewidth": 1.4, "linestyle": "none"}
        score = np.nan if best.score is None else best.score
        axes.plot(
            [best.rate], [score], marker="o", markersize=12,
            color=style["color"], **ring,
        )  # fmt: skip
    bad = [point.rate for point in points if point.diverged]
    if bad:
        cross: Style = {"marker": "x", "markersize": 6, "markeredgewidth": 1.6, "linestyle": "none"}
        # Heights are fractions of the panel, one per contender so that crosses do not overlap.
        heights = [0.02 + 0.05 * index] * len(bad)
        foot = axes.get_xaxis_transform()
        axes.plot(bad, heights, transform=foot, color=style["color"], clip_on=False, **cross)


# Fresh seeds --------------------------------------------------------------------------------------


def fresh_seeds(findings: Findings, lang: Lang = "en") -> Picture:
    """Test metric on fresh seeds: left at the best rate of each contender, right also at the rate
    of its preset."""
    contenders, goal = findings.contenders, findings.goal

    def paint(figure: Figure, ink: Ink) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for index, one in enumerate(contenders):
            for axes, offset in ((left, 0.0), (right, -0.17)):
                _group(axes, ink, index, offset, one.tuned, filled=True)
            _group(right, ink, index, 0.17, one.default, filled=False)
            if one.tuned and one.tuned.mean is not None:
                words = number(one.tuned.mean, goal)
                place = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center"}
                left.annotate(words, (one.tuned.mean, index), fontsize=8, **place)
        left.set(xlabel=ink.say("axis.test", goal=goal), title=ink.say("tuned.own"))
        right.set(xlabel=ink.say("axis.test", goal=goal), title=ink.say("tuned.both"))
        _rows(left, [one.label for one in contenders])

    each = []
    for one in contenders:
        means = one.tuned.mean if one.tuned else None, one.default.mean
        words = ["-" if mean is None else number(mean, goal) for mean in means]
        each.append(f"{one.label} {words[0]} ({one.default_rate:g}: {words[1]})")
    alt = say(lang, "tuned.alt", goal=goal, each=", ".join(each))
    size = (7.6, _height(contenders))
    return picture("tuned", say(lang, "tuned.title"), alt, paint, size, lang)


def _group(
    axes: Axes, ink: Ink, index: int, offset: float, group: FreshResult | None, filled: bool
) -> None:
    """Draw one row: each run as a faint dot, and the mean with its interval."""
    if not group or not group.test:
        return
    style = marker_style(ink, index)
    height = index + offset
    # Hollow at the preset's rate: the two groups of a contender share its colour.
    face = style["color"] if filled else ink.paper
    dots = {"s": 16, "linewidths": 0.8, "alpha": 0.45, "edgecolors": style["color"]}
    axes.scatter(group.test, [height] * len(group.test), facecolors=face, **dots)
    if group.interval:
        axes.plot(group.interval, [height] * 2, color=style["color"], linewidth=2)
    bold = {"marker": style["marker"], "markersize": 7, "markeredgewidth": 1.4}
    mean = np.nan if group.mean is None else group.mean
    axes.plot([mean], [height], color=style["color"], markerfacecolor=face, **bold)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Label one row per contender, the first at the top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _height(contenders: Sequence[Standing]) -> float:
    return 1.3 + 0.45 * max(2, len(contenders))


# Time to the target -------------------------------------------------------------------------------


def time_to_target(findings: Findings, target: float, lang: Lang = "en") -> Picture:
    """Epochs and seconds of training until the target: one dot per run, a line at the median."""
    contenders, goal = findings.contenders, findings.goal
    value = number(target, goal)

    def paint(figure: Figure, ink: Ink) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for index, one in enumerate(contenders):
            if time := one.to_target:
                _times(panels[0], ink, index, time.epochs, time.median_epochs)
                _times(panels[1], ink, index, time.seconds, time.median_seconds)
        for axes, what in zip(panels, ("epochs", "seconds")):
            axes.set(xlabel=ink.say(f"target.{what}"))
            axes.set_xlim(left=0)
        integer_ticks(panels[0])
        panels[0].set(title=ink.say("target.until", goal=goal, target=value))
        _rows(panels[0], [one.label for one in contenders])

    each = ", ".join(time_sentence(one, one.to_target, lang) for one in contenders if one.to_target)
    alt = say(lang, "target.alt", goal=goal, target=value, each=each)
    size = (7.6, _height(contenders))
    return picture("target", say(lang, "target.title"), alt, paint, size, lang)


def _times(
    axes: Axes, ink: Ink, index: int, times: Sequence[float | None], median: float | None
) -> None:
    """Draw one row of times; the number of runs that never reach the target stands at the right."""
    style = marker_style(ink, index)
    values = [value for value in times if value is not None]
    dots = {"s": 18, "alpha": 0.5, "linewidths": 0, "color": style["color"]}
    axes.scatter(values, [index] * len(values), **dots)
    if median is not None:
        axes.plot([median] * 2, [index - 0.28, index + 0.28], color=style["color"], linewidth=2.4)
    if missing := len(times) - len(values):
        words = ink.say("target.never", missing=missing, all=len(times))
        place = axes.get_yaxis_transform()
        axes.text(1.0, index - 0.34, words, transform=place, ha="right", fontsize=8)


def time_sentence(one: Standing, time: TimeToTarget, lang: Lang = "en") -> str:
    """The time that one contender needs to reach the target, as text."""
    if time.median_epochs is None:
        every = counted(lang, "run", len(time.epochs))
        epochs = counted(lang, "epoch", one.epochs)
        values = {"reached": time.reached, "all": every, "epochs": epochs}
        return say(lang, "duel.never", name=one.label, **values)
    epochs = epochs_text(time.median_epochs, lang)
    values = {"epochs": epochs, "seconds": time.median_seconds}
    return say(lang, "duel.time", name=one.label, **values)


def epochs_text(median: float, lang: Lang) -> str:
    """A median of epochs as text; of an even number of runs it may lie between two epochs."""
    return say(lang, "count.epoch", count=int(median) if median.is_integer() else median)
