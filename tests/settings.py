"""Complete training settings for tests, which name only the fields that they are about."""

from typing import Any

from etude.recipe import Train

PLAIN = {
    "epochs": 1, "batch_size": 8, "optimizer": "adam", "lr": 1e-3, "weight_decay": 0.0,
    "schedule": "constant", "warmup": 0.0, "clip": 0.0, "patience": 0, "precision": "fp32",
    "compile": "off", "memory_format": "contiguous", "save_seconds": 15.0, "device": "cpu",
    "threads": 1,
}  # fmt: skip


def train(**fields: Any) -> Train:
    """`PLAIN` with these fields."""
    return Train.read({**PLAIN, **fields})
