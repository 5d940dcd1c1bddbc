"""Hidden steps: how the prediction changes when one step of the input is hidden."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.inspection.subject import Sample, Subject, steps_of
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.inspection.views.gates import paint_input, ratio_of
from etude.locale.texts import Sentence, text
from etude.render.labels import wrapped
from etude.render.style import Ink, signs
from etude.render.ticks import whole


def fits(subject: Subject) -> Sentence:
    """ "" for networks that read sequences and predict classes or values, with an available
    sample."""
    if subject.card.model_spec.kind != "sequence":
        return text("inspection.unfit.sequence")
    if subject.task.predicts == "other":
        return text("inspection.unfit.outputs")
    return subject.sample_problem


def changes(subject: Subject, sample: Sample) -> tuple[np.ndarray, str]:
    """The change of the prediction when one step at a time is replaced by the training mean [L],
    and the key of its unit.

    Classification: change of the probability of the predicted class, in percentage points.
    Forecast: mean absolute change, in the unit of the data, or in percent if they are modelled as
    logarithms.
    """
    x, *rest = sample.batch.inputs
    length = steps_of(sample, x.shape[1])
    hidden = x.repeat(length, 1, 1)
    hidden[range(length), range(length)] = 0  # copy t has step t hidden; inputs have mean 0
    lengths = [part.expand(length) for part in rest]
    with torch.no_grad():
        whole, without = subject.model(x, *rest), subject.model(hidden, *lengths)
    if subject.task.predicts == "classes":
        label = int(whole[0].argmax())
        before, after = whole.double().softmax(1)[:, label], without.double().softmax(1)[:, label]
        return (100 * (after - before)).numpy(), "hidden-steps.probability"
    # The mean of the targets cancels in a difference, so their standard deviation alone converts it
    # to the unit of the data.
    std = torch.tensor(subject.card.y_std)
    moved = ((without - whole).abs() * std).mean(1).double()
    if sample.batch.window is not None:  # what the network reads and says is in spreads
        moved = moved * float(sample.batch.window[0, 1])
    # A difference d of logarithms is a relative change of exp(d) - 1.
    if subject.card.log:
        return (100 * moved.expm1()).numpy(), "hidden-steps.relative"
    return moved.numpy(), "hidden-steps.value"


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the input, and the change at each step; images have their rows downwards."""
    sample = subject.sample
    moved, key = changes(subject, sample)
    x = sample.batch.x[0, : len(moved)].numpy()
    down, steps = sample.raw.ndim == 3, np.arange(len(moved))

    def paint(figure: Figure, ink: Ink) -> None:
        unit = ink.say(key, unit=subject.card.unit)
        if down:
            first, second = figure.subplots(1, 2, width_ratios=[ratio_of(sample), 1.6])
            second.barh(steps, moved, color=signs(ink, moved))
            second.axvline(0, color=ink.edge, linewidth=0.8)
            second.set(ylim=(len(moved) - 0.5, -0.5), xlabel=unit)
            second.set_ylabel(ink.say("hidden-steps.row"))
            whole(second.yaxis)
        else:
            first, second = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
            second.bar(steps, moved, color=signs(ink, moved))
            second.axhline(0, color=ink.edge, linewidth=0.8)
            second.set(xlabel=ink.say("hidden-steps.step"), ylabel=unit)
        paint_input(first, ink, subject, sample, len(moved))
        first.set_title(wrapped(sample.name, 2.4 if down else 6.2), fontsize=9)

    step = int(np.abs(moved).argmax())
    alt = subject.say("hidden-steps.alt", name=sample.caption)
    sentence = "hidden-steps.notice.row" if down else "hidden-steps.notice"
    values = {"step": step, "change": float(moved[step]), "median": float(np.median(np.abs(moved)))}
    note = notice(subject, sentence, unit=subject.say(key, unit=subject.card.unit), **values)
    size = (7.2, 3.2 if down else 3.8)
    arrays = {"change": moved, "input": x}
    return [view_picture(subject, "hidden-steps", alt, paint, size, note, **arrays)]


VIEW = View(text("hidden-steps.summary"), fits, draw, 44)
