"""Linear baselines: scikit-learn's logistic and ridge regression on standardised raw values.

Large data are subsampled, so that a baseline takes seconds. x [n ...] is read as vectors [n D] in
float64, whatever its type and scale: see `Even`.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from etude.results import Thinned
from etude.tasks.protocol import Arrays

MOST = 5000
"""Maximum number of training samples for a fit, evenly spaced over the split."""
LARGEST = 2000
"""Maximum number of values per sample; of larger samples, every k-th value is read."""
STEPS = 60
ALPHAS = np.logspace(-3, 3, 7)
"""Strengths of the ridge penalty; leave-one-out cross-validation selects one."""


def evenly(count: int, most: int) -> np.ndarray:
    """Indices [m] of at most `most` evenly spaced samples of `count`."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(int)


def thinning(train: Arrays) -> tuple[Thinned, ...]:
    """What to say of the linear baselines: that some training samples are left out, if so."""
    if len(train.y) <= MOST:
        return ()
    return (Thinned(kind="linear", used=MOST, samples=len(train.y)),)


def flat(x: np.ndarray) -> np.ndarray:
    """Samples as vectors [n D] of at most LARGEST values, in their own type."""
    # The stride is rounded up (-(-a // b)), so that at most LARGEST values remain.
    plain = np.asarray(x).reshape(len(x), -1)
    return np.asarray(plain[:, :: -(-plain.shape[1] // LARGEST)])


def plain(split: Arrays) -> Any:
    """Samples [n ...] as stored, but with zeros at the padded steps of sequences."""
    lengths = getattr(split, "lengths", None)
    if lengths is None:
        return split.x
    inside = np.arange(split.x.shape[1]) < np.asarray(lengths)[:, None]
    return np.where(inside[..., None], np.asarray(split.x), np.zeros((), split.x.dtype))


def away(x: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """x - origin in float64 [n D], exact for 64-bit integers that are close together."""
    # A 64-bit integer does not fit the 53 bits of float64, and the difference of two can overflow
    # int64. The upper and lower 32 bits are subtracted separately, which can do neither.
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8:
        half = x.dtype.type(32)
        mask = x.dtype.type(0xFFFFFFFF)
        upper = (x >> half).astype(np.int64) - (origin >> half).astype(np.int64)
        lower = (x & mask).astype(np.int64) - (origin & mask).astype(np.int64)
        return np.asarray(upper.astype(np.float64) * 2.0**32 + lower)
    return np.asarray(x.astype(np.float64) - origin.astype(np.float64))


class Even:
    """Standardises each value of a sample to mean 0 and standard deviation 1 over the training
    samples [n D]. A value that is constant in training becomes 0.

    It works for time stamps, 64-bit integers and standard deviations from 1e-200 to 1e200 without
    loss of digits or overflow.
    """

    def __init__(self, train: np.ndarray) -> None:
        # Subtracting a sample first keeps the digits of values with a large common offset. Dividing
        # by the largest distance keeps the squares in std() within the range of float64.
        self.origin = train[:1].copy()
        distance = away(train, self.origin)
        self.reach = np.abs(distance).max(0)
        self.reach[self.reach == 0] = np.inf  # x / inf is 0: a constant value has no information
        distance /= self.reach
        self.mean = distance.mean(0)
        spread = distance.std(0)
        self.spread = np.where(spread > 0, spread, 1.0)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Standardise samples [n D] by the training statistics; float64 [n D]."""
        return np.asarray((away(x, self.origin) / self.reach - self.mean) / self.spread)


@contextmanager
def quiet_fit() -> Iterator[None]:
    """Context manager that silences two warnings of scikit-learn which do not matter for a
    baseline: no convergence after STEPS iterations, and few samples for many classes."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        yield


def fit_rows(count: int, most: int, weights: np.ndarray | None) -> np.ndarray:
    """Indices [m] of at most `most` evenly spaced samples of `count`, none with weight 0."""
    if weights is None:
        return evenly(count, most)
    used = np.flatnonzero(weights)
    return np.asarray(used[evenly(len(used), most)])


def of_rows(weights: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """The weights of these samples; None if all count alike."""
    return None if weights is None else np.asarray(weights[rows])


def classes(train: Arrays, test: Arrays, weights: np.ndarray | None = None) -> np.ndarray:
    """Classes [n] that logistic regression predicts for the test samples. weights: of the training
    samples."""
    from sklearn.linear_model import LogisticRegression

    chosen = fit_rows(len(train.x), MOST, weights)
    y = train.y[chosen]
    # scikit-learn refuses to fit a single class.
    if len(np.unique(y)) < 2:
        return np.full(len(test.y), y[0])
    x = flat(plain(train)[chosen])
    even = Even(x)
    model = LogisticRegression(C=0.1, max_iter=STEPS)
    with quiet_fit():
        model.fit(even(x), y, sample_weight=of_rows(weights, chosen))
    return np.concatenate([model.predict(even(part)) for part in _blocks(plain(test))])


def values(train: Any, y: np.ndarray, test: Any, weights: np.ndarray | None = None) -> np.ndarray:
    """Values [n D] that ridge regression predicts for the test samples. weights: of the training
    samples."""
    chosen = fit_rows(len(train), MOST, weights)
    x = flat(train[chosen])
    even = Even(x)
    model = Ridge(even(x), y[chosen], of_rows(weights, chosen))
    return np.concatenate([model(even(part)) for part in _blocks(test)])


class Ridge:
    """Ridge regression of y [n D] on standardised x [n E], in the units of y.

    Leave-one-out cross-validation selects the strength (scikit-learn's RidgeCV). weights: of the
    samples [n].
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> None:
        from sklearn.linear_model import RidgeCV

        targets = y.reshape(len(y), -1).astype(np.float64)
        self.mean = np.average(targets, axis=0, weights=weights)
        centred = targets - self.mean
        # One penalty serves all outputs, so they are scaled to the same range first.
        self.reach = np.abs(centred).max(0)
        self.reach[self.reach == 0] = 1.0
        ridge, scaled = RidgeCV(alphas=ALPHAS), centred / self.reach
        self.model = ridge.fit(x, scaled, sample_weight=weights) if len(x) > 1 else None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Predictions [n D] in float64."""
        if self.model is None:  # one training sample: its own value is the only possible prediction
            return np.broadcast_to(self.mean, (len(x), len(self.mean)))
        predicted = self.model.predict(x).reshape(len(x), -1)
        return np.asarray(predicted * self.reach + self.mean)


def _blocks(x: Any) -> list[np.ndarray]:
    """Samples as vectors in blocks of MOST, which bounds the memory for float64 copies."""
    return [flat(x[start : start + MOST]) for start in range(0, len(x), MOST)]
