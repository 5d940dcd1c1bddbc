"""A table as baselines read it: features for linear models, columns for trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from etude.data.rows import Rows
from etude.data.tabular.columns import Column, used
from etude.data.tabular.encode import Encode, widths

FEATURES, BASELINES = 512 << 20, 32 << 20
"""Bytes of features beyond which they are computed when they are read, as one-hot features can take
thirty times the memory of their column: for training, and for baselines, which read few rows."""
BLOCK = 8192
"""Rows whose features are computed together."""


class Features:
    """The features [n D] float32 of rows [n C], computed for the rows that are read."""

    dtype = np.dtype(np.float32)

    def __init__(self, columns: Sequence[Column], cells: np.ndarray | Rows) -> None:
        self.encode, self.cells = Encode(columns), cells
        self.shape = (len(cells), sum(widths(columns)))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        cells = self.cells[rows]
        result: np.ndarray = np.empty((len(cells), self.shape[1]), np.float32)
        with torch.inference_mode():
            for start in range(0, len(cells), BLOCK):
                part = torch.from_numpy(cells[start : start + BLOCK])
                result[start : start + BLOCK] = self.encode(part).numpy()
        return result

    @property
    def bytes(self) -> int:
        """The memory that all of them would take."""
        return 4 * self.shape[0] * self.shape[1]

    @property
    def large(self) -> bool:
        """Whether all features together are too large for memory."""
        return isinstance(self.cells, Rows) or self.bytes > FEATURES


@dataclass(frozen=True)
class TableArrays:
    """x: features [n D] float32. cells: [n C] float64, nan where a cell is empty, categories as
    level numbers. categorical: which columns are categories [C]. y: targets [n ...]. weights: of
    the rows [n], None if all count alike."""

    x: np.ndarray | Features
    y: np.ndarray
    cells: np.ndarray | Rows
    categorical: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        columns: Sequence[Column],
        cells: np.ndarray | Rows,
        y: np.ndarray,
        weights: np.ndarray | None,
    ) -> "TableArrays":
        """The rows [n C] of a table with these columns."""
        features = Features(columns, cells)
        categorical = np.array([column.kind == "category" for column in used(columns)])
        x = features if features.bytes > BASELINES else features[:]
        return cls(x, y, cells, categorical, weights)
