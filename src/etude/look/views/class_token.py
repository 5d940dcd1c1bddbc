"""The class token: where a Vision Transformer looks, layer by layer, laid over the picture.

Rollout: S. Abnar, W. Zuidema, "Quantifying Attention Flow in Transformers", 2020, section 3.

weights [K H 1+P 1+P]: token 0 is the class token
"""

from typing import Any

import numpy as np

from etude.draw.panels import bare, paint_sample
from etude.draw.style import Ink
from etude.look.subject import Sample, Subject
from etude.look.view import Shown, View, shown
from etude.models.vit import ViT


def fits(subject: Subject) -> str:
    """Vision Transformers."""
    if not isinstance(subject.model, ViT):
        return "the network has no class token"
    return subject.no_sample


def rollout(weights: np.ndarray) -> np.ndarray:
    """Attention through all layers [T T], from the weights of each [K H T T]: heads are averaged,
    and half of each token's weight is its own, for the skip path (equation 1)."""
    through = np.eye(weights.shape[-1])
    for layer in weights.mean(1):
        through = (0.5 * layer + 0.5 * np.eye(len(layer))) @ through
    return through


def grid_of(subject: Subject) -> tuple[int, int]:
    """Patches down and across."""
    _, height, width = subject.card.shape
    patch = subject.recipe.model.fields["patch"]
    return height // patch, width // patch


def paint_over(axes: Any, ink: Ink, subject: Subject, sample: Sample, map_: np.ndarray) -> Any:
    """A map of patches [h w] over the picture."""
    paint_sample(axes, ink, sample.raw, subject.card.top)
    _, height, width = sample.raw.shape
    edge = (-0.5, width - 0.5, height - 0.5, -0.5)
    options = {"cmap": "inferno", "alpha": 0.65, "extent": edge, "interpolation": "nearest"}
    return axes.imshow(map_, vmin=0, vmax=float(map_.max()), **options)


def draw(subject: Subject) -> list[Shown]:
    """The picture with its patches, the token's attention in each layer (mean of the heads), and
    the rollout; below, each head of the last layer."""
    sample, (down, across) = subject.sample, grid_of(subject)
    weights = np.stack([w[0].numpy() for w in subject.trace.attention.values()])
    token = weights[:, :, 0, 1:].reshape(*weights.shape[:2], down, across)
    rolled = rollout(weights)[0, 1:].reshape(down, across)
    layers, heads = token.shape[:2]
    columns = max(layers + 2, heads + 1)

    def paint(figure: Any, ink: Ink) -> None:
        rows = figure.subplots(2, columns)
        for axes in rows.ravel():
            bare(axes)
        first, *above = rows[0]
        paint_sample(first, ink, sample.raw, subject.card.top)
        _, height, width = sample.raw.shape
        lines = {"color": ink.lines[1], "linewidth": 0.5}
        for k in range(1, down):
            first.axhline(k * height / down - 0.5, **lines)
        for k in range(1, across):
            first.axvline(k * width / across - 0.5, **lines)
        first.set_title(f"{down} x {across} patches", fontsize=8)
        for axes, map_, name in zip(
            above, (*token.mean(1), rolled), (*(f"layer {k + 1}" for k in range(layers)), "rollout")
        ):
            paint_over(axes, ink, subject, sample, map_)
            axes.set_title(f"{name}\nmost {map_.max():.2f}", fontsize=8)
        for axes, map_, k in zip(rows[1, 1:], token[-1], range(heads)):
            paint_over(axes, ink, subject, sample, map_)
            axes.set_title(f"layer {layers}, head {k + 1}\nmost {map_.max():.2f}", fontsize=7)

    alt = subject.say("class-token.alt", name=sample.called, layers=layers, heads=heads)
    title = subject.say("class-token.title")
    size = (min(1.3 * columns, 10), 3.2)
    arrays = {"token": token, "rollout": rolled}
    return [shown("class-token", title, alt, paint, size, **arrays)]


VIEW = View("the class token's attention laid over the picture, and rollout", fits, draw, 34)
