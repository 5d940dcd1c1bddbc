"""The function of one variable that the network fits, against the test data."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.resident import Resident
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.inspection.words import title
from etude.locale.texts import Sentence, text
from etude.render.style import Ink, Style, legend, line

POINTS = 400


def fits(subject: Subject) -> Sentence:
    """ "" for regression on one input, with available data."""
    if subject.task.predicts != "values" or subject.card.spec.size != 1:
        return text("inspection.unfit.fitted")
    return subject.data_problem


def grid(x: np.ndarray) -> np.ndarray:
    """Evenly spaced inputs [POINTS 1] over the range of x [n 1]."""
    return np.linspace(x.min(), x.max(), POINTS, dtype=np.float32)[:, None]


def resident(x: np.ndarray, card: Card) -> Resident:
    """Inputs without targets, prepared as in training."""
    # Zeros as targets: a Split needs some, and no output depends on them.
    return Resident(
        Split(x, np.zeros((len(x), card.outputs), np.float32)), card, torch.device("cpu")
    )


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture, of the first predicted value."""
    test, task = subject.data.test, subject.task
    x = grid(np.asarray(test.x))
    outputs = torch.from_numpy(subject.outputs_of(resident(x, subject.card)))
    values = task.in_units(outputs)  # type: ignore[attr-defined]

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        dots: Style = {"s": 6, "color": ink.lines[-1], "alpha": 0.5, "linewidths": 0}
        axes.scatter(test.x[:, 0], test.y[:, 0], label=ink.say("axis.test_data"), **dots)
        label = title(subject.result)
        axes.plot(x[:, 0], values[:, 0], label=label, **line(ink, 0))
        axes.set(xlabel=ink.say("fitted.x"), ylabel=subject.card.unit)
        legend(axes, markerscale=2.5)

    alt = subject.say("fitted.alt", points=len(test))
    arrays = {"x": x[:, 0], "fitted": values, "test_x": test.x, "test_y": test.y}
    at_test = torch.from_numpy(subject.outputs)
    miss = np.abs(task.in_units(at_test)[:, 0] - test.y[:, 0])  # type: ignore[attr-defined]
    worst = int(miss.argmax())
    note = notice(
        subject, "fitted.notice", median=float(np.median(miss)), most=float(miss[worst]),
        x=float(test.x[worst, 0]), unit=subject.card.unit,
    )  # fmt: skip
    return [view_picture(subject, "fitted", alt, paint, (6.4, 3.6), note, **arrays)]


VIEW = View(text("fitted.summary"), fits, draw, 15)
