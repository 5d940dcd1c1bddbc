"""Predict with a trained run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etude.verbs.load import load


def predict(path: Path | str, inputs: Sequence[str]) -> list[dict[str, Any]]:
    """The predictions of a finished run for files, folders or numbers: one mapping per sample.

    Raises RunError for an unfinished run, DataError for inputs that it cannot read.
    """
    return load(path).predict(list(inputs))
