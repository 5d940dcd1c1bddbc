"""EtudeRegressor: a network for values, with scikit-learn's interface."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from etude.errors import InvalidValue
from etude.estimators import engine
from etude.estimators.base import EtudeEstimator
from etude.estimators.engine import Goal
from etude.locale.texts import text
from etude.tasks.protocol import Values


class EtudeRegressor(RegressorMixin, EtudeEstimator):  # type: ignore[misc]
    """A regressor of one or several values: any network of étude, trained by the engine of
    `etude.train`.

    y: values [n] or [n targets]. Targets are normalised for training, by the samples of the first
    call; predictions are in the units of y. Everything else is described in `EtudeClassifier`, also
    the one check of scikit-learn that fails by nature.

    Attributes
    ----------
    n_features_in_, feature_names_in_, n_iter_ (epochs), history_ (one mapping per epoch), loss_
    (mean squared error in normalised units), run_
    """

    _predicts = "values"

    def __init__(
        self,
        model: str = "mlp",
        *,
        max_epochs: int | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        optimizer: str | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        warm_start: bool = False,
        verbose: int = 0,
        run_dir: Path | str | None = None,
        **fields: Any,
    ) -> None:
        self.model = model
        self.max_epochs = max_epochs
        self.lr = lr
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.verbose = verbose
        self.run_dir = run_dir
        self._keep_fields(fields)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on samples X and values y. Raises as `EtudeClassifier.fit`."""
        warm = self.warm_start and hasattr(self, "_fitted")
        x, values, weights = self._checked(X, y, sample_weight, first=not warm, least=2)
        self._train(x, Goal("value", values), weights)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch on some samples: see `EtudeClassifier.partial_fit`. The first call
        decides the normalisation of X and of y."""
        first = not hasattr(self, "_fitted")
        x, values, weights = self._checked(X, y, sample_weight, first=first, least=1)
        self._train_part(x, Goal("value", values), weights)
        return self

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, first: bool, least: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Samples, values [n D] float64 and weights. Raises ValueError."""
        X, y = validate_data(
            self, X, y, reset=first, allow_nd=True, ensure_min_samples=least, multi_output=True,
            y_numeric=True,
        )  # fmt: skip
        x, self._flat = self._shaped(X), y.ndim == 1
        values = np.asarray(y, np.float64).reshape(len(y), -1)
        if not first:
            self._like_training(x)
            outputs = self._fitted.card.outputs
            if values.shape[1] != outputs:
                raise InvalidValue(
                    text("estimators.targets", count=values.shape[1], expected=outputs)
                )
        return x, values, self._weights(sample_weight, x)

    def predict(self, X: Any) -> np.ndarray:
        """Values [n] or [n targets] float64, in the form and the units of y."""
        x = self._samples(X)
        with engine.alone():
            live = self._live
            assert isinstance(live.task, Values)
            values = live.task.in_units(torch.from_numpy(live.outputs(x)))
        return values[:, 0] if self._flat else values
