"""Colour maps of our own, made for each background.

A heat map rises in lightness from just beside the page to far from it, so that zero has an edge and
the largest value stands out. A map of two signs has the page itself in its middle, so that nothing
looks like nothing, and two ends that differ in hue and in lightness: they can be told apart by
colour-blind eyes and on a grey printer.
"""

from functools import cache
from typing import Any

HEAT = {
    "light": ("#eaf1f9", "#b5d2ec", "#62a3d4", "#1f6fb4", "#08306b"),
    "dark": ("#23272f", "#2c4a74", "#3f86b8", "#8cc9dc", "#fff6c9"),
}
SIGNED = {
    "light": ("#08306b", "#3b7ec0", "#ffffff", "#f3a27c", "#d1401f"),
    "dark": ("#2f80f0", "#234f8e", "#16181d", "#a4603a", "#ffd0a6"),
}
"""From against (-1) to for (+1)."""


@cache
def colours(kind: str, ground: str) -> Any:
    """The map "heat" or "signed" on "light" or "dark". What is not there (NaN) is left
    open, as in every map of matplotlib."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = {"heat": HEAT, "signed": SIGNED}[kind][ground]
    return LinearSegmentedColormap.from_list(f"etude {kind} {ground}", stops)
