"""EtudeClassifier: a network for classes, with scikit-learn's interface."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from etude.errors import InvalidValue
from etude.estimators import engine
from etude.estimators.base import EtudeEstimator
from etude.estimators.engine import Goal
from etude.locale.texts import text

SHOWN = 8


class EtudeClassifier(ClassifierMixin, EtudeEstimator):  # type: ignore[misc]
    """A classifier: any network of étude, trained by the engine of `etude.train`.

    X: rows of numbers [n D], sequences [n L Q] or images [n C H W], as an array or a data frame of
    numbers. y: class labels of any type.

    Parameters
    ----------
    model : the name of an architecture that reads such samples: mlp, cnn, lstm, ...
    max_epochs, lr, batch_size, optimizer : as in a recipe; None lets the preset of the model
        choose. A batch has at most as many samples as there are.
    class_weight : None, "balanced", or a mapping from labels to weights above 0. "balanced" counts
        sample weights instead of samples, if there are any.
    random_state : seed; None draws a new one for each fit.
    early_stopping : hold back `validation_fraction` of the samples, stop when the validation has
        not improved for `n_iter_no_change` epochs, and use the weights that validation selects.
    warm_start : a further `fit` begins with the weights, and keeps the normalisation, of the last.
    verbose : 1 shows progress on stderr.
    run_dir : path of a run folder to leave, with a test split, baselines and a report: then a part
        of the samples is held back for validation and a fifth for the test, as `etude.train` does
        it, and `run_` is the Run. If the folder exists, the run gets the next free name.
    **fields : every other field of the recipe: model__hidden=(64, 64), train__schedule="cosine".

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_, n_iter_ (epochs), history_ (one mapping per epoch),
    loss_, run_

    One check of scikit-learn's `check_estimator` fails by nature, the equivalence of a sample with
    weight 2 and the same sample twice, because batches are drawn: see `expected_failed_checks`.
    """

    _predicts = "classes"

    classes_: np.ndarray

    def __init__(
        self,
        model: str = "mlp",
        *,
        max_epochs: int | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        optimizer: str | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
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
        self.class_weight = class_weight
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.verbose = verbose
        self.run_dir = run_dir
        self._keep_fields(fields)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on samples X and labels y. sample_weight [n]: factors of the losses of the samples
        in the weighted mean of each batch.

        Raises ValueError or TypeError for data, EtudeError for parameters that cannot be used.
        """
        warm = self.warm_start and hasattr(self, "_fitted")
        X, y = validate_data(self, X, y, reset=not warm, allow_nd=True, ensure_min_samples=2)
        check_classification_targets(y)
        x = self._shaped(X)
        weights = self._weights(sample_weight, x)
        classes, numbers = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        if len(classes) < 2:
            raise InvalidValue(text("estimators.one_class", name=str(classes[0])))
        if warm and not np.array_equal(classes, self.classes_):
            raise InvalidValue(text("estimators.other_classes"))
        if warm:
            self._like_training(x)
        self._train(x, self._goal(numbers, classes), weights, self._class_weights(classes))
        self.classes_ = classes
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on some samples, after what was learned before.

        classes: all labels, in the first call. The first call also decides the normalisation of X.
        Optimizers keep their state, and the learning rate is constant. Raises as `fit`.
        """
        first = not hasattr(self, "_fitted")
        X, y = validate_data(self, X, y, reset=first, allow_nd=True)
        check_classification_targets(y)
        if self.class_weight == "balanced":
            raise InvalidValue(text("estimators.partial.balanced"))
        x = self._shaped(X) if first else self._like_training(self._shaped(X))
        weights = self._weights(sample_weight, x)
        _check_partial_fit_first_call(self, classes)
        y = column_or_1d(y, warn=True)
        if unknown := sorted(set(np.unique(y).tolist()) - set(self.classes_.tolist()), key=str):
            raise InvalidValue(
                text("estimators.partial.unknown", names=tuple(map(str, unknown[:SHOWN])))
            )
        goal = self._goal(np.searchsorted(self.classes_, y), self.classes_)
        self._train_part(x, goal, weights, self._class_weights(self.classes_))
        return self

    def _goal(self, numbers: np.ndarray, classes: np.ndarray) -> Goal:
        return Goal("class", np.asarray(numbers, np.int64), tuple(map(str, classes.tolist())))

    def _class_weights(self, classes: np.ndarray) -> dict[str, object]:
        """The weights of the classes by their names in the recipe. Raises InvalidValue for a label
        that is no class."""
        asked = self.class_weight
        if not isinstance(asked, Mapping):
            return {}
        labels = classes.tolist()
        if unknown := [label for label in asked if label not in labels]:
            raise InvalidValue(
                text("estimators.class_weight", names=tuple(map(str, unknown[:SHOWN])))
            )
        return {"task.class_weights": {str(key): float(value) for key, value in asked.items()}}

    def _logits(self, X: Any) -> np.ndarray:
        x = self._samples(X)
        with engine.alone():
            return self._live.outputs(x)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each sample [n]."""
        logits = self._logits(X)
        return np.asarray(self.classes_[logits.argmax(1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities [n classes] float64, in the order of `classes_`."""
        return np.asarray(np.exp(self.predict_log_proba(X)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities [n classes]."""
        logits = self._logits(X)
        logits = logits - logits.max(1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)))
