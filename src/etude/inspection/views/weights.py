"""Magnitudes of weights and gradients by layer, over training.

Histograms of log10 |x| become, at each snapshot, the median and the bands that contain 50 % and
90 % of the values that are not zero.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from etude.errors import RunError
from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.layers.magnitudes import HIGHEST, LOWEST, matrices
from etude.locale.texts import Sentence, text
from etude.render.labels import short
from etude.render.style import Ink
from etude.render.ticks import log_scale, whole

COLUMNS = 6
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_ZEROS = 0.005
"""Smallest final fraction of zeros that the picture states."""


def fits(subject: Subject) -> Sentence:
    """ "" for runs with snapshots of their weights."""
    if not any(True for _ in subject.folder.snapshots_of("weights")):
        return text("inspection.unfit.snapshots")
    return ""


def quantiles(share: np.ndarray) -> np.ndarray:
    """Quantiles LEVELS of the magnitudes that are not zero: [n bins t] -> [n 5 t]; NaN if all are.

    Values are assumed to be spread evenly within a bin of log10 |x|.
    """
    some = share.copy()
    some[:, 0] = 0  # this bin has zeros and values below 1e-9
    total = some.sum(1)
    up = np.concatenate(
        (np.zeros_like(total)[:, None], some.cumsum(1)), 1
    )  # cumulative, at bin edges
    edges = np.linspace(LOWEST, HIGHEST, share.shape[1] + 1)
    levels = np.full((len(share), len(LEVELS), share.shape[2]), np.nan)
    for layer, moment in zip(*np.nonzero(total)):
        rising = up[layer, :, moment] / total[layer, moment]
        # Empty bins make the cumulative curve flat, and np.interp needs it to rise.
        keep = np.concatenate(([True], np.diff(rising) > 0))
        keep[:-1] |= keep[1:]  # also the lower edge of each bin that is not empty
        levels[layer, :, moment] = 10 ** np.interp(LEVELS, rising[keep], edges[keep])
    return levels


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: weights above, gradients below; at most COLUMNS layers, evenly spread."""
    snapshots = list(subject.folder.snapshots_of("weights"))
    at = {row.step: row.epoch for row in subject.history}
    # The first snapshot is from before training: its step 0 ends no epoch of the history.
    epochs = np.array([at.get(step, 0) for step, _ in snapshots])
    # The arrays of a snapshot have no names; these are the weights that it describes.
    names = [name for name, _ in matrices(subject.model)]
    if snapshots[0][1]["weights"].shape[2] != len(names):
        raise RunError(text("inspection.snapshots.other", where=subject.folder.where))
    # [n bins t]: the square root of the fraction in each bin, stored as a byte, which keeps small
    # fractions that a linear byte would round to 0.
    weights, gradients = (
        np.stack([arrays[key][0, 0] for _, arrays in snapshots], -1) / 255
        for key in ("weights", "gradients")
    )
    if not (weights.any() or gradients.any()):
        raise RunError(text("inspection.snapshots.empty", where=subject.folder.where))
    some = np.unique(np.linspace(0, len(names) - 1, min(COLUMNS, len(names))).round().astype(int))
    bands = {"weights": quantiles(weights**2), "gradients": quantiles(gradients**2)}
    # Squared, because the snapshots hold square roots.
    zeros = {"weights": weights[:, 0, -1] ** 2, "gradients": gradients[:, 0, -1] ** 2}

    def paint(figure: Figure, ink: Ink) -> None:
        grid = figure.subplots(2, len(some), squeeze=False, sharex=True, sharey="row")
        for row, (word, index) in zip(grid, (("weights", 0), ("gradients", 1))):
            for axes, layer in zip(row, some):
                _paint_band(axes, ink, epochs, bands[word][layer], index)
                if zeros[word][layer] >= LEAST_ZEROS:
                    style = {"transform": axes.transAxes, "fontsize": 7, "va": "bottom"}
                    label = ink.say("weights.zeros", share=zeros[word][layer])
                    axes.text(0.03, 0.02, label, **style)
            row[0].set_ylabel(ink.say(f"weights.size.{word}"))
            log_scale(row[0].yaxis)
        for axes, layer in zip(grid[0], some):
            axes.set_title(
                short(names[layer].removesuffix(".weight"), 6.2 / len(some), 7.5), fontsize=7.5
            )
        for axes in grid[1]:
            axes.set_xlabel(ink.say("axis.epoch"))
            whole(axes.xaxis)

    alt = subject.say("weights.alt", layers=len(some), total=len(names), epochs=int(epochs[-1]))
    note = _notice(subject, names, bands["gradients"])
    arrays: dict[str, ArrayLike] = {
        "names": names,
        "epoch": epochs,
        "weights": weights,
        "gradients": gradients,
    }
    arrays |= {f"{word}_bands": levels for word, levels in bands.items()}
    return [view_picture(subject, "weights", alt, paint, (7.6, 4.2), note, **arrays)]


def _paint_band(axes: Axes, ink: Ink, epochs: np.ndarray, levels: np.ndarray, index: int) -> None:
    """Draw the bands and the median of one layer; levels: [5 t]."""
    color = ink.lines[index]
    for (low, high), alpha in (((0, 4), 0.2), ((1, 3), 0.35)):
        axes.fill_between(epochs, levels[low], levels[high], color=color, alpha=alpha, linewidth=0)
    axes.plot(epochs, levels[2], color=color, marker="o" if len(epochs) <= 12 else "", markersize=3)


def _notice(subject: Subject, names: list[str], gradients: np.ndarray) -> Notice:
    """The layers with the largest and the smallest median gradient at the end of training."""
    last = gradients[:, 2, -1]
    if np.isnan(last).all():
        return notice(subject, "weights.notice.none", layers=len(names))
    most, least = int(np.nanargmax(last)), int(np.nanargmin(last))
    labels = [short(names[i].removesuffix(".weight"), 3) for i in (most, least)]
    return notice(
        subject, "weights.notice", most=labels[0], least=labels[1],
        times=float(last[most] / last[least]), high=float(last[most]), low=float(last[least]),
    )  # fmt: skip


VIEW = View(text("weights.summary"), fits, draw, 60)
