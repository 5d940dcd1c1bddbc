"""A forecast, the observed values, and the naive forecast."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import wrapped
from etude.render.style import Ink, Style, legend, line
from etude.tasks.forecast import naive


def fits(subject: Subject) -> Sentence:
    """ "" for forecasts, with an available sample."""
    if subject.task.predicts != "forecast":
        return text("inspection.unfit.forecast")
    return subject.sample_problem


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the requested sample, or the last one of the test split."""
    card, sample = subject.card, subject.sample
    if subject.request is None:
        # Windows are in order of time, so the last one is the most recent.
        sample = subject.at(len(subject.test) - 1)
    with torch.no_grad():
        outputs = subject.task.outputs(subject.model, sample.batch)
    predicted = subject.task.in_units(outputs)[0]  # type: ignore[attr-defined]
    # Step 0 is the last observed step of the input, step 1 the first of the forecast.
    before, ahead = sample.raw[:, 0], np.arange(1, len(predicted) + 1)
    name = "baseline.seasonal" if card.season else "baseline.persistence"
    baseline = naive(sample.raw[None], len(predicted), card.season or 1)[0]

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        axes.plot(
            np.arange(1 - len(before), 1), before, color=ink.text, label=ink.say("axis.input")
        )
        if sample.true is not None:
            style: Style = {"color": ink.text, "marker": "o", "markersize": 3}
            axes.plot(ahead, sample.true, label=ink.say("forecast.observed"), **style)
        axes.plot(ahead, predicted, label=ink.say("forecast.network"), **line(ink, 0))
        axes.plot(ahead, baseline, label=ink.say(name), **line(ink, 1))
        axes.axvline(0.5, color=ink.faint, linewidth=1)
        axes.set(xlabel=ink.say("forecast.ahead"), ylabel=card.unit)
        legend(axes, 4, title=wrapped(sample.name, 6.3, 9), alignment="left")

    alt = subject.say("forecast.alt", name=sample.caption, what=subject.say(name))
    arrays = {"shown": before, "network": predicted, "naive": baseline}
    if sample.true is not None:
        arrays["came"] = sample.true
    note = _notice(subject, arrays, subject.say(name))
    return [view_picture(subject, "forecast", alt, paint, (7.2, 3.6), note, **arrays)]


def _notice(subject: Subject, arrays: dict[str, np.ndarray], what: str) -> Notice:
    """Mean absolute errors of both forecasts; without observed values, their last values."""
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
