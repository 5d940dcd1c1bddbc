"""A forecast beside what came, and beside the naive one."""

from typing import Any

import numpy as np
import torch

from etude.inspection.subject import Subject
from etude.inspection.view import Notice, Shown, View, notice, shown
from etude.render.labels import wrapped
from etude.render.style import Ink, legend, line
from etude.tasks.forecast import naive


def fits(subject: Subject) -> str:
    """Forecasts."""
    return subject.no_sample if subject.task.name == "forecast" else "the run forecasts nothing"


def draw(subject: Subject) -> list[Shown]:
    """The sample asked for, else the last of the test split."""
    card, sample = subject.card, subject.sample
    if subject.asked is None:
        sample = subject.at(len(subject.test) - 1)
    with torch.no_grad():
        outputs = subject.task.outputs(subject.model, sample.batch)
    said = subject.task.in_units(outputs)[0]  # type: ignore[attr-defined]
    before, ahead = sample.raw[:, 0], np.arange(1, len(said) + 1)
    what = "seasonal naive" if card.season else "persistence"
    found = {"the network": said, what: naive(sample.raw[None], len(said), card.season or 1)[0]}

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        axes.plot(np.arange(1 - len(before), 1), before, color=ink.text, label="input")
        if sample.true is not None:
            came = {"color": ink.text, "marker": "o", "markersize": 3, "label": "observed"}
            axes.plot(ahead, sample.true, **came)
        for i, (name, values) in enumerate(found.items()):
            axes.plot(ahead, values, label=name, **line(ink, i))
        axes.axvline(0.5, color=ink.faint, linewidth=1)
        axes.set(xlabel="steps from now", ylabel=card.unit)
        legend(axes, 4, title=wrapped(sample.name, 6.3, 9), alignment="left")

    alt = subject.say("forecast.alt", name=sample.called, what=what)
    arrays = {"shown": before, "network": said, "naive": found[what]}
    if sample.true is not None:
        arrays["came"] = sample.true
    title, told = subject.say("forecast.title"), _notice(subject, arrays, what)
    return [shown("forecast", title, alt, paint, (7.2, 3.6), told, **arrays)]


def _notice(subject: Subject, arrays: dict[str, Any], what: str) -> Notice:
    """Mean absolute errors of both; where nothing is known of what came, where they end."""
    network, naive_ = (np.asarray(arrays[key]).ravel() for key in ("network", "naive"))
    values: dict[str, Any] = {"what": what, "unit": subject.card.unit, "steps": len(network)}
    if "came" not in arrays:
        ends = {"network": float(network[-1]), "naive": float(naive_[-1])}
        return notice(subject, "forecast.notice.ahead", **values, **ends)
    came = np.asarray(arrays["came"]).ravel()
    missed = (float(np.abs(x - came).mean()) for x in (network, naive_))
    return notice(subject, "forecast.notice", **values, **dict(zip(("network", "naive"), missed)))


VIEW = View("a forecast beside what came and the naive one", fits, draw, 15)
