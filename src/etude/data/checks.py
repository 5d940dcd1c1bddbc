"""Leak checks: whether the test can say more than is true. Part of every result."""

from typing import Any

import numpy as np

from etude.data import twins
from etude.data.dataset import Dataset, Split


def checks(data: Dataset) -> dict[str, Any]:
    """shared: test samples that are in the training data too, byte for byte, of looked_at. first,
    last: where the test begins and training ends, if a forecast's samples say when. classes:
    training samples by class."""
    target = data.card.target

    def digests(split: Split) -> np.ndarray:
        if split.digests is not None:
            return split.digests
        return twins.digests(split.x, split.lengths, None if target == "class" else split.y)

    shared = int(np.isin(digests(data.test), digests(data.train)).sum())
    found: dict[str, Any] = {"shared": shared, "looked_at": len(data.test)}
    if target == "forecast" and data.train.names and data.test.names:
        found["last"] = max(name.split(" to ")[-1] for name in data.train.names)
        found["first"] = min(name.split(" to ")[0] for name in data.test.names)
    if target == "class":
        counts = np.bincount(data.train.y, minlength=len(data.card.classes))
        found["classes"] = dict(zip(data.card.classes, counts.tolist()))
    return found
