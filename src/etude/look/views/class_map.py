"""Class activation map: where a convolutional network looks for a class.

Source: R. Selvaraju et al., "Grad-CAM", 2017, section 3, equations 1 and 2.

maps A [C h w] of the last convolution, after its activation
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.draw.panels import paint_sample
from etude.draw.style import Ink
from etude.look.subject import Sample, Subject
from etude.look.view import Shown, View, shown
from etude.shapes import Tensor


def fits(subject: Subject) -> str:
    """Convolutional classifiers."""
    if subject.task.name != "classify" or last(subject.model) is None:
        return "it is for convolutional networks that tell classes of images apart"
    return subject.no_sample


def last(model: nn.Module) -> nn.Module | None:
    """The activation after the last convolution."""
    found, seen = None, False
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            seen = True
        elif seen and isinstance(module, nn.ReLU):
            found, seen = module, False
    return found


def class_map(model: nn.Module, x: Tensor, label: int) -> Tensor:
    """Grad-CAM of one image x [1 C H W] for the logit of a class [h w], zero or more."""
    kept: list[Tensor] = []
    layer = last(model)
    assert layer is not None  # fits said so
    handle = layer.register_forward_hook(lambda module, args, output: kept.append(output))
    try:
        with torch.enable_grad():
            logit = model(x.clone().requires_grad_())[0, label]
            (slope,) = torch.autograd.grad(logit, kept[0])
    finally:
        handle.remove()
    share = slope.mean((2, 3), keepdim=True)
    return F.relu((share * kept[0]).sum(1))[0].detach()


def classes_of(subject: Subject, sample: Sample) -> list[int]:
    """The class said, and the true one; where that is the same or not known, the runner-up."""
    with torch.no_grad():
        order = subject.model(*sample.batch.inputs)[0].argsort(descending=True)
    said, second = int(order[0]), int(order[1])
    if sample.true is not None and int(sample.true) != said:
        second = int(sample.true)
    return [said, second]


def draw(subject: Subject) -> list[Shown]:
    """A row a sample: the picture, then each class's map laid over it."""
    samples, names = subject.samples, subject.card.classes
    chosen = [classes_of(subject, sample) for sample in samples]
    maps = [
        torch.stack([class_map(subject.model, s.batch.x, label) for label in labels]).numpy()
        for s, labels in zip(samples, chosen)
    ]

    def paint(figure: Any, ink: Ink) -> None:
        rows = figure.subplots(len(samples), 3, squeeze=False)
        for (first, *others), sample, labels, found in zip(rows, samples, chosen, maps):
            paint_sample(first, ink, sample.raw, subject.card.top)
            first.set_title(sample.name, fontsize=8)
            for axes, label, each in zip(others, labels, found):
                paint_sample(axes, ink, sample.raw, subject.card.top)
                _, height, width = sample.raw.shape
                edge = (-0.5, width - 0.5, height - 0.5, -0.5)
                image = axes.imshow(
                    each, cmap="inferno", vmin=0, vmax=float(found.max()) or 1, alpha=0.6,
                    extent=edge, interpolation="bilinear",
                )  # fmt: skip
                word = "said" if label == labels[0] else "true" if _is(sample, label) else "second"
                axes.set_title(f"{word}: {names[label]}", fontsize=8)
            figure.colorbar(image, ax=others[-1], label="speaks for the class", shrink=0.8)

    alt = subject.say("class-map.alt", names=" / ".join(sample.called for sample in samples))
    arrays = {f"maps_{i}" if i else "maps": found for i, found in enumerate(maps)}
    size = (7.6, 0.2 + 2.3 * len(samples))
    title = subject.say("class-map.title")
    return [shown("class-map", title, alt, paint, size, classes=np.array(chosen), **arrays)]


def _is(sample: Sample, label: int) -> bool:
    return sample.true is not None and int(sample.true) == label


VIEW = View("where it looks for a class (Grad-CAM)", fits, draw, 33)
