"""Linear baselines: what can be had without any hidden unit. scikit-learn's, on raw values made
even by the training data; large data are thinned out, so that a baseline takes seconds.

x [n ...] is read as vectors [n D]
"""

import warnings
from typing import Any

import numpy as np

from etude.tasks.protocol import Arrays

MOST = 5000
"""Training samples that a baseline is fitted to, evenly taken."""
LARGEST = 2000
"""Numbers in a sample; of larger ones, only every so many are read."""
STEPS = 60


def thinned(x: Any) -> tuple[np.ndarray, str]:
    """Indices [m] of at most MOST samples, and what is to be said of that."""
    if len(x) <= MOST:
        return np.arange(len(x)), ""
    chosen = np.linspace(0, len(x) - 1, MOST).round().astype(int)
    return chosen, f"linear baselines were fitted to {MOST:,} of {len(x):,} training samples"


def flat(x: Any) -> np.ndarray:
    """Samples as vectors [n D] of at most LARGEST numbers."""
    plain = np.asarray(x, np.float32).reshape(len(x), -1)
    return plain[:, :: -(-plain.shape[1] // LARGEST)]


def classes(train: Arrays, test: Arrays) -> tuple[np.ndarray, str]:
    """What logistic regression says of the test samples [n], and a note."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chosen, note = thinned(train.x)
    y = train.y[chosen]
    if len(np.unique(y)) < 2:
        return np.full(len(test.y), y[0]), note
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=STEPS))
    with warnings.catch_warnings():  # a few steps are enough for a baseline
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(flat(train.x[chosen]), y)
    return np.concatenate([model.predict(part) for part in _blocks(test.x)]), note


def values(train: Any, y: np.ndarray, test: Any) -> tuple[np.ndarray, str]:
    """What ridge regression says of test samples [n D], its strength chosen by leaving one out,
    and a note."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chosen, note = thinned(train)
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-3, 3, 7)))
    model.fit(flat(train[chosen]), y[chosen])
    said = np.concatenate([model.predict(part) for part in _blocks(test)])
    return said.reshape(len(said), -1), note


def _blocks(x: Any) -> list[np.ndarray]:
    """Samples as vectors, some thousand at a time."""
    return [flat(x[start : start + MOST]) for start in range(0, len(x), MOST)]
