"""A baseline for sequences: ridge regression on the features of many random convolutions (ROCKET).

Source: A. Dempster, F. Petitjean, G. I. Webb, "ROCKET: Exceptionally Fast and Accurate Time Series
Classification Using Random Convolutional Kernels", 2020, section 3.1; for several features per
step, as in the authors' multivariate code. Only the ridge regression is trained, and it is often as
good as a network.

    x [n L Q] -> features [n 2K] of K kernels: the maximum, and the fraction of positive outputs

Differences from the paper: values are standardised per feature over the training data, not per
sequence, so that their level counts; there are as many kernels as about two seconds on one core
allow, not 10,000, and if data are too large even for FEWEST kernels, only every k-th step is read;
a kernel that is wider than the sequences always has padding; sequences may have lengths, and each
is treated as if it ended there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from etude.results import Thinned
from etude.tasks.linear import Even, Ridge, fit_rows, of_rows
from etude.tasks.protocol import Arrays

SIZES = (7, 9, 11)
FEWEST, MOST = 50, 2000
"""Minimum and maximum number of kernels."""
FITTED = 2000
"""Maximum number of training sequences for the ridge regression, evenly spaced over the split."""
PRODUCTS = 1.5e9
"""Budget of multiplications for all convolutions, about a second on one core."""
SOLVED = 2e9
"""Budget of multiplications for the ridge's decomposition, about a second on one core."""
BLOCK = 1 << 22
"""Maximum number of outputs of a group's convolution in memory at once."""


@dataclass(frozen=True)
class Group:
    """Kernels of equal size, dilation and padding, computed in one convolution.

    weights [k Q size], zero for features that a kernel does not read; bias [k].
    """

    weights: np.ndarray
    bias: np.ndarray
    dilation: int
    padding: int


def is_sequences(split: Arrays) -> bool:
    """Whether samples are sequences [L Q]."""
    return len(split.x.shape) == 3


