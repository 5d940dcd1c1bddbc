"""How large weights and gradients are, by layer, over the time of training.

histograms of log10 |x|: a column a moment, a row a bin
"""

from typing import Any

import numpy as np

from etude.draw.panels import tile
from etude.draw.style import Ink
from etude.errors import RunError
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown

COLUMNS = 6
LOW, HIGH = -9.0, 3.0  # of training.moments


def fits(subject: Subject) -> str:
    """Runs that kept moments of training."""
    if not any(True for _ in subject.folder.snapshots_of("weights")):
        return "no moments of training were kept"
    return ""


def draw(subject: Subject) -> list[Shown]:
    """Weights above, gradients below; at most COLUMNS layers, from the first to the last."""
    kept = list(subject.folder.snapshots_of("weights"))
    at = {row["step"]: row["epoch"] for row in subject.history}
    epochs = np.array([at.get(step, 0) for step, _ in kept])
    names = [name for name, p in subject.model.named_parameters() if p.ndim > 1]
    if kept[0][1]["weights"].shape[2] != len(names):
        raise RunError(
            f"{subject.folder.path}: its moments are not of this network; it is damaged."
        )
    # [n bins moments], the square root of each bin's share
    weights, gradients = (
        np.stack([arrays[key][0, 0] for _, arrays in kept], -1) / 255
        for key in ("weights", "gradients")
    )
    some = np.unique(np.linspace(0, len(names) - 1, min(COLUMNS, len(names))).round().astype(int))
    share = np.concatenate((weights[some], gradients[some]))
    used = np.flatnonzero(share.sum((0, 2)))
    if not len(used):
        raise RunError(f"{subject.folder.path}: its moments are empty; it is damaged.")
    share = share[:, used[0] : used[-1] + 1]
    step = (HIGH - LOW) / weights.shape[1]
    low, high = LOW + step * used[0], LOW + step * (used[-1] + 1)

    def paint(figure: Any, ink: Ink) -> None:
        axes = figure.subplots()
        # A pixel a bin and moment would make panels of any shape: each is brought to 60 columns.
        wide = share[:, ::-1][:, :, np.linspace(0, len(epochs) - 1, 60).round().astype(int)]
        sheet, xs, ys = tile(wide, len(some))
        height = wide.shape[1]
        image = axes.imshow(sheet, cmap=ink.heat, aspect="auto", interpolation="nearest", vmin=0)
        layers = [names[i].removesuffix(".weight").replace(".", "\n", 1) for i in some]
        axes.set_xticks(xs, layers, fontsize=7)
        ticks = [y - height / 2 + height * f for y in ys for f in (0, 1)]
        axes.set_yticks(ticks, [f"1e{e:+.0f}" for _ in ys for e in (high, low)], fontsize=7)
        for y, word in zip(ys, ("weights", "gradients")):
            axes.annotate(
                word, (-0.1, y), xycoords=("axes fraction", "data"), rotation=90, va="center"
            )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(f"in each: from the start to epoch {epochs[-1]}")
        axes.set_ylabel("magnitude", labelpad=14)
        figure.colorbar(image, ax=axes, label="square root of the share", pad=0.01)

    alt = subject.say("weights.alt", layers=len(some), total=len(names), epochs=int(epochs[-1]))
    title = subject.say("weights.title")
    arrays = {"names": names, "epoch": epochs, "weights": weights, "gradients": gradients}
    return [shown("weights", title, alt, paint, (7.6, 3.6), **arrays)]


VIEW = View("how large weights and gradients are, by layer, while it learned", fits, draw, 60)
