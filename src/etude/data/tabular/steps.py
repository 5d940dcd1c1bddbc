"""Columns of sequences: every step of a sequence is a row of a table, and its features are those of
the row. x [n L C] is zero beyond the lengths [n]."""

from collections.abc import Sequence

import numpy as np
import torch

from etude.data.rows import Rows, inside, valid, without_padding
from etude.data.tabular import encode
from etude.data.tabular.columns import Column

Held = tuple[np.ndarray | Rows, np.ndarray | None]
"""x of a split, and its lengths: rows [n C], or sequences [n L C]."""


def fitted(
    columns: Sequence[Column], splits: Sequence[Held]
) -> tuple[tuple[Column, ...], list[np.ndarray | Rows]]:
    """(columns as learned from the rows of the first split, x of all splits with the levels that
    are kept): `encode.fitted`, also for sequences."""
    tables = [x if x.ndim == 2 else valid(x[:], lengths) for x, lengths in splits]
    after, coded = encode.fitted(columns, *tables)
    result: list[np.ndarray | Rows] = []
    for (x, lengths), rows in zip(splits, coded, strict=True):
        if x.ndim == 2:
            result.append(rows)
            continue
        placed = np.zeros(x.shape)
        placed[inside(x[:], lengths)] = rows[:]
        result.append(placed)
    return after, result


def features(columns: Sequence[Column], x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """The features [n L D] float32 of sequences [n L C], zero beyond their lengths."""
    with torch.inference_mode():
        found = encode.Encode(columns)(torch.from_numpy(x)).numpy()
    return found if lengths is None else without_padding(found, lengths)
