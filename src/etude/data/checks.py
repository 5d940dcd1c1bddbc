"""Leak checks: whether the test can say more than is true. Part of every result."""

from typing import Any

import numpy as np

from etude.data.dataset import Dataset, digests


def checks(data: Dataset) -> dict[str, Any]:
    """shared: test samples that are in the training data too, byte for byte, of looked_at. first,
    last: where the test begins and training ends, if a forecast's samples say when. classes:
    training samples by class."""
    target = data.card.target
    shared = int(np.isin(digests(data.test, target), digests(data.train, target)).sum())
    found: dict[str, Any] = {"shared": shared, "looked_at": len(data.test)}
    if target == "forecast" and data.train.names and data.test.names:
        found["last"] = max(name.split(" to ")[-1] for name in data.train.names)
        found["first"] = min(name.split(" to ")[0] for name in data.test.names)
    if target == "class":
        counts = np.bincount(data.train.y, minlength=len(data.card.classes))
        found["classes"] = dict(zip(data.card.classes, counts.tolist()))
    return found
