"""Class activation map (Grad-CAM): the image regions that support a class.

Source: R. Selvaraju et al., "Grad-CAM", 2017, section 3, equations 1 and 2.

maps A [C h w] of the last convolution, after its activation
"""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from etude.inspection.subject import Sample, Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import short, wrapped
from etude.render.panels import framed, paint_sample, two_tone
from etude.render.style import Ink
from etude.shapes import Tensor


def fits(subject: Subject) -> Sentence:
    """ "" for convolutional classifiers, with an available sample."""
    if subject.task.predicts != "classes" or last_activation(subject.model) is None:
        return text("inspection.unfit.class_map")
    return subject.sample_problem


def last_activation(model: nn.Module) -> nn.Module | None:
    """The ReLU after the last convolution; None in a network without convolution blocks."""
    # In the order of modules, the first ReLU after a batch norm belongs to a convolution; a ReLU of
    # the classifier head has no batch norm before it.
    activation, after_norm = None, False
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            after_norm = True
        elif after_norm and isinstance(module, nn.ReLU):
            activation, after_norm = module, False
    return activation


def class_map(model: nn.Module, x: Tensor, label: int) -> Tensor:
    """Grad-CAM [h w] of one image x [1 C H W] for the logit of a class; never negative."""
    outputs: list[Tensor] = []
    layer = last_activation(model)
    assert layer is not None  # `fits` checked this
    handle = layer.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        with torch.enable_grad():
            # The logit before the softmax, as in section 3 of the paper: a probability can also
            # rise because the logits of other classes fall.
            logit = model(x.clone().requires_grad_())[0, label]
            # A network that also reads the mirror image calls the layer twice; the first counts.
            (gradient,) = torch.autograd.grad(logit, outputs[0])
    finally:
        handle.remove()
    # Equation 1: the weight of a channel is its mean gradient. Equation 2: only positive evidence.
    weight = gradient.mean((2, 3), keepdim=True)
    return F.relu((weight * outputs[0]).sum(1))[0].detach()


def classes_of(subject: Subject, sample: Sample) -> list[int]:
    """The predicted class and the true one; if these are equal or the true class is unknown, the
    predicted class and the second most probable."""
    with torch.no_grad():
        order = subject.model(*sample.batch.inputs)[0].argsort(descending=True)
    predicted, second = int(order[0]), int(order[1])
    if sample.true is not None and int(sample.true) != predicted:
        second = int(sample.true)
    return [predicted, second]


def outline(axes: Axes, map_: np.ndarray, shape: tuple[int, int]) -> None:
    """Outline, as a two-tone line, where a map [h w] exceeds half of its maximum. shape: height and
    width of the image below, in pixels."""
    if map_.max() <= 0 or min(map_.shape) < 2:
        return
    (height, width), (h, w) = shape, map_.shape
    # Centres of the cells of the map, in pixels of the image.
    down, across = (np.arange(h) + 0.5) * height / h - 0.5, (np.arange(w) + 0.5) * width / w - 0.5
    # A border of zeros closes the line where it meets the edge of the image.
    down = np.concatenate(([-0.49], down, [height - 0.51]))
    across = np.concatenate(([-0.49], across, [width - 0.51]))
    line = two_tone()
    contour = axes.contour(
        across, down, np.pad(map_, 1), levels=[map_.max() / 2], colors=line["color"],
        linewidths=line["linewidth"],
    )  # fmt: skip
    contour.set_path_effects(line["path_effects"])


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per sample with the image, the first map's outline, and both maps."""
    samples, names = subject.samples, subject.card.classes
    chosen = [classes_of(subject, sample) for sample in samples]
    maps = [
        torch.stack([class_map(subject.model, s.batch.x, label) for label in labels]).numpy()
        for s, labels in zip(samples, chosen)
    ]

    def paint(figure: Figure, ink: Ink) -> None:
        rows = figure.subplots(len(samples), 3, squeeze=False)
        for (first, *others), sample, labels, pair in zip(rows, samples, chosen, maps):
            paint_sample(first, ink, sample.raw, subject.card.top)
            height, width = sample.raw.shape[1:]
            outline(first, pair[0], (height, width))
            first.set_title(wrapped(sample.name, 1.85), fontsize=8)
            for axes, label, each in zip(others, labels, pair):
                edge = (-0.5, width - 0.5, height - 0.5, -0.5)
                # One scale for both maps of a sample, so that their strengths can be compared.
                scale = {"vmin": 0, "vmax": float(pair.max()) or 1}
                image = axes.imshow(
                    each, cmap=ink.heat, extent=edge, interpolation="bilinear", **scale
                )
                framed(axes, ink)
                other = "true" if _is(sample, label) else "second"
                kind = "predicted" if label == labels[0] else other
                word = ink.say(f"class.{kind}", label=names[label])
                axes.set_title(wrapped(word, 1.85, rows=2), fontsize=8)
            figure.colorbar(image, ax=others, label=ink.say("class-map.evidence"), shrink=0.85)

    alt = subject.say("class-map.alt", names=" / ".join(sample.caption for sample in samples))
    arrays = {"classes": np.array(chosen)}
    arrays |= {f"maps_{i}" if i else "maps": pair for i, pair in enumerate(maps)}
    size = (7.6, 0.3 + 2.3 * len(samples))
    note = _notice(subject, maps[-1], chosen[-1])
    return [view_picture(subject, "class-map", alt, paint, size, note, **arrays)]


def _notice(subject: Subject, maps: np.ndarray, labels: list[int]) -> Notice:
    """The area that supports the predicted class, and the strength of the other map."""
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


VIEW = View(text("class-map.summary"), fits, draw, 33)
