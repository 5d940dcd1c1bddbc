"""Attributions: which parts of the input spoke for the answer, by two methods that may disagree.

Sources: M. Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017, section 3
(integrated gradients, from the mean of the training data); M. Zeiler, R. Fergus, "Visualizing and
Understanding Convolutional Networks", 2014, section 4.2 (occlusion). Both are captum's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from etude.draw.panels import bare, paint_sample
from etude.draw.style import Ink
from etude.look.subject import Sample, Subject, as_given
from etude.look.view import Shown, View, shown
from etude.shapes import Tensor

STEPS = 48


def fits(subject: Subject) -> str:
    """All that answer something."""
    if subject.task.name == "autoencode":
        return "an autoencoder gives no single answer"
    return subject.no_sample


def answer(subject: Subject, sample: Sample) -> Callable[[Tensor], Tensor]:
    """The logit of the class said, or the mean of the values, of inputs like the sample's [n]."""
    model, (_, *rest) = subject.model, sample.batch.inputs
    with torch.no_grad():
        out = model(*sample.batch.inputs)
    said = int(out[0].argmax()) if subject.task.name == "classify" else None

    def forward(x: Tensor) -> Tensor:
        found = model(x, *(part.expand(len(x)) for part in rest))
        return found[:, said] if said is not None else found.mean(1)  # type: ignore[no-any-return]

    return forward


def attribute(subject: Subject, sample: Sample) -> tuple[np.ndarray, np.ndarray, float]:
    """Integrated gradients and occlusion of a sample, in the axes of the data [...], and how far
    the former are from adding up to the change of the answer."""
    from captum.attr import IntegratedGradients, Occlusion

    forward, x = answer(subject, sample), sample.batch.x
    path = x.clone().requires_grad_()
    gradients, delta = IntegratedGradients(forward).attribute(
        path, torch.zeros_like(x), n_steps=STEPS, return_convergence_delta=True
    )
    window = _window(tuple(x.shape[1:]), subject.card.kind == "image")
    with torch.no_grad():
        occluded = Occlusion(forward).attribute(x, window, baselines=0, perturbations_per_eval=64)
    both = (as_given(a.detach().numpy(), subject.card)[0] for a in (gradients, occluded))
    return (*both, float(delta.abs()))


def _window(shape: tuple[int, ...], image: bool) -> tuple[int, ...]:
    """What is hidden at once: a square of an image, a step of a sequence, a number of a vector."""
    if len(shape) == 3:
        side = max(1, min(shape[1:]) // 8)
        return (shape[0], side, side)
    if len(shape) == 2:
        return (1, 1) if image else (1, shape[1])
    return (1,)


def draw(subject: Subject) -> list[Shown]:
    """A row a sample: the input, then what each method says of it, on its own scale."""
    samples = subject.samples
    found = [attribute(subject, sample) for sample in samples]

    unit = "logit" if subject.task.name == "classify" else "normalised units"

    def paint(figure: Any, ink: Ink) -> None:
        rows = figure.subplots(len(samples), 3, squeeze=False)
        for (first, *others), sample, (*maps, _) in zip(rows, samples, found):
            paint_sample(first, ink, sample.raw, subject.card.top)
            first.set_title(sample.name, fontsize=8)
            for axes, each, name in zip(others, maps, ("integrated gradients", "occlusion")):
                _paint_map(figure, axes, ink, each, unit)
                axes.set_title(name, fontsize=8)

    alt = subject.say(
        "attributions.alt",
        names=" / ".join(sample.called for sample in samples),
        what=subject.say(f"attributions.{subject.task.name}"),
        delta=max(delta for *_, delta in found),
    )
    size = (7.6, 0.2 + 2.2 * len(samples))
    arrays: dict[str, np.ndarray] = {}
    for index, (gradients, occluded, _) in enumerate(found):
        end = f"_{index}" if index else ""
        arrays |= {f"integrated_gradients{end}": gradients, f"occlusion{end}": occluded}
    return [shown("attributions", subject.say("attributions.title"), alt, paint, size, **arrays)]


def _paint_map(figure: Any, axes: Any, ink: Ink, found: np.ndarray, unit: str) -> None:
    """Attributions of an image [C H W] or a sequence [L Q] as colours, of others as bars."""
    if found.ndim == 1 or found.shape[-1] == 1:
        axes.bar(np.arange(len(found)), found.reshape(len(found)), color=ink.lines[0])
        axes.axhline(0, color=ink.faint)
        axes.set(xlabel="step" if found.ndim == 2 else "feature", ylabel=unit)
        return
    flat = found.sum(0) if found.ndim == 3 else found.T
    top = float(np.abs(flat).max()) or 1.0
    options = {"cmap": ink.signed, "vmin": -top, "vmax": top, "interpolation": "nearest"}
    image = axes.imshow(flat, aspect="equal" if found.ndim == 3 else "auto", **options)
    if found.ndim == 3:
        bare(axes)
    else:
        axes.set(xlabel="step", ylabel="feature")
    figure.colorbar(image, ax=axes, shrink=0.8, label=unit)


VIEW = View("which parts of the input spoke for the answer", fits, draw, 32)
