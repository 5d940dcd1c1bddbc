"""Calibration: does the predicted probability match the accuracy?

Source: C. Guo et al., "On Calibration of Modern Neural Networks", 2017, section 2: the reliability
diagram, and the expected calibration error (equation 3).
"""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.style import Ink, legend
from etude.render.ticks import log_scale
from etude.stats import wilson

BINS = 10


def fits(subject: Subject) -> Sentence:
    """ "" for classifiers with available data."""
    if subject.task.predicts != "classes":
        return text("inspection.unfit.classifier")
    return subject.data_problem


def reliability(
    sure: np.ndarray, right: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, accuracy and count of each bin of equal width [bins]; NaN if a bin is empty.

    sure [n]: probability of the predicted class; right [n]: whether the prediction is correct.
    """
    # A probability of exactly 1 belongs to the last bin, not to one beyond it.
    where = np.minimum((sure * bins).astype(int), bins - 1)
    count = np.bincount(where, minlength=bins)
    # 0 / 0 in an empty bin gives the NaN that the docstring promises.
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(where, sure, bins) / count
        accuracy = np.bincount(where, right, bins) / count
    return confidence, accuracy, count


def calibration_error(confidence: np.ndarray, accuracy: np.ndarray, count: np.ndarray) -> float:
    """Mean absolute gap between confidence and accuracy, each bin weighted by its samples."""
    # An empty bin has weight 0, but 0 * NaN would make the whole sum NaN.
    gap = np.nan_to_num(np.abs(accuracy - confidence))
    return float((gap * count).sum() / count.sum())


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the reliability diagram, and below it the number of samples per bin."""
    sure, predicted = subject.predictions
    right = predicted == subject.data.test.y
    confidence, accuracy, count = reliability(sure, right)
    error = calibration_error(confidence, accuracy, count)
    # Wilson's interval, because the normal approximation has no width at an accuracy of 0 or 1,
    # which bins with few samples often have.
    intervals = [wilson(round(a * n), int(n)) for a, n in zip(accuracy, count) if n]
    low, high = np.array(intervals).T
    # Rounding can put an end of the interval past the accuracy; errorbar refuses negative lengths.
    spread = np.maximum((accuracy[count > 0] - low, high - accuracy[count > 0]), 0)
    middles, some = (np.arange(BINS) + 0.5) / BINS, count > 0

    def paint(figure: Figure, ink: Ink) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        perfect = {"color": ink.edge, "linewidth": 1.2, "label": ink.say("calibration.perfect")}
        top.plot([0, 1], [0, 1], "--", **perfect)
        dots = {"color": ink.lines[0], "fmt": "o", "markersize": 4, "capsize": 2}
        label = ink.say("calibration.network")
        # At the mean confidence of a bin, not at its middle: the distance to the diagonal is then
        # the gap that the calibration error averages.
        top.errorbar(confidence[some], accuracy[some], spread, label=label, **dots)
        top.set(ylabel=ink.metric("accuracy"), ylim=(-0.03, 1.03))
        legend(top, 2)
        bottom.bar(middles, count, 0.9 / BINS, color=ink.lines[0])
        label = ink.say("calibration.confidence")
        bottom.set(xlabel=label, ylabel=ink.say("calibration.samples"), xlim=(0, 1))
        # The last bin of a good classifier has almost all samples.
        log_scale(bottom.yaxis)
        bottom.set_ylim(
            0.5, 2 * count.max()
        )  # a logarithmic axis that starts at 1 would hide bins of one sample

    mean, share = float(sure.mean()), float(right.mean())
    # A difference of less than one percentage point counts as calibrated.
    verdict = "over" if mean > share + 0.01 else "under" if mean < share - 0.01 else "even"
    alt = subject.say("calibration.alt", count=len(sure))
    note = notice(
        subject, f"calibration.notice.{verdict}",
        points=100 * abs(mean - share), sure=mean, right=share, error=100 * error,
    )  # fmt: skip
    arrays: dict[str, ArrayLike] = {
        "confidence": confidence,
        "accuracy": accuracy,
        "count": count,
        "error": error,
    }
    return [view_picture(subject, "calibration", alt, paint, (4.8, 4.4), note, **arrays)]


VIEW = View(text("calibration.summary"), fits, draw, 30)
