"""The package's own colour maps, one for each background.

The heat map starts at a lightness close to the page and moves away from it, so that a cell of value
zero has a visible edge and the largest value stands out. The signed map has the colour of the page
at zero. Its two ends differ in hue and in lightness, so colour-blind readers and grey printers can
distinguish them.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

HEAT = {
    "light": ("#eaf1f9", "#b5d2ec", "#62a3d4", "#1f6fb4", "#08306b"),
    "dark": ("#23272f", "#2c4a74", "#3f86b8", "#8cc9dc", "#fff6c9"),
}
SIGNED = {
    "light": ("#08306b", "#3b7ec0", "#ffffff", "#f3a27c", "#d1401f"),
    "dark": ("#2f80f0", "#234f8e", "#16181d", "#a4603a", "#ffd0a6"),
}
"""From -1 (evidence against) to +1 (evidence for)."""


@cache
def colours(kind: str, ground: str) -> "Colormap":
    """The colour map `kind` ("heat" or "signed") for the background `ground` ("light" or "dark").

    NaN cells stay transparent, as in every colour map of matplotlib.
    """
    # Here, because commands that draw nothing should not wait for this import.
    from matplotlib.colors import LinearSegmentedColormap

    stops = {"heat": HEAT, "signed": SIGNED}[kind][ground]
    return LinearSegmentedColormap.from_list(f"etude {kind} {ground}", stops)
