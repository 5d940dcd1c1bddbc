"""A plane through the space of codes: the codes' own where they have two numbers, else the plane of
largest spread (principal components).

codes [n D] · centre [D] · axes [2 D], of length one and at right angles
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from etude.inspection.subject import Subject, seeded

MOST = 2000
"""Codes that are drawn, spread over the test split."""


@dataclass(frozen=True)
class Plane:
    """share: how much of the codes' variance lies in it."""

    centre: np.ndarray
    axes: np.ndarray
    share: float

    @classmethod
    def through(cls, codes: np.ndarray) -> "Plane":
        """The plane of codes [n D]."""
        if codes.shape[1] == 2:
            return cls(np.zeros(2), np.eye(2), 1.0)
        if codes.shape[1] == 1:
            return cls(np.zeros(1), np.array([[1.0], [0.0]]), 1.0)
        centre = codes.mean(0)
        _, size, axes = np.linalg.svd(codes - centre, full_matrices=False)
        # The sign of an axis is arbitrary: its largest number is made positive.
        signs = np.sign(axes[[0, 1], np.abs(axes[:2]).argmax(1)])
        share = float((size[:2] ** 2).sum() / (size**2).sum())
        return cls(centre, axes[:2] * signs[:, None], share)

    def on(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n D] as points of the plane [n 2]."""
        return (codes - self.centre) @ self.axes.T  # type: ignore[no-any-return]

    def off(self, points: np.ndarray) -> np.ndarray:
        """Points of the plane [n 2] as codes [n D]."""
        return np.asarray(self.centre + points @ self.axes, np.float32)

    def names(self) -> tuple[str, str]:
        """What the axes are called."""
        if self.share == 1.0:
            return "first number of the code", "second number"
        return "first principal component", "second principal component"


def codes_of(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Codes [n D] without noise of at most MOST test samples, and which these are [n]; computed
    once for all views."""
    if "codes" not in subject.memo:
        subject.memo["codes"] = _codes_of(subject)
    codes, chosen = subject.memo["codes"]
    return codes, chosen


def _codes_of(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    model: Any = subject.model
    chosen = subject.spread(MOST)
    with torch.no_grad():
        parts = [
            model.embed(subject.test.take(chosen[start : start + 500]).x).numpy()
            for start in range(0, len(chosen), 500)
        ]
    return np.concatenate(parts), chosen


def prior_of(subject: Subject, count: int) -> np.ndarray:
    """Draws of the prior [count D], the same each time."""
    model: Any = subject.model
    with seeded(), torch.no_grad():
        return model.prior(count, torch.device("cpu")).numpy()  # type: ignore[no-any-return]


def decoded(subject: Subject, codes: np.ndarray) -> np.ndarray:
    """Images in 0..1 [n C H W] of codes [n D]."""
    model: Any = subject.model
    with torch.no_grad():
        images = model.decode(torch.from_numpy(codes.astype(np.float32))).numpy()
    return np.asarray((images.clip(-1, 1) + 1) / 2)


def needs_codes(subject: Subject) -> str:
    """ "" for autoencoders whose data are at hand."""
    return subject.absent if subject.task.name == "autoencode" else "the run has no codes"
