"""Tree baseline of tables: scikit-learn's histogram gradient boosting with its own defaults.

It reads the columns as they are: empty cells and categories are its own business (G. Ke et al.,
"LightGBM", 2017).
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from etude.results import Thinned
from etude.tasks.linear import fit_rows, of_rows

MOST = 100_000
"""Maximum number of training rows for a fit, evenly spaced over the split."""


@runtime_checkable
class TableRows(Protocol):
    """Rows of a table: cells [n C] float64, nan where empty, an array or rows on disk that index
    alike; categorical [C]; y [n ...]."""

    cells: Any
    categorical: np.ndarray
    y: np.ndarray


def thinning(train: TableRows) -> tuple[Thinned, ...]:
    """What to say of this baseline: that some training rows are left out, if so."""
    if len(train.y) <= MOST:
        return ()
    return (Thinned(kind="boosting", used=MOST, samples=len(train.y)),)


def classes(train: TableRows, test: TableRows, weights: np.ndarray | None = None) -> np.ndarray:
    """Classes [n] that boosted trees predict for the test rows. weights: of the training rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = fit_rows(len(train.y), MOST, weights)
    y = train.y[rows]
    if len(np.unique(y)) < 2:  # scikit-learn refuses to fit a single class
        return np.full(len(test.y), y[0])
    model = HistGradientBoostingClassifier(
        categorical_features=train.categorical, random_state=0
    ).fit(train.cells[rows], y, of_rows(weights, rows))
    return _predicted(model, test.cells)


def values(train: TableRows, test: TableRows, weights: np.ndarray | None = None) -> np.ndarray:
    """Values [n D] that boosted trees predict for the test rows, one fit for each output. weights:
    of the training rows."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = fit_rows(len(train.y), MOST, weights)
    columns = []
    for output in range(train.y.shape[1]):
        model = HistGradientBoostingRegressor(
            categorical_features=train.categorical, random_state=0
        ).fit(train.cells[rows], train.y[rows, output], of_rows(weights, rows))
        columns.append(_predicted(model, test.cells))
    return np.stack(columns, axis=1)


def _predicted(model: Any, cells: Any) -> np.ndarray:
    """Predictions [n] for rows, in pieces because the rows may be on disk."""
    starts = range(0, len(cells), MOST)
    return np.concatenate([model.predict(cells[start : start + MOST]) for start in starts])
