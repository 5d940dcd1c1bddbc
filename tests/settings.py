"""Complete training settings and results for tests, which name only what they are about."""

from typing import Any

from etude.recipe import Train
from etude.results import RunResult

PLAIN = {
    "epochs": 1, "batch_size": 8, "optimizer": "adam", "lr": 1e-3, "weight_decay": 0.0,
    "schedule": "constant", "warmup": 0.0, "clip": 0.0, "patience": 0, "precision": "fp32",
    "compile": "off", "memory_format": "contiguous", "save_seconds": 15.0, "device": "cpu",
    "threads": 1,
}  # fmt: skip


RESULT = {
    "event": "end", "model": "mlp", "data": "d", "task": "classify", "goal": "accuracy",
    "test": {"accuracy": 0.9}, "baseline": {"all": [{"kind": "x", "score": 0.5}]}, "notes": [],
    "parameters": 5, "epochs": 2, "best_epoch": 1, "top_epoch": 1,
}  # fmt: skip


def result(**fields: Any) -> RunResult:
    """`RESULT` with these fields."""
    return RunResult.read({**RESULT, **fields})


def train(**fields: Any) -> Train:
    """`PLAIN` with these fields."""
    return Train.read({**PLAIN, **fields})
