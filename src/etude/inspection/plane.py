"""A plane through the latent space, and the codes that the autoencoder views share.

The plane is the latent space itself if codes have two numbers; else it is spanned by the first two
principal components of the codes.

codes [n D] · centre [D] · axes [2 D], orthonormal
"""

from dataclasses import dataclass

import numpy as np
import torch

from etude.inspection.subject import Subject, seeded
from etude.locale.texts import Sentence, text
from etude.render.style import Ink

MOST = 2000
"""Largest number of codes that a view draws, spread evenly over the test split."""


@dataclass(frozen=True)
class Plane:
    """A plane in the latent space. share: fraction of the codes' variance that lies in it."""

    centre: np.ndarray
    axes: np.ndarray
    share: float

    @classmethod
    def through(cls, codes: np.ndarray) -> "Plane":
        """The plane of codes [n D]."""
        # Two numbers need no projection: the axes of the picture are the numbers themselves.
        if codes.shape[1] == 2:
            return cls(np.zeros(2), np.eye(2), 1.0)
        if codes.shape[1] == 1:
            # The second axis is 0, so codes of one number lie on a horizontal line.
            return cls(np.zeros(1), np.array([[1.0], [0.0]]), 1.0)
        centre = codes.mean(0)
        # The right singular vectors of the centred codes are their principal components. A
        # covariance matrix would square the condition number.
        _, size, axes = np.linalg.svd(codes - centre, full_matrices=False)
        # An SVD leaves the sign of each axis open, and it differs between libraries. Making the
        # largest component positive gives the same picture everywhere.
        signs = np.sign(axes[[0, 1], np.abs(axes[:2]).argmax(1)])
        share = float((size[:2] ** 2).sum() / (size**2).sum())
        return cls(centre, axes[:2] * signs[:, None], share)

    def on(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n D] projected onto the plane, as points [n 2]."""
        return (codes - self.centre) @ self.axes.T  # type: ignore[no-any-return]

    def off(self, points: np.ndarray) -> np.ndarray:
        """Codes [n D] of points [n 2] of the plane."""
        return np.asarray(self.centre + points @ self.axes, np.float32)

    def names(self, ink: Ink) -> tuple[str, str]:
        """Labels of the two axes of a figure."""
        kind = "dimension" if self.share == 1.0 else "component"
        return ink.say(f"plane.{kind}.first"), ink.say(f"plane.{kind}.second")


def codes_of(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Codes [n D], without noise, of at most MOST test samples, and the indices of these samples
    [n]. They are computed once and shared by all views."""
    if "codes" not in subject.memo:
        subject.memo["codes"] = _codes_of(subject)
    codes, indices = subject.memo["codes"]
    return codes, indices


def _codes_of(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    model = subject.autoencoder
    indices = subject.spread(MOST)
    with torch.no_grad():
        parts = [
            model.embed(subject.test.take(indices[start : start + 500]).x).numpy()
            for start in range(0, len(indices), 500)
        ]
    return np.concatenate(parts), indices


def prior_of(subject: Subject, count: int) -> np.ndarray:
    """Samples of the prior [count D], the same in every call."""
    model = subject.autoencoder
    with seeded(), torch.no_grad():
        return model.prior(count, torch.device("cpu")).numpy()


def decoded(subject: Subject, codes: np.ndarray) -> np.ndarray:
    """Images [n C H W] in 0..1, decoded from codes [n D]."""
    model = subject.autoencoder
    with torch.no_grad():
        images = model.decode(torch.from_numpy(codes.astype(np.float32))).numpy()
    # From [-1, 1], the range of the decoder's Tanh, to 0..1.
    return np.asarray((images.clip(-1, 1) + 1) / 2)


def needs_codes(subject: Subject) -> Sentence:
    """ "" if the run is an autoencoder and its data can be loaded; else the reason."""
    return subject.data_problem if subject.has_codes else text("inspection.unfit.codes")
