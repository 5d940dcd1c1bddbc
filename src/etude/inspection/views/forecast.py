"""A forecast, the observed values, and the naive forecast; of several series one panel for each."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.data.panel.card import Panel
from etude.data.panel.windows import unscaled
from etude.inspection.subject import Sample, Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import short, wrapped
from etude.render.style import Ink, Style, legend, line
from etude.tasks.ahead import naive

MOST = 6
"""Series that are shown."""
SHOWN = 4
"""Steps of input that are shown, in horizons, where there are more."""
TICKS = 5


@dataclass(frozen=True)
class Shown:
    """One forecast in its own units: before [L], came [D], network and guess [D], low and high [D]
    of its interval. step: the number of the first step that is forecast; None if unknown."""

    name: str
    before: np.ndarray
    came: np.ndarray | None
    network: np.ndarray
    guess: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    step: int | None = None


def fits(subject: Subject) -> Sentence:
    """ "" for forecasts, with an available sample."""
    if subject.task.predicts != "forecast":
        return text("inspection.unfit.forecast")
    return subject.sample_problem


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the requested sample, or the last one of the test split; of several series the
    last one of each."""
    panel = subject.card.panel
    if panel is None or subject.request is not None or len(panel.series) == 1:
        sample = subject.sample
        if subject.request is None:
            # Windows are in order of time, so the last one is the most recent.
            sample = subject.at(len(subject.test) - 1)
        place = _place(subject, panel) if panel else 0
        return [
            _picture(subject, [_shown(subject, sample, place, "")], sample.name, sample.caption)
        ]
    ends = np.cumsum(panel.windows["test"])
    places = [i for i, count in enumerate(panel.windows["test"]) if count][:MOST]
    every = [_shown(subject, subject.at(int(ends[i]) - 1), i, panel.series[i].name) for i in places]
    names = ", ".join(one.name for one in every)
    return [_picture(subject, every, "", names)]


def _place(subject: Subject, panel: Panel) -> int:
    """The series of the requested sample: by its index, or the first of a file."""
    word = str(subject.request)
    if word.isdecimal():
        return int(np.searchsorted(np.cumsum(panel.windows["test"]), int(word), side="right"))
    return panel.names().get(subject.sample.name, 0)


