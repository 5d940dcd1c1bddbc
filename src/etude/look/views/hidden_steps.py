"""Hidden steps: what changes in the answer when one step of the input is hidden."""

from typing import Any

import numpy as np
import torch

from etude.draw.style import Ink
from etude.look.subject import Sample, Subject
from etude.look.view import Shown, View, shown
from etude.look.views.gates import paint_input


def fits(subject: Subject) -> str:
    """Networks that read sequences step by step."""
    if subject.card.seen.kind != "sequence":
        return "the network reads no sequence"
    return subject.no_sample


def changes(subject: Subject, sample: Sample) -> tuple[np.ndarray, str]:
    """How far the answer moves when each step [L] is replaced by the training mean (0), and in what
    that is measured: the probability of the class said, or the values' units."""
    x, *rest = sample.batch.inputs
    length = x.shape[1] if sample.batch.lengths is None else int(sample.batch.lengths[0])
    hidden = x.repeat(length, 1, 1)
    hidden[range(length), range(length)] = 0
    lengths = [part.expand(length) for part in rest]
    with torch.no_grad():
        whole, without = subject.model(x, *rest), subject.model(hidden, *lengths)
    if subject.task.name == "classify":
        said = int(whole[0].argmax())
        before, after = whole.double().softmax(1)[:, said], without.double().softmax(1)[:, said]
        return (after - before).numpy(), "change of its probability"
    std = torch.tensor(subject.card.y_std)
    moved = ((without - whole).abs() * std).mean(1).double()
    if subject.card.log:
        return (100 * moved.expm1()).numpy(), "mean change, %"
    return moved.numpy(), f"mean change, {subject.card.unit}"


def draw(subject: Subject) -> list[Shown]:
    """The input above, the changes below, step by step."""
    sample = subject.sample
    moved, unit = changes(subject, sample)
    x = sample.batch.x[0, : len(moved)].numpy()

    def paint(figure: Any, ink: Ink) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
        paint_input(top, ink, x)
        top.set(ylabel="input", title=sample.name)
        bottom.bar(np.arange(len(moved)), moved, color=ink.lines[1])
        bottom.axhline(0, color=ink.faint)
        bottom.set(xlabel="step that is hidden", ylabel=unit)

    step = int(np.abs(moved).argmax())
    alt = subject.say("hidden-steps.alt", name=sample.called, step=step)
    title = subject.say("hidden-steps.title")
    return [shown("hidden-steps", title, alt, paint, (7.2, 3.6), change=moved, input=x)]


VIEW = View("what changes when a step is hidden", fits, draw, 44)
