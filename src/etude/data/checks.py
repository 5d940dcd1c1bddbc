"""Leak checks: whether test samples are in the training data, and how many samples each class has.
Part of every result."""

import numpy as np

from etude.data.dataset import Dataset, digests
from etude.system.limits import Plain


def checks(data: Dataset) -> Plain:
    """The checks of a data set.

    shared: of `looked_at` test samples, how many are byte for byte in the training data too.
    first, last: in forecasting, where the test begins and where training ends, if the samples have
    names. classes: the number of training samples of each class.
    """
    target = data.card.target
    shared = int(np.isin(digests(data.test, target), digests(data.train, target)).sum())
    result: Plain = {"shared": shared, "looked_at": len(data.test)}
    if target == "forecast" and data.train.names and data.test.names:
        # A name is "FIRST to LAST", and names sort in order of time.
        result["last"] = max(name.split(" to ")[-1] for name in data.train.names)
        result["first"] = min(name.split(" to ")[0] for name in data.test.names)
    if target == "class":
        counts = np.bincount(data.train.y, minlength=len(data.card.classes))
        result["classes"] = dict(zip(data.card.classes, counts.tolist()))
    return result
