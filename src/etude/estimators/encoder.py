"""EtudeEncoder: a network that turns samples into codes, with scikit-learn's interface."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from etude import registry
from etude.errors import InvalidValue
from etude.estimators import engine
from etude.estimators.base import EtudeEstimator
from etude.estimators.engine import Goal
from etude.locale.texts import text
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Codes


def has_decoder(encoder: "EtudeEncoder") -> bool:
    """Whether the model of an encoder decodes its codes."""
    return bool(registry.load("model", encoder.model).provides == "codes")


class EtudeEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, EtudeEstimator):  # type: ignore[misc]
    """A transformer that makes codes: of an autoencoder (`model="aae"`), which needs no y, or of
    any other model, trained for y, the features that its last layer reads.

    X: images [n C H W], or rows of numbers [n D]; for other models also sequences [n L Q]. An
    autoencoder reads a row as an image of one line, with each feature brought to [-1, 1] by its
    range in training. y: class labels (integers, text) or values (floats).

    An autoencoder also has `inverse_transform` and `score_samples`. All parameters, and the one
    check of scikit-learn that fails by nature, are described in `EtudeClassifier`.

    Attributes
    ----------
    n_features_in_, feature_names_in_, n_iter_ (epochs), history_ (one mapping per epoch), loss_,
    run_
    """

    def __init__(
        self,
        model: str = "aae",
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

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on samples X and, if the model is no autoencoder, on y.

        Raises ValueError or TypeError for data, EtudeError for parameters that cannot be used.
        """
        warm = self.warm_start and hasattr(self, "_fitted")
        checks = {"reset": not warm, "allow_nd": True, "ensure_min_samples": 2}
        if self._decodes():
            x = self._shaped(validate_data(self, X, **checks))
            goal = Goal("value", np.zeros((len(x), 1)))
        elif y is None:
            raise InvalidValue(text("estimators.no_y", model=self.model))
        else:
            X, y = validate_data(self, X, y, multi_output=True, **checks)
            x, goal = self._shaped(X), goal_of(y)
        self._row = self._row_of(x) if self._decodes() and x.ndim == 2 and not warm else None
        x = self._as_image(x)
        if warm:
            self._like_training(x)
        self._train(x, goal, None)
        self._n_features_out = self._codes(x[:1]).shape[1]
        return self

    def _decodes(self) -> bool:
        return isinstance(self.model, str) and has_decoder(self)

    def _row_of(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half the range of each feature [D]; 1 where a feature is constant."""
        low, high = x.min(0).astype(np.float64), x.max(0).astype(np.float64)
        return (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0)

    def _as_image(self, x: np.ndarray) -> np.ndarray:
        """Rows [n D] as images [n 1 1 D] of one line in [-1, 1]; other samples unchanged."""
        if self._row is None:
            return x
        middle, half = self._row
        return np.asarray(((x - middle) / half)[:, None, None, :])

    def _codes(self, x: np.ndarray) -> np.ndarray:
        with engine.alone():
            live = self._live
            model = live.model
            if isinstance(model, Codes):
                return live.each(x, lambda batch: model.embed(batch.x))
            return live.features(x)

    def _read(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, allow_nd=True)
        return self._like_training(self._as_image(engine.stored(np.asarray(x))))

    def transform(self, X: Any) -> np.ndarray:
        """The code, or the penultimate features, of each sample [n codes] float64."""
        return self._codes(self._read(X))

    @available_if(has_decoder)  # type: ignore[untyped-decorator]
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Samples, in the shape and the units of training, that codes X [n codes] decode to."""
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float64)
        if codes.shape[1] != self._n_features_out:
            raise InvalidValue(
                text("estimators.codes", count=codes.shape[1], expected=self._n_features_out)
            )
        with engine.alone():
            live = self._live
            decoded = decode(live.model, torch.from_numpy(codes)).float().double().numpy()
        samples = decoded * live.card.std[0] + live.card.mean[0]
        if self._row is None:
            return np.asarray(samples)
        middle, half = self._row
        return np.asarray(samples[:, 0, 0] * half + middle)

    @available_if(has_decoder)  # type: ignore[untyped-decorator]
    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the mean squared error of each sample's reconstruction [n], of values in [-1, 1]:
        the higher, the more a sample is like those of training."""
        x = self._read(X)
        with engine.alone():
            live = self._live

            def error(batch: Batch) -> Tensor:
                decoded = live.model.decode(live.model.embed(batch.x))  # type: ignore[operator]
                errors: Tensor = (decoded - batch.x).square().flatten(1).mean(1)
                return errors

            return -live.each(x, error)


def decode(model: Any, codes: torch.Tensor) -> torch.Tensor:
    """Images [n C H W] of codes [n D]."""
    with torch.inference_mode():
        decoded: torch.Tensor = model.decode(codes)
        return decoded


def goal_of(y: np.ndarray) -> Goal:
    """What y asks for: floats are values, all else is classes. Raises ValueError."""
    y = np.asarray(y)
    if y.dtype.kind == "f":
        return Goal("value", y.astype(np.float64).reshape(len(y), -1))
    check_classification_targets(y)
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InvalidValue(text("estimators.one_class", name=str(classes[0])))
    return Goal("class", np.asarray(numbers, np.int64).reshape(-1), tuple(map(str, classes)))
