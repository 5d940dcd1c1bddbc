"""How large weights and gradients are, by layer, over the time of training.

histograms of log10 |x| -> at each moment the median, and the bands that hold 50 and 90 % of what is
not zero
"""

from typing import Any

import numpy as np

from etude.errors import RunError
from etude.inspection.subject import Subject
from etude.inspection.view import Notice, Shown, View, notice, shown
from etude.render.labels import short
from etude.render.style import Ink, log_scale, whole

COLUMNS = 6
LOW, HIGH = -9.0, 3.0  # of training.weight_histograms
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
SAID = 0.005
"""Share of zeros at the end from which it is written."""


def fits(subject: Subject) -> str:
    """Runs that kept moments of training."""
    if not any(True for _ in subject.folder.snapshots_of("weights")):
        return "no moments of training were kept"
    return ""


def quantiles(share: np.ndarray) -> np.ndarray:
    """LEVELS of the magnitudes that are not zero, [n bins moments] -> [n 5 moments]; NaN where all
    are. Inside a bin of log10 |x| they are taken to be spread evenly."""
    some = share.copy()
    some[:, 0] = 0  # zeros, and what is below 1e-9
    total = some.sum(1)
    up = np.concatenate((np.zeros_like(total)[:, None], some.cumsum(1)), 1)  # at the bins' edges
    edges = np.linspace(LOW, HIGH, share.shape[1] + 1)
    found = np.full((len(share), len(LEVELS), share.shape[2]), np.nan)
    for layer, moment in zip(*np.nonzero(total)):
        rising = up[layer, :, moment] / total[layer, moment]
        keep = np.concatenate(([True], np.diff(rising) > 0))
        keep[:-1] |= keep[1:]  # the lower edge of a bin in use
        found[layer, :, moment] = 10 ** np.interp(LEVELS, rising[keep], edges[keep])
    return found


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
    if not (weights.any() or gradients.any()):
        raise RunError(f"{subject.folder.path}: its moments are empty; it is damaged.")
    some = np.unique(np.linspace(0, len(names) - 1, min(COLUMNS, len(names))).round().astype(int))
    bands = {"weights": quantiles(weights**2), "gradients": quantiles(gradients**2)}
    zeros = {"weights": weights[:, 0, -1] ** 2, "gradients": gradients[:, 0, -1] ** 2}

    def paint(figure: Any, ink: Ink) -> None:
        grid = figure.subplots(2, len(some), squeeze=False, sharex=True, sharey="row")
        for row, (word, index) in zip(grid, (("weights", 0), ("gradients", 1))):
            for axes, layer in zip(row, some):
                _paint_band(axes, ink, epochs, bands[word][layer], index)
                if zeros[word][layer] >= SAID:
                    note = {"transform": axes.transAxes, "fontsize": 7, "va": "bottom"}
                    axes.text(0.03, 0.02, f"{zeros[word][layer]:.0%} are 0", **note)
            row[0].set_ylabel(f"size of {word}")
            log_scale(row[0].yaxis)
        for axes, layer in zip(grid[0], some):
            axes.set_title(
                short(names[layer].removesuffix(".weight"), 6.2 / len(some), 7.5), fontsize=7.5
            )
        for axes in grid[1]:
            axes.set_xlabel("epoch")
            whole(axes.xaxis)

    alt = subject.say("weights.alt", layers=len(some), total=len(names), epochs=int(epochs[-1]))
    title, said = subject.say("weights.title"), _notice(subject, names, bands["gradients"])
    arrays = {"names": names, "epoch": epochs, "weights": weights, "gradients": gradients}
    arrays |= {f"{word}_bands": found for word, found in bands.items()}
    return [shown("weights", title, alt, paint, (7.6, 4.2), said, **arrays)]


def _paint_band(axes: Any, ink: Ink, epochs: np.ndarray, found: np.ndarray, index: int) -> None:
    """Bands and median of one layer [5 moments]."""
    color = ink.lines[index]
    for (low, high), alpha in (((0, 4), 0.2), ((1, 3), 0.35)):
        axes.fill_between(epochs, found[low], found[high], color=color, alpha=alpha, linewidth=0)
    axes.plot(epochs, found[2], color=color, marker="o" if len(epochs) <= 12 else "", markersize=3)


def _notice(subject: Subject, names: list[str], gradients: np.ndarray) -> Notice:
    """The layers of the largest and of the smallest median gradient at the end."""
    last = gradients[:, 2, -1]
    if np.isnan(last).all():
        return notice(subject, "weights.notice.none", layers=len(names))
    most, least = int(np.nanargmax(last)), int(np.nanargmin(last))
    called = [short(names[i].removesuffix(".weight"), 3) for i in (most, least)]
    return notice(
        subject, "weights.notice", most=called[0], least=called[1],
        times=float(last[most] / last[least]), high=float(last[most]), low=float(last[least]),
    )  # fmt: skip


VIEW = View("how large weights and gradients are, by layer, while it learned", fits, draw, 60)