def _shown(subject: Subject, sample: Sample, place: int, name: str) -> Shown:
    """A sample with its forecasts, in the units of its series."""
    card, task, panel = subject.card, subject.task, subject.card.panel
    with torch.no_grad():
        outputs = task.outputs(subject.model, sample.batch)
    every = task.in_units(outputs)[0].reshape(card.outputs, -1)  # type: ignore[attr-defined]
    network, low, high = every[:, every.shape[1] // 2], None, None
    if every.shape[1] > 1:
        low, high = every[:, 0], every[:, -1]
    if panel is None:
        guess = naive(sample.raw[None], len(network), card.season or 1)[0]
        return Shown(name, sample.raw[:, 0], sample.true, network, guess, low, high)
    value = sample.raw[: panel.length, 0].astype(np.float64)
    before = unscaled(value, panel, place)
    guess = naive(before[None], len(network), card.season or 1)[0]

    def own(values: np.ndarray | None) -> np.ndarray | None:
        several = values is not None and len(panel.series) > 1
        return unscaled(np.asarray(values), panel, place) if several else values

    ours, step = own(network), _number(panel, sample.name)
    assert ours is not None
    return Shown(name, before, own(sample.true), ours, guess, own(low), own(high), step)


def _number(panel: Panel, name: str) -> int | None:
    """The step at which the forecast of a test sample begins, from its name: "12 (FIRST to LAST)";
    None for other samples."""
    first = name.partition("(")[2].partition(" to ")[0]
    try:
        return panel.clock.number(first)
    except ValueError:
        return None


def _picture(subject: Subject, every: list[Shown], title: str, caption: str) -> ViewPicture:
    card = subject.card
    kind = "baseline.seasonal" if card.season else "baseline.persistence"
    rows = len(every)

    def paint(figure: Figure, ink: Ink) -> None:
        panels = figure.subplots(rows, 1, squeeze=False)[:, 0]
        for place, (axes, one) in enumerate(zip(panels, every, strict=True)):
            _paint(axes, ink, one, subject, kind)
            if place == 0:
                heading = wrapped(title, 6.3, 9) if title else None
                legend(axes, 5, title=heading, alignment="left")
            if one.name:
                axes.set_ylabel(short(one.name, 1.2))
            else:
                axes.set_ylabel(card.unit)
        panels[-1].set_xlabel(
            ink.say("axis.time" if every[-1].step is not None else "forecast.ahead")
        )

    alt = subject.say("forecast.alt", name=caption, what=subject.say(kind))
    arrays = _arrays(every)
    note = _notice(subject, every, arrays, subject.say(kind))
    size = (7.2, 3.6 if rows == 1 else 0.8 + 1.5 * rows)
    return view_picture(subject, "forecast", alt, paint, size, note, **arrays)


def _paint(axes: Axes, ink: Ink, one: Shown, subject: Subject, kind: str) -> None:
    # Step 0 is the last observed step of the input, step 1 the first of the forecast.
    ahead = np.arange(1, len(one.network) + 1)
    panel = subject.card.panel
    kept = one.before[-max(SHOWN * len(ahead), 48) :] if panel else one.before
    axes.plot(np.arange(1 - len(kept), 1), kept, color=ink.text, label=ink.say("axis.input"))
    if one.came is not None:
        style: Style = {"color": ink.text, "marker": "o", "markersize": 3}
        axes.plot(ahead, one.came, label=ink.say("forecast.observed"), **style)
    if one.low is not None and one.high is not None:
        label = ink.say("forecast.interval")
        axes.fill_between(
            ahead, one.low, one.high, color=ink.lines[0], alpha=0.25, linewidth=0, label=label
        )
    axes.plot(ahead, one.network, label=ink.say("forecast.network"), **line(ink, 0))
    axes.plot(ahead, one.guess, label=ink.say(kind), **line(ink, 1))
    axes.axvline(0.5, color=ink.faint, linewidth=1)
    if panel and one.step is not None:
        ticks = np.unique(np.linspace(1 - len(kept), len(ahead), TICKS).round().astype(int))
        labels = [panel.clock.at(one.step + int(tick) - 1).replace(" ", "\n") for tick in ticks]
        axes.set_xticks(ticks, labels)


def _arrays(every: list[Shown]) -> dict[str, np.ndarray]:
    """The arrays of the picture: of one series as they are, of several with an axis for series."""
    names = {"shown": "before", "network": "network", "naive": "guess", "came": "came"}
    names |= {"low": "low", "high": "high"}
    found = {}
    for name, field in names.items():
        values = [getattr(one, field) for one in every]
        if all(value is not None for value in values):
            found[name] = values[0] if len(values) == 1 else np.stack(values)
    return found


def _notice(
    subject: Subject, every: list[Shown], arrays: dict[str, np.ndarray], what: str
) -> Notice:
    """Mean absolute errors of both forecasts; without observed values, their last values; of
    several series, in how many the network is closer."""
    if len(every) > 1:
        came = arrays["came"]
        closer = [np.abs(arrays[key] - came).mean(1) for key in ("network", "naive")]
        counts = {"closer": int((closer[0] < closer[1]).sum()), "series": len(every)}
        return notice(subject, "forecast.notice.series", what=what, **counts)
    network, naive_ = (np.asarray(arrays[key]).ravel() for key in ("network", "naive"))
    values: dict[str, str | int] = {
        "what": what, "unit": subject.card.unit, "steps": len(network),
    }  # fmt: skip
    if "came" not in arrays:
        ends = {"network": float(network[-1]), "naive": float(naive_[-1])}
        return notice(subject, "forecast.notice.ahead", **values, **ends)
    observed = np.asarray(arrays["came"]).ravel()
    errors = (float(np.abs(x - observed).mean()) for x in (network, naive_))
    return notice(subject, "forecast.notice", **values, **dict(zip(("network", "naive"), errors)))


VIEW = View(text("forecast.summary"), fits, draw, 15)
