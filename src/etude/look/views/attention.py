"""Attention: every head of every layer, for one sample, beside the input that it looks at.

weights [N H L S]: rows are queries, columns keys
"""

from textwrap import fill
from typing import Any

import numpy as np

from etude.draw.panels import paint_sample, tile
from etude.draw.style import Ink
from etude.layers import MultiHeadAttention
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown


def fits(subject: Subject) -> str:
    """Networks with attention."""
    if not any(isinstance(m, MultiHeadAttention) for m in subject.model.modules()):
        return "the network has no attention"
    return subject.no_sample


def draw(subject: Subject) -> list[Shown]:
    """A row a layer, a column a head; one scale."""
    sample = subject.sample
    weights = np.stack([w[0].numpy() for w in subject.trace.attention.values()])  # [K H L S]
    layers, heads, length, _ = weights.shape
    sums = weights.sum(-1)
    deviation = float(np.abs(sums[sums > 0] - 1).max())

    def paint(figure: Any, ink: Ink) -> None:
        left, right, bar = figure.subplots(1, 3, width_ratios=[1.2, heads, 0.12])
        paint_sample(left, ink, sample.raw, subject.card.top)
        left.set_xlabel(fill(sample.name, 20), fontsize=8)
        sheet, xs, ys = tile(weights.reshape(-1, length, length), heads)
        # A cell far above all others would leave them black: the top of the scale is the 99.5th.
        top = float(np.quantile(weights, 0.995))
        image = right.imshow(
            sheet, cmap=ink.heat, vmin=0, vmax=top, aspect="auto", interpolation="nearest"
        )
        right.set_xticks(xs, [f"head {h + 1}" for h in range(heads)])
        right.set_yticks(ys, [f"layer {k + 1}" for k in range(layers)])
        right.tick_params(length=0)
        for spine in right.spines.values():
            spine.set_visible(False)
        right.set_xlabel("in each: key, from left to right")
        right.set_ylabel("in each: query, from the top down")
        figure.colorbar(image, cax=bar, extend="max", label="weight")

    alt = subject.say(
        "attention.alt", name=sample.called, heads=heads, layers=layers, deviation=deviation
    )
    size = (7.6, min(1.1 + 1.3 * layers, 9))
    return [shown("attention", subject.say("attention.title"), alt, paint, size, weights=weights)]


VIEW = View("every head of every layer over the input, before dropout", fits, draw)
