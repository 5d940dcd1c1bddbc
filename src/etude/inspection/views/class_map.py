"""Class activation map: where a convolutional network looks for a class.

Source: R. Selvaraju et al., "Grad-CAM", 2017, section 3, equations 1 and 2.

maps A [C h w] of the last convolution, after its activation
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from etude.inspection.subject import Sample, Subject
from etude.inspection.view import Notice, Shown, View, notice, shown
from etude.render.labels import short, wrapped
from etude.render.panels import framed, paint_sample, two_tone
from etude.render.style import Ink
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


def outline(axes: Any, map_: np.ndarray, shape: tuple[int, int]) -> None:
    """Where a map [h w] over a picture of this height and width is above half of its largest
    value, as a two-tone line."""
    if map_.max() <= 0 or min(map_.shape) < 2:
        return
    (height, width), (h, w) = shape, map_.shape
    down, across = (np.arange(h) + 0.5) * height / h - 0.5, (np.arange(w) + 0.5) * width / w - 0.5
    # An edge of zeros closes the line where it meets the border of the picture.
    down = np.concatenate(([-0.49], down, [height - 0.51]))
    across = np.concatenate(([-0.49], across, [width - 0.51]))
    line = two_tone()
    drawn = axes.contour(
        across, down, np.pad(map_, 1), levels=[map_.max() / 2], colors=line["color"],
        linewidths=line["linewidth"],
    )  # fmt: skip
    drawn.set_path_effects(line["path_effects"])


def draw(subject: Subject) -> list[Shown]:
    """A row a sample: the picture with the outline of the first map, then each class's map."""
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
            height, width = sample.raw.shape[1:]
            outline(first, found[0], (height, width))
            first.set_title(wrapped(sample.name, 1.85), fontsize=8)
            for axes, label, each in zip(others, labels, found):
                edge = (-0.5, width - 0.5, height - 0.5, -0.5)
                scale = {"vmin": 0, "vmax": float(found.max()) or 1}
                image = axes.imshow(
                    each, cmap=ink.heat, extent=edge, interpolation="bilinear", **scale
                )
                framed(axes, ink)
                word = "said" if label == labels[0] else "true" if _is(sample, label) else "second"
                axes.set_title(wrapped(f"{word}: {names[label]}", 1.85, rows=2), fontsize=8)
            figure.colorbar(image, ax=others, label="speaks for the class", shrink=0.85)

    alt = subject.say("class-map.alt", names=" / ".join(sample.called for sample in samples))
    arrays = {f"maps_{i}" if i else "maps": found for i, found in enumerate(maps)}
    size = (7.6, 0.3 + 2.3 * len(samples))
    title, said = subject.say("class-map.title"), _notice(subject, maps[-1], chosen[-1])
    return [shown("class-map", title, alt, paint, size, said, classes=np.array(chosen), **arrays)]


def _notice(subject: Subject, maps: np.ndarray, labels: list[int]) -> Notice:
    """How much of the picture speaks for the class said, and how alike the two maps are."""
    first, second = maps
    name = short(subject.card.classes[labels[0]], 2)
    if first.max() <= 0:
        return notice(subject, "class-map.notice.none", label=name, largest=float(first.max()))
    area = float((first > first.max() / 2).mean())
    other = short(subject.card.classes[labels[1]], 2)
    ratio = float(second.max() / first.max())
    return notice(subject, "class-map.notice", label=name, area=area, other=other, ratio=ratio)


def _is(sample: Sample, label: int) -> bool:
    return sample.true is not None and int(sample.true) == label


VIEW = View("where it looks for a class (Grad-CAM)", fits, draw, 33)
