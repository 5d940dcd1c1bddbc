"""Attention weights of every head of every layer for one sample, next to its input.

weights [N H L S]: rows are queries, columns keys
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from etude.inspection.subject import Sample, Subject, steps_of
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.layers import MultiHeadAttention
from etude.locale.texts import Sentence, label_of, text
from etude.models.vit import ViT
from etude.render.labels import wrapped
from etude.render.panels import bare, frames, paint_sample, tile
from etude.render.style import Ink

CLASS = "class"
"""The class token among the names of tokens."""
TICKS = 6
"""Largest number of tick labels along a side of a panel."""


def fits(subject: Subject) -> Sentence:
    """ "" for networks with attention, with an available sample."""
    if not any(isinstance(m, MultiHeadAttention) for m in subject.model.modules()):
        return text("inspection.unfit.attention")
    return subject.sample_problem


def tokens(subject: Subject, sample: Sample, count: int) -> list[str]:
    """The label of each token, without padding: the class token and patches (row,column) of a ViT;
    steps, or rows of an image, of a Transformer."""
    fields, card = subject.recipe.model.fields, subject.card
    if isinstance(subject.model, ViT):
        across = card.shape[2] // fields["patch"]
        return [CLASS, *(f"{p // across + 1},{p % across + 1}" for p in range(count - 1))]
    patch = int(fields.get("patch", 1))
    # Rounded up: a patch that is padding only in part is a token.
    valid = -(-steps_of(sample, count * patch) // patch)
    firsts = [patch * p for p in range(min(count, valid))]
    return [str(f) if patch == 1 else f"{f}-{f + patch - 1}" for f in firsts]


def unit_of(subject: Subject) -> str:
    """The key of the text that says what a token of this network is."""
    if isinstance(subject.model, ViT):
        return "attention.patches"
    return "attention.rows" if subject.card.view == "rows" else "axis.step"


PATTERNS = {"previous": -1, "itself": 0, "next": 1}
"""Diagonals of the weights [L L]: entry (l, l + shift) is the weight of key l + shift."""


def focus(weights: np.ndarray) -> tuple[int, int, str, float]:
    """The clearest attention pattern: its layer, head, name, and mean weight.

    The patterns are attention to the previous token, to the token itself, to the next token, or to
    "one", the key with most weight over all queries. weights [K H L L].
    """
    candidates = []
    for name, shift in PATTERNS.items():
        # A single token has no neighbours: these diagonals are empty, and their mean would be NaN.
        share = np.diagonal(weights, shift, 2, 3).mean(-1) if weights.shape[2] > abs(shift) else 0
        candidates.append((name, np.broadcast_to(share, weights.shape[:2])))
    candidates.append(("one", weights.mean(2).max(-1)))
    # max returns the first of equals, so the simpler patterns win a tie with "one".
    name, share = max(candidates, key=lambda entry: float(entry[1].max()))
    layer, head = np.unravel_index(share.argmax(), share.shape)
    return int(layer), int(head), name, float(share[layer, head])


def _notice(subject: Subject, weights: np.ndarray, names: Sequence[str]) -> Notice:
    layer, head, pattern, share = focus(weights)
    values = {"layer": layer + 1, "head": head + 1, "share": share, "even": 1 / len(names)}
    if pattern != "one":
        return notice(subject, f"attention.notice.{pattern}", **values)
    token = label_of(subject.lang, "token", names[int(weights[layer, head].mean(0).argmax())])
    return notice(subject, "attention.notice.one", token=token, **values)


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per layer, one column per head, all on one scale."""
    sample = subject.sample
    weights = np.stack([w[0].numpy() for w in subject.trace.attention.values()])  # [K H L S]
    names = tokens(subject, sample, weights.shape[2])
    layers, heads, length = *weights.shape[:2], len(names)
    weights = weights[:, :, :length, :length]
    # Rows that sum to zero belong to queries whose keys are all hidden.
    sums = weights.sum(-1)
    deviation = float(np.abs(sums[sums > 0] - 1).max())
    ticks = np.unique(np.linspace(0, length - 1, min(TICKS, length)).round().astype(int))

    def paint(figure: Figure, ink: Ink) -> None:
        left, right, bar = figure.subplots(1, 3, width_ratios=[1.4, 5.4, 0.1])
        paint_sample(left, ink, sample.raw[: steps_of(sample, len(sample.raw))], subject.card.top)
        left.set_title(wrapped(sample.name, 1.35, rows=5), fontsize=8)
        sheet, xs, ys = tile(weights.reshape(-1, length, length), heads)
        # The scale ends at the 99.5th percentile, because one very large weight would hide all
        # others.
        top = float(np.quantile(weights, 0.995))
        image = right.imshow(sheet, cmap=ink.heat, vmin=0, vmax=top, aspect="auto")
        bare(right)
        frames(right, ink, xs, ys, (length, length), layers * heads)
        half = (length - 1) / 2
        places = [x - half + t for x in xs for t in ticks]
        words = [label_of(ink.lang, "token", names[t]) for t in ticks]
        small = {"fontsize": 6.5}
        right.set_xticks(places, words * heads, rotation=90, **small)
        right.set_yticks([y - half + t for y in ys for t in ticks], words * layers, **small)
        right.tick_params(length=2, pad=1.5, color=ink.edge)
        for h, x in enumerate(xs):
            word = ink.say("axis.head", head=h + 1)
            right.text(x, -0.5 - 0.03 * length, word, ha="center", va="bottom")
        for k, y in enumerate(ys):
            edge = sheet.shape[1] - 0.5 + 0.03 * length
            word = ink.say("axis.layer", layer=k + 1)
            right.text(edge, y, word, rotation=270, ha="left", va="center")
        unit = ink.say(unit_of(subject))
        right.set_xlabel(ink.say("attention.key", unit=unit))
        right.set_ylabel(ink.say("attention.query", unit=unit))
        figure.colorbar(image, cax=bar, extend="max", label=ink.say("axis.attention"))

    alt = subject.say(
        "attention.alt", name=sample.caption, heads=heads, layers=layers, deviation=deviation
    )
    size = (8.4, min(1.4 + 5.2 / max(heads, 4) * layers, 11))
    note = _notice(subject, weights, names)
    arrays: dict[str, ArrayLike] = {"weights": weights, "tokens": names}
    return [view_picture(subject, "attention", alt, paint, size, note, **arrays)]


VIEW = View(text("attention.summary"), fits, draw)
