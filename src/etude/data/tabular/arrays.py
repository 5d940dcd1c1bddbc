"""A table as baselines read it: features for linear models, columns for trees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from etude.data.tabular.columns import Column, used
from etude.data.tabular.encode import Encode


@dataclass(frozen=True)
class TableArrays:
    """x: features [n D] float32. cells: [n C] float64, nan where a cell is empty, categories as
    level numbers. categorical: which columns are categories [C]. y: targets [n ...]. weights: of
    the rows [n], None if all count alike."""

    x: np.ndarray
    y: np.ndarray
    cells: np.ndarray
    categorical: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        columns: Sequence[Column],
        cells: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None,
    ) -> "TableArrays":
        """The rows [n C] of a table with these columns."""
        with torch.inference_mode():
            x = Encode(columns)(torch.from_numpy(cells)).numpy()
        categorical = np.array([column.kind == "category" for column in used(columns)])
        return cls(x, y, cells, categorical, weights)
