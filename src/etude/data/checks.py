"""Leak checks: whether the test can say more than is true. Part of every result."""

import hashlib
from typing import Any

import numpy as np

from etude.data.dataset import Dataset, Split
from etude.data.rows import blocks


def checks(data: Dataset) -> dict[str, Any]:
    """shared: test samples that are in the training data too, byte for byte, of looked_at. first,
    last: where the test begins and training ends, if a forecast's samples say when. classes:
    training samples by class."""
    target = data.card.target
    known = _digests(data.train, target != "class")
    found: dict[str, Any] = {
        "shared": sum(each in known for each in _digests_in_order(data.test, target != "class")),
        "looked_at": len(data.test),
    }
    if target == "forecast" and data.train.names and data.test.names:
        found["last"] = max(name.split(" to ")[-1] for name in data.train.names)
        found["first"] = min(name.split(" to ")[0] for name in data.test.names)
    if target == "class":
        counts = np.bincount(data.train.y, minlength=len(data.card.classes))
        found["classes"] = dict(zip(data.card.classes, counts.tolist()))
    return found


def _digests(split: Split, with_target: bool) -> set[bytes]:
    return set(_digests_in_order(split, with_target))


def _digests_in_order(split: Split, with_target: bool) -> list[bytes]:
    """What tells each sample from others. Values to predict may well repeat, so there a sample is
    its input and its target together."""
    found = []
    for start, block in blocks(split.x):
        for i, sample in enumerate(np.ascontiguousarray(block), start):
            valid = sample if split.lengths is None else sample[: split.lengths[i]]
            made = hashlib.blake2b(valid.tobytes(), digest_size=8)
            if with_target:
                made.update(np.ascontiguousarray(split.y[i]).tobytes())
            found.append(made.digest())
    return found
