"""Linear baselines: what can be had without any hidden unit. scikit-learn's, on raw values made
even by the training data; large data are thinned out, so that a baseline takes seconds.

x [n ...] is read as vectors [n D] in float64, whatever its type and scale: see `Even`
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from etude.tasks.protocol import Arrays

MOST = 5000
"""Training samples that a baseline is fitted to, evenly taken."""
LARGEST = 2000
"""Numbers in a sample; of larger ones, only every so many are read."""
STEPS = 60
ALPHAS = np.logspace(-3, 3, 7)
"""Strengths of a ridge, of which leaving one sample out chooses."""


def thinned(x: Any) -> tuple[np.ndarray, str]:
    """Indices [m] of at most MOST samples, and what is to be said of that."""
    if len(x) <= MOST:
        return np.arange(len(x)), ""
    chosen = np.linspace(0, len(x) - 1, MOST).round().astype(int)
    return chosen, f"linear baselines were fitted to {MOST:,} of {len(x):,} training samples"


def flat(x: Any) -> np.ndarray:
    """Samples as vectors [n D] of at most LARGEST numbers, in the type they have."""
    plain = np.asarray(x).reshape(len(x), -1)
    return np.asarray(plain[:, :: -(-plain.shape[1] // LARGEST)])


def plain(split: Arrays) -> Any:
    """Samples [n ...] as they are stored, but for zeros beyond each sequence's length, whatever
    stands there."""
    lengths = getattr(split, "lengths", None)
    if lengths is None:
        return split.x
    inside = np.arange(split.x.shape[1]) < np.asarray(lengths)[:, None]
    return np.where(inside[..., None], np.asarray(split.x), np.zeros((), split.x.dtype))


def joined(*notes: str) -> str:
    """Several notes as one."""
    return "; ".join(note for note in notes if note)


def away(x: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """x - origin in float64 [n D]. Exact for 64-bit integers that lie close together: their upper
    and lower halves are subtracted apart, so nothing is rounded or overflows before it is small."""
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8:
        half = x.dtype.type(32)
        mask = x.dtype.type(0xFFFFFFFF)
        upper = (x >> half).astype(np.int64) - (origin >> half).astype(np.int64)
        lower = (x & mask).astype(np.int64) - (origin & mask).astype(np.int64)
        return np.asarray(upper.astype(np.float64) * 2.0**32 + lower)
    return np.asarray(x.astype(np.float64) - origin.astype(np.float64))


class Even:
    """Brings each number of a sample to mean 0 and spread 1 over the training samples [n D].

    The first sample is taken away before anything is squared, and the largest distance from it
    divided out, so that time stamps, 64-bit integers and spreads of 1e-200 or 1e200 neither lose
    their digits nor leave float64. A number that never changes in training becomes 0.
    """

    def __init__(self, train: np.ndarray) -> None:
        self.origin = train[:1].copy()
        distance = away(train, self.origin)
        self.reach = np.abs(distance).max(0)
        self.reach[self.reach == 0] = np.inf  # x / inf is 0: what never changes tells nothing
        distance /= self.reach
        self.mean = distance.mean(0)
        spread = distance.std(0)
        self.spread = np.where(spread > 0, spread, 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Samples like those of training, made even, float64 [n D]."""
        return np.asarray((away(x, self.origin) / self.reach - self.mean) / self.spread)


@contextmanager
def quiet_fit() -> Iterator[None]:
    """Inside, scikit-learn does not say what a baseline is not meant to mend: that a fit of STEPS
    steps has not converged, or that there are few samples for so many classes."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        yield


def classes(train: Arrays, test: Arrays) -> tuple[np.ndarray, str]:
    """What logistic regression says of the test samples [n], and a note."""
    from sklearn.linear_model import LogisticRegression

    chosen, note = thinned(train.x)
    y = train.y[chosen]
    if len(np.unique(y)) < 2:
        return np.full(len(test.y), y[0]), note
    x = flat(plain(train)[chosen])
    even = Even(x)
    model = LogisticRegression(C=0.1, max_iter=STEPS)
    with quiet_fit():
        model.fit(even(x), y)
    return np.concatenate([model.predict(even(part)) for part in _blocks(plain(test))]), note


def values(train: Any, y: np.ndarray, test: Any) -> tuple[np.ndarray, str]:
    """What ridge regression says of test samples [n D], its strength chosen by leaving one out,
    and a note."""
    chosen, note = thinned(train)
    x = flat(train[chosen])
    even = Even(x)
    model = Ridge(even(x), y[chosen])
    return np.concatenate([model(even(part)) for part in _blocks(test)]), note


class Ridge:
    """Ridge regression of y [n D] on x [n E], made even already, its strength chosen by leaving one
    out (scikit-learn's RidgeCV); targets are made even inside, and predicted in their own units."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        from sklearn.linear_model import RidgeCV

        plain = y.reshape(len(y), -1).astype(np.float64)
        self.mean = plain.mean(0)
        far = plain - self.mean
        self.reach = np.abs(far).max(0)
        self.reach[self.reach == 0] = 1.0
        self.model = RidgeCV(alphas=ALPHAS).fit(x, far / self.reach) if len(x) > 1 else None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Predictions [n D] in float64."""
        if self.model is None:  # one sample: nothing but its own value can be said
            return np.broadcast_to(self.mean, (len(x), len(self.mean)))
        said = self.model.predict(x).reshape(len(x), -1)
        return np.asarray(said * self.reach + self.mean)


def _blocks(x: Any) -> list[np.ndarray]:
    """Samples as vectors, some thousand at a time."""
    return [flat(x[start : start + MOST]) for start in range(0, len(x), MOST)]
