"""What all estimators share: parameters, fields of the recipe, training, storing."""

import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from etude import assembly, defaults
from etude.config import nearest
from etude.errors import InvalidValue, UsageError
from etude.estimators import engine
from etude.estimators.engine import Goal
from etude.estimators.fitted import Fitted, Live
from etude.estimators.watch import Watch
from etude.inference.run import Run
from etude.loading import NO_OBJECTS, Objects
from etude.locale.texts import text
from etude.recipe import MEMORY, RecipeDraft, draft
from etude.shapes import Target
from etude.system.language import language_of
from etude.system.limits import Plain
from etude.tasks.protocol import Prediction

PARTS = ("model", "data", "task", "train")
PATHS = {
    "max_epochs": "train.epochs",
    "lr": "train.lr",
    "batch_size": "train.batch_size",
    "optimizer": "train.optimizer",
    "class_weight": "task.class_weights",
}
"""The parameters that are fields of the recipe by another name."""
SEEDS = 2**31
NOT_STORED = ("_run",)


def is_field(name: str) -> bool:
    """Whether a parameter is a field of the recipe: model__depth, train__schedule."""
    part, _, field = name.partition("__")
    return part in PARTS and bool(field)


class EtudeEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of the estimators, whose parameters their own docstrings describe.

    Every field of a recipe is a parameter too, with two underscores for the point: model__depth=4
    is `model.depth=4` of `etude train`.
    """

    model: str
    batch_size: int | None
    random_state: object
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    warm_start: bool
    verbose: int
    run_dir: Path | str | None
    history_: list[Plain]
    run_path_: str
    _fields: dict[str, object]
    _fitted: Fitted
    _run: Run
    _source = MEMORY
    _predicts: Prediction | None = None
    """What the task of the network must predict; None: anything."""

    def _keep_fields(self, fields: Mapping[str, object]) -> None:
        """Store the fields of the recipe that a constructor received. A name that is no field is
        an error in `fit`, since a constructor of scikit-learn checks nothing."""
        self._fields = dict(fields)

    def __setattr__(self, name: str, value: object) -> None:
        if is_field(name):
            self._fields[name] = value
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        # Called only for what is no ordinary attribute.
        if is_field(name) and name in self._fields:
            return self._fields[name]
        why = ": it was fitted without run_dir" if name == "run_" else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{why}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, and the fields of the recipe that were set, by name."""
        return {**super().get_params(deep), **self._fields}

    def set_params(self, **params: object) -> Self:
        """Set parameters and fields of the recipe by name. Raises ValueError for other names."""
        super().set_params(**{k: v for k, v in params.items() if not is_field(k)})
        self._fields |= {name: value for name, value in params.items() if is_field(name)}
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __getstate__(self) -> dict[str, Any]:
        # Arrays, text and numbers only: pickle, joblib, cloudpickle and skops all store these.
        state = {k: v for k, v in vars(self).items() if k not in NOT_STORED}
        if "_fitted" in state:
            state["_fitted"] = self._fitted.plain()
        return {**state, "_fields": dict(self._fields)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, Fitted.read(value) if name == "_fitted" else value)

    @property
    def run_(self) -> Run:
        """The run of the last fit, if there was a `run_dir`."""
        if not hasattr(self, "run_path_"):
            raise AttributeError  # whose message `__getattr__` writes
        # After a pickle the folder is opened again.
        return self._run if hasattr(self, "_run") else Run(self.run_path_)

    @property
    def n_iter_(self) -> int:
        """The number of epochs that the network has been trained for."""
        check_is_fitted(self)
        return len(self.history_)

    @property
    def loss_(self) -> float:
        """The mean training loss of the last epoch; of several phases, that of the first."""
        check_is_fitted(self)
        phases: dict[str, dict[str, float]] = self.history_[-1]["train"]
        return next(iter(phases.values()))["loss"]

    def _samples(self, X: object) -> np.ndarray:
        """Samples to predict, checked against those of training. Raises NotFittedError, ValueError,
        TypeError."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, allow_nd=True)
        return self._like_training(engine.stored(np.asarray(x)))

    def _like_training(self, x: np.ndarray) -> np.ndarray:
        expected = self._fitted.card.shape
        if x.shape[1:] != expected:
            shapes = {"shape": str(list(x.shape[1:])), "expected": str(list(expected))}
            raise InvalidValue(text("estimators.shape", **shapes))
        return x

    def _shaped(self, X: object) -> np.ndarray:
        """Training samples that are checked already, in a type that the engine reads."""
        x = np.asarray(X)
        if x.ndim not in engine.KINDS:
            raise InvalidValue(text("estimators.axes", axes=x.ndim))
        if x.ndim == 4 and x.shape[1] > 4 and x.shape[3] in (1, 3, 4):
            raise InvalidValue(text("estimators.channels", shape=str(list(x.shape))))
        return engine.stored(x)

    def _weights(self, sample_weight: object, x: np.ndarray) -> np.ndarray | None:
        """Weights [n] float64; None if all samples count alike. Raises ValueError."""
        if sample_weight is None:
            return None
        weights: np.ndarray = _check_sample_weight(
            sample_weight, x, dtype=np.float64, ensure_non_negative=True
        )
        if not weights.any():
            raise InvalidValue(text("estimators.weights.zero"))
        return weights

    def _recipe_fields(self) -> dict[str, object]:
        """The fields that the parameters set, by their path in the recipe. Raises UsageError for
        one that is set twice, and for parameters that do not exist."""
        if unknown := [name for name in self._fields if not is_field(name)]:
            names = self._get_param_names()
            about = {"name": unknown[0], "kind": type(self).__name__}
            near = nearest(unknown[0], names)
            raise UsageError(
                text("estimators.unknown", **about, near=near), do=text("estimators.unknown.do")
            )
        values = {path: getattr(self, name, None) for name, path in PATHS.items()}
        named = {path: value for path, value in values.items() if value is not None}
        named["data.val_fraction"] = self.validation_fraction
        named["train.patience"] = self.n_iter_no_change if self.early_stopping else 0
        fields = {
            name.replace("__", ".", 1): value
            for name, value in self._fields.items()
            if value is not None
        }
        if twice := sorted(fields.keys() & named.keys()):
            parameters = {path: name for name, path in PATHS.items()} | {
                "data.val_fraction": "validation_fraction", "train.patience": "n_iter_no_change",
            }  # fmt: skip
            items = [text("estimators.twice.one", field=p, parameter=parameters[p]) for p in twice]
            raise UsageError(text("estimators.twice"), items=items)
        return {path: plain(value) for path, value in {**fields, **named}.items()}

    def _seed(self) -> int:
        """The seed of a fit, from `random_state`. The global generator of NumPy is not used."""
        given = self.random_state
        if given is None:
            return int(np.random.default_rng().integers(SEEDS))
        if isinstance(given, numbers.Integral) and 0 <= int(given) < SEEDS:
            return int(given)
        return int(check_random_state(given).randint(SEEDS))

    def _asked(self, fields: Mapping[str, object], target: Target) -> RecipeDraft:
        """The recipe that the parameters ask for. Raises UsageError."""
        if not isinstance(self.model, str):
            raise UsageError(text("estimators.model", kind=type(self.model).__name__))
        asked = assembly.read_draft(draft(self.model, self._source, fields=fields), NO_OBJECTS)
        if self._predicts:
            engine.require_task(asked, target, self._predicts)
        return asked

    def _train(
        self,
        x: np.ndarray,
        goal: Goal,
        weights: np.ndarray | None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Train from the beginning or, with `warm_start`, from the weights of the last fit. more:
        further fields of the recipe."""
        start = self._fitted if self.warm_start and hasattr(self, "_fitted") else None
        fields = {**self._recipe_fields(), **(more or {}), "seed": self._seed()}
        if engine.in_worker():
            fields.setdefault("train.threads", 1)
        with engine.alone():
            asked = self._asked(fields, goal.target)
            if self.run_dir is not None:
                self._train_in_folder(asked, x, goal, weights)
                return
            asked = engine.with_batch(asked, len(x))
            held = self.validation_fraction if self.early_stopping else None
            raw = engine.raw_of(x, goal, weights)
            with self._progress() as watch:
                fitted, rows = engine.fit(asked, raw, held, start, watch)
        self._keep(fitted, rows, goes_on=start is not None)

    def _train_in_folder(
        self, asked: Any, x: np.ndarray, goal: Goal, weights: np.ndarray | None
    ) -> None:
        """Train a run in `run_dir`, as `etude.train` does."""
        if self.warm_start:
            raise UsageError(text("estimators.warm_run"))
        kind = engine.KINDS[x.ndim]
        labels = "classes" if goal.target == "class" else "values"
        reading: dict[str, object] = {"kind": kind, "labels": labels, "classes": goal.classes}
        if kind == "image":
            reading["axes"] = "chw"
        asked = engine.reading(asked, reading)
        data = {"x": x, "y": goal.y, **({} if weights is None else {"weights": weights})}
        place = Path(self.run_dir or "")
        quiet, lang = not self.verbose, language_of(())
        fitted, run = engine.fit_in_folder(asked, Objects(data=data), place, quiet, lang)
        self._keep(fitted, run.history, goes_on=False)
        self._run, self.run_path_ = run, str(run.path)

    def _train_part(
        self,
        x: np.ndarray,
        goal: Goal,
        weights: np.ndarray | None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """One epoch on the samples of one call of partial_fit."""
        fields = self._recipe_fields()
        once = {"train.epochs": 1, "train.patience": 0, "train.schedule": "constant"}
        fields |= {**once, "train.warmup": 0.0, **(more or {})}
        if engine.in_worker():
            fields.setdefault("train.threads", 1)
        raw = engine.raw_of(x, goal, weights)
        with engine.alone(), self._progress() as watch:
            if hasattr(self, "_fitted"):
                size = self.batch_size or defaults.batch_size(len(x))
                fitted, rows = engine.go_on(self._fitted, raw, min(size, len(x)), watch)
                self._keep(fitted, rows, goes_on=True)
                return
            fields["seed"] = self._seed()
            asked = engine.with_batch(self._asked(fields, goal.target), len(x))
            fitted, rows = engine.fit(asked, raw, None, None, watch)
        self._keep(fitted, rows, goes_on=False)

    def _keep(self, fitted: Fitted, rows: list[Plain], goes_on: bool) -> None:
        """Store the result of a training; goes_on: after the epochs before."""
        before: list[Plain] = self.history_ if goes_on else []
        last = before[-1]["epoch"] if before else 0
        if rows and rows[0]["epoch"] <= last:  # a warm start counts its epochs from 1
            rows = [{**row, "epoch": row["epoch"] + last} for row in rows]
        self.history_ = [*before, *rows]
        for name in ("_run", "run_path_"):
            if name in vars(self):
                delattr(self, name)
        self._fitted = fitted

    @property
    def _live(self) -> Live:
        """The trained network, ready to predict; for use inside `engine.alone`."""
        return self._fitted.live

    def _progress(self) -> Watch:
        return Watch(type(self).__name__, not self.verbose)


def plain(value: object) -> object:
    """A parameter as a plain JSON value: NumPy's numbers and arrays become Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    return value