def kernels(count: int, length: int, features: int, seed: int = 0) -> list[Group]:
    """`count` random kernels for sequences of `length` steps with Q `features`.

    size 7, 9 or 11; weights N(0, 1), centred per feature; bias U(-1, 1); dilation floor(2^a) with a
    from U(0, log2((length - 1) / (size - 1))); half padding or none with equal probability. A
    kernel reads floor(2^b) features, b from U(0, log2(min(Q, size) + 1)).
    """
    # The order of the calls below fixes the kernels of a seed.
    random = np.random.Generator(np.random.Philox(seed))
    by_form: dict[tuple[int, int, int], list[tuple[np.ndarray, float]]] = {}
    for _ in range(count):
        size = int(random.choice(SIZES))
        reach = np.log2(max((length - 1) / (size - 1), 1.0))
        dilation = int(2 ** random.uniform(0, reach))
        span = (size - 1) * dilation
        pads = random.random() < 0.5 or span >= length
        read = int(2 ** random.uniform(0, np.log2(min(features, size) + 1)))
        chosen = random.choice(features, min(read, features), replace=False)
        weights = np.zeros((features, size))
        normal = random.normal(size=(len(chosen), size))
        weights[chosen] = normal - normal.mean(1, keepdims=True)
        key = (size, dilation, span // 2 if pads else 0)
        by_form.setdefault(key, []).append((weights, random.uniform(-1, 1)))
    return [
        Group(np.stack([w for w, _ in each]), np.array([b for _, b in each]), dilation, padding)
        for (_, dilation, padding), each in by_form.items()
    ]


def transform(x: np.ndarray, lengths: np.ndarray, groups: list[Group]) -> np.ndarray:
    """Features [n 2K], group by group: the maxima, then the fractions of positive outputs.

    x [n L Q], zero beyond lengths [n]. If a sequence is shorter than a kernel without padding,
    there is no output, and both features are 0.
    """
    features = []
    for group in groups:
        # As many sequences at once as keep the convolution's output below BLOCK numbers.
        step = max(1, BLOCK // (x.shape[1] * len(group.bias)))
        parts = [
            _features(x[start : start + step], lengths[start : start + step], group)
            for start in range(0, len(x), step)
        ]
        features.append(np.concatenate(parts))
    return np.concatenate(features, axis=1)


def _features(x: np.ndarray, lengths: np.ndarray, group: Group) -> np.ndarray:
    """Features [n 2k] of one group of kernels."""
    span = (group.weights.shape[2] - 1) * group.dilation
    short = max(0, span + 1 - (x.shape[1] + 2 * group.padding))  # torch needs at least one output
    inputs = torch.from_numpy(np.pad(x, ((0, 0), (0, short), (0, 0)))).mT.float()
    out = F.conv1d(
        inputs,
        torch.from_numpy(group.weights).float(),
        torch.from_numpy(group.bias).float(),
        padding=group.padding,
        dilation=group.dilation,
    )  # [n k T]
    # The number of outputs of each sequence as if it ended at its length; 0 or less means none. The
    # outputs beyond come from the batch's padding and must not count.
    ends = torch.from_numpy(lengths + 2 * group.padding - span)[:, None]
    beyond = (torch.arange(out.shape[2]) >= ends)[:, None]
    largest = out.masked_fill(beyond, -torch.inf).amax(2)
    positive = ((out > 0) & ~beyond).sum(2) / ends.clamp(min=1)
    largest = torch.where(ends > 0, largest, 0.0)
    return torch.cat((largest, positive), 1).double().numpy()


class Features:
    """Fits the scaling and the kernels to training sequences and computes features of any split.

    rows: indices of the training samples to use. samples: number of sequences to be transformed
    later; with their size it determines the number of kernels.
    """

    def __init__(self, train: Arrays, rows: np.ndarray, samples: int, seed: int = 0) -> None:
        _, length, features = train.x.shape
        every = samples * length * features * float(np.mean(SIZES))  # multiplications of one kernel
        # If even FEWEST kernels exceed the budget, only every stride-th step is read.
        self.stride = int(np.ceil(every * FEWEST / PRODUCTS))
        x, lengths = self._read(train, rows)
        self.even = Even(x[_inside(x, lengths)])
        # A ridge of n samples and p features takes n p min(n, p) multiplications, so p is at most
        # SOLVED / n^2 or, where p < n, the root of SOLVED / n. A kernel gives two features.
        widest = max(SOLVED / len(x) ** 2, (SOLVED / len(x)) ** 0.5)
        count = int(min(MOST, max(FEWEST, min(PRODUCTS * self.stride / every, widest / 2))))
        self.groups = kernels(count, int(np.median(lengths)), features, seed)
        self.scale: Even | None = None
        self.train = self._scaled(x, lengths)

    def _read(self, split: Arrays, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Every `stride`-th step of sequences [n L Q], and the lengths of the result."""
        # Rounded up: step 0 is always read, so no sequence becomes empty.
        lengths = -(-lengths_of(split)[rows] // self.stride)
        return np.asarray(split.x[rows])[:, :: self.stride], lengths

    def _scaled(self, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Standardised features [n 2K]; the first call, with training data, fits their scaling."""
        inside = _inside(x, lengths)
        # Padded steps stay 0, the mean of standardised values.
        plain = np.zeros(x.shape, np.float32)
        plain[inside] = self.even(x[inside])
        features = transform(plain, lengths, self.groups)
        self.scale = self.scale or Even(features)
        return self.scale(features)

    def of(self, split: Arrays) -> np.ndarray:
        """Features [n 2K] of all samples of a split, standardised by those of training."""
        starts = range(0, len(split.x), FITTED)
        parts = [self._scaled(*self._read(split, slice(at, at + FITTED))) for at in starts]
        return np.concatenate(parts)


def lengths_of(split: Any) -> np.ndarray:
    """Valid steps of each sequence [n]."""
    lengths = getattr(split, "lengths", None)
    whole = np.full(len(split.x), split.x.shape[1], np.int64)
    return whole if lengths is None else np.asarray(lengths)


def _inside(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Whether each step is valid: bool [n L]."""
    return np.asarray(np.arange(x.shape[1]) < lengths[:, None])


def thinning(train: Arrays) -> tuple[Thinned, ...]:
    """What to say of this baseline: that some training samples are left out, if so."""
    if len(train.y) <= FITTED:
        return ()
    return (Thinned(kind="rocket", used=FITTED, samples=len(train.y)),)


def _predicted(
    train: Arrays, test: Arrays, y: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Predictions [n D] of ridge regression on the features for the test samples.
    y [n D], weights [n]: of the training samples."""
    rows = fit_rows(len(train.x), FITTED, weights)
    features = Features(train, rows, len(rows) + len(test.y))
    return Ridge(features.train, y[rows], of_rows(weights, rows))(features.of(test))


def classes(train: Arrays, test: Arrays, weights: np.ndarray | None = None) -> np.ndarray:
    """The predicted class of each test sample [n].

    A ridge regression has one output per class, fitted to 1 for the true class and -1 for the
    others; the largest output decides. weights: of the training samples.
    """
    # Only classes that occur in training have an output, so their indices are mapped back.
    labels = np.unique(train.y)
    outputs = _predicted(train, test, np.where(train.y[:, None] == labels, 1.0, -1.0), weights)
    return np.asarray(labels[outputs.argmax(1)])


def values(train: Arrays, test: Arrays, weights: np.ndarray | None = None) -> np.ndarray:
    """Values [n D] that the ridge regression predicts for the test samples. weights: of the
    training samples."""
    return _predicted(train, test, train.y.reshape(len(train.y), -1), weights)
