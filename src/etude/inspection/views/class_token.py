"""Attention of a Vision Transformer's class token to the patches, layer by layer.

Rollout: S. Abnar, W. Zuidema, "Quantifying Attention Flow in Transformers", 2020, section 3.

weights [K H 1+P 1+P]: token 0 is the class token
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.inspection.views.class_map import outline
from etude.locale.texts import Sentence, text
from etude.models.vit import ViT
from etude.render.labels import wrapped
from etude.render.panels import framed, paint_sample, two_tone
from etude.render.style import Ink


def fits(subject: Subject) -> Sentence:
    """ "" for Vision Transformers, with an available sample."""
    if not isinstance(subject.model, ViT):
        return text("inspection.unfit.vit")
    return subject.sample_problem


def rollout(weights: np.ndarray) -> np.ndarray:
    """Attention rollout [T T] through all layers, from attention weights [K H T T].

    Heads are averaged, and each layer is mixed half and half with the identity, which stands for
    the skip connection (equation 1).
    """
    through = np.eye(weights.shape[-1])
    for layer in weights.mean(1):
        # The later layer multiplies from the left: it reads the outputs of the layers before.
        through = (0.5 * layer + 0.5 * np.eye(len(layer))) @ through
    return through


def grid_of(subject: Subject) -> tuple[int, int]:
    """Number of patches per column and per row of the image."""
    _, height, width = subject.card.shape
    patch = subject.recipe.model.fields["patch"]
    return height // patch, width // patch


def patch_lines(axes: Axes, shape: tuple[int, int], grid: tuple[int, int]) -> None:
    """Draw the borders between patches as thin two-tone lines over an image."""
    (height, width), (down, across) = shape, grid
    style = two_tone(0.5)
    for k in range(1, down):
        axes.axhline(k * height / down - 0.5, **style)
    for k in range(1, across):
        axes.axvline(k * width / across - 0.5, **style)


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the image with its patches, the attention of the class token in each layer (mean
    of the heads) and the rollout; below, each head of the last layer. Each row has one scale."""
    sample, grid = subject.sample, grid_of(subject)
    weights = np.stack([w[0].numpy() for w in subject.trace.attention.values()])
    # The weight of the class token for itself (column 0) has no place in the image.
    token = weights[:, :, 0, 1:].reshape(*weights.shape[:2], *grid)
    rolled = rollout(weights)[0, 1:].reshape(grid)
    layers, heads = token.shape[:2]
    above = [*token.mean(1), rolled]
    columns = max(len(above), heads) + 1
    shape = sample.raw.shape[1:]

    def paint(figure: Figure, ink: Ink) -> None:
        rows = figure.subplots(2, columns, squeeze=False)
        for axes in rows.ravel():
            axes.set_axis_off()
            axes.set(xticks=[], yticks=[])  # ticks of an empty place would take space
        for axes, key in ((rows[0, 0], "patches"), (rows[1, 0], "outlined")):
            axes.set_axis_on()
            paint_sample(axes, ink, sample.raw, subject.card.top)
            axes.set_title(f"{ink.say(f'class-token.{key}')}\n{grid[0]} x {grid[1]}", fontsize=8)
        patch_lines(rows[0, 0], shape, grid)
        # Each patch is repeated 8 x 8, so that the outline follows the borders of patches.
        outline(rows[1, 0], np.kron(rolled, np.ones((8, 8))), shape)
        names = [ink.say("axis.layer", layer=k + 1) for k in range(layers)]
        means = [f"{name}\n{ink.say('class-token.mean')}" for name in names]
        last = [f"{names[-1]}\n{ink.say('axis.head', head=k + 1)}" for k in range(heads)]
        for row, maps, words in (
            (rows[0, 1:], above, [*means, ink.say("class-token.rollout") + "\n"]),
            (rows[1, 1:], list(token[-1]), last),
        ):
            top = max(float(map_.max()) for map_ in maps)
            for axes, map_, word in zip(row, maps, words):
                axes.set_axis_on()
                image = axes.imshow(map_, cmap=ink.heat, vmin=0, vmax=top, interpolation="nearest")
                framed(axes, ink)
                axes.set_title(word, fontsize=8)
            label = ink.say("axis.attention")
            figure.colorbar(image, ax=list(row), label=label, shrink=0.8, pad=0.01)
        rows[1, 0].set_xlabel(wrapped(sample.name, 1.15, 7, rows=3), fontsize=7)

    alt = subject.say("class-token.alt", name=sample.caption, layers=layers, heads=heads)
    place = np.unravel_index(rolled.argmax(), grid)
    note = notice(
        subject, "class-token.notice", share=float(rolled.max() / rolled.sum()),
        row=int(place[0]) + 1, column=int(place[1]) + 1, even=1 / rolled.size,
    )  # fmt: skip
    width = min(1.25 * columns + 0.8, 12)
    size = (width, 1.7 + 1.8 * (width - 0.8) / columns)
    arrays = {"token": token, "rollout": rolled}
    return [view_picture(subject, "class-token", alt, paint, size, note, **arrays)]


VIEW = View(text("class-token.summary"), fits, draw, 34)
