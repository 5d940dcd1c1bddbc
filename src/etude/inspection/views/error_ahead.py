"""The error of a forecast by the step ahead, beside naive and linear forecasts."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.inspection.words import title
from etude.locale.texts import Sentence, text
from etude.render.style import Ink, dotted, legend
from etude.tasks.protocol import Forecaster


def fits(subject: Subject) -> Sentence:
    """ "" for forecasts of several steps with available data."""
    several = isinstance(subject.task, Forecaster) and subject.card.outputs > 1
    return subject.data_problem if several else text("inspection.unfit.error_ahead")


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: mean absolute error over the test split [D], by step."""
    task, data = subject.task, subject.data
    assert isinstance(task, Forecaster)
    true = np.asarray(data.test.y, np.float64)
    outputs = torch.from_numpy(subject.outputs)
    network = np.abs(task.in_units(task.middle(outputs)) - true).mean(0)
    guesses = task.guesses(data.train, data.test.x[:], true.shape[1])
    errors = {kind: np.abs(guess - true).mean(0) for kind, guess in guesses.items()}
    ahead = np.arange(1, len(network) + 1)

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        axes.plot(ahead, network, label=title(subject.result), **dotted(ink, 0, len(ahead)))
        for place, (kind, error) in enumerate(errors.items(), 1):
            label = ink.say(f"baseline.{kind}")
            axes.plot(ahead, error, label=label, **dotted(ink, place, len(ahead)))
        axes.set(xlabel=ink.say("forecast.ahead"), ylim=(0, None))
        unit = f" ({subject.card.unit})" if subject.card.unit else ""
        axes.set_ylabel(ink.metric("mae") + unit)
        legend(axes, 3)

    alt = subject.say("error-ahead.alt", steps=len(ahead))
    ends = {"first": float(network[0]), "last": float(network[-1])}
    note = notice(subject, "error-ahead.notice", steps=len(ahead), unit=subject.card.unit, **ends)
    return [
        view_picture(
            subject, "error-ahead", alt, paint, (6.4, 3.8), note, network=network, **errors
        )
    ]


VIEW = View(text("error-ahead.summary"), fits, draw, 16)
