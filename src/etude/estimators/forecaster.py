"""EtudeForecaster: the next steps of series, in the manner of scikit-learn."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from etude.data import forecast
from etude.data.panel import inputs as series
from etude.data.panel.card import Panel
from etude.data.panel.reading import ROWS
from etude.data.tabular.dialect import Reading
from etude.data.tabular.objects import Frame, is_frame, series_of
from etude.errors import InvalidValue
from etude.estimators import engine
from etude.estimators.base import EtudeEstimator
from etude.locale.texts import text

WHERE = "y"


class EtudeForecaster(EtudeEstimator):
    """A forecaster of the next `horizon` steps of one or of several series, by any network that
    reads sequences or vectors, trained as `etude train MODEL --data FILE data.horizon=...` does.

    fit(y) takes one series [n], several side by side [n series], or a data frame, long or wide,
    whose columns the fields name: data__target, data__time, data__series, data__seen, data__known.
    An index of dates of pandas is the time. All steps are used for training.

    horizon, length : steps to forecast and steps that the network reads; None: one season, two.
    The other parameters are described in `EtudeClassifier`. `predict` takes a horizon and no X, so
    `check_estimator` of scikit-learn, which calls predict(X), does not apply to it.

    Attributes
    ----------
    series_names_, times_ (the steps of the forecasts, as text), horizon_, n_iter_, history_, loss_
    """

    _source = "forecast"
    _predicts = "forecast"
    early_stopping = False
    validation_fraction = 0.1
    n_iter_no_change = 0
    warm_start = False
    run_dir = None

    def __init__(
        self,
        model: str = "mlp",
        *,
        horizon: int | None = None,
        length: int | None = None,
        max_epochs: int | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        optimizer: str | None = None,
        random_state: Any = 0,
        verbose: int = 0,
        **fields: Any,
    ) -> None:
        self.model = model
        self.horizon = horizon
        self.length = length
        self.max_epochs = max_epochs
        self.lr = lr
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.random_state = random_state
        self.verbose = verbose
        self._keep_fields(fields)

    def fit(self, y: Any, X: None = None) -> Self:
        """Train on the windows of all series. X is not used. Raises DataError for series that
        cannot be used, UsageError for parameters."""
        frame, reading = framed(y)
        more = {**reading, "data.path": WHERE}
        sizes = {"data.horizon": self.horizon, "data.length": self.length}
        more |= {path: value for path, value in sizes.items() if value is not None}
        own = {name.replace("__", ".", 1) for name in self._fields}
        more = {path: value for path, value in more.items() if path not in own}
        fields = {**self._recipe_fields(), **more, "seed": self._seed()}
        if engine.in_worker():
            fields.setdefault("train.threads", 1)
        with engine.alone(), self._progress() as watch:
            asked = self._asked(fields, "forecast")
            config = forecast.Config.read(asked.data.fields, "data")
            raw = forecast.whole(series_of(frame, config.missing_words), config, WHERE)
            asked = engine.with_batch(asked, len(raw.train))
            fitted, rows = engine.fit(asked, raw, None, None, watch)
            panel, how = raw.panel, raw.reading or Reading()
            assert panel is not None
            # With columns that are known in advance the steps to forecast must be passed.
            last = None if panel.known else series.latest_of(frame, panel, how)
        self._keep(fitted, rows, goes_on=False)
        self._wide = not is_frame(y) and np.ndim(y) == 1
        self.horizon_ = panel.horizon
        self._last = None if last is None else (last.x, last.places, last.last, last.names)
        return self

    def predict(self, horizon: int | None = None, y: Any = None) -> np.ndarray:
        """The next steps of each series, [horizon] of a single one, else [horizon series] in the
        order of `series_names_`; their times are in `times_`.

        horizon: at most the one of training, which is the default. y: newer values, in the form of
        `fit`; None: the forecast begins after the last step of `fit`. Raises InvalidValue for a
        horizon that was not trained, DataError for series that cannot be used.
        """
        answers = self._answers(y)
        steps = self.horizon_ if horizon is None else horizon
        if not isinstance(steps, int | np.integer) or not 1 <= steps <= self.horizon_:
            raise InvalidValue(text("estimators.horizon", horizon=str(steps), most=self.horizon_))
        values = np.array([one["value"] for one in answers]).T[:steps]
        return values[:, 0] if self._wide else values

    def predict_quantiles(self, y: Any = None) -> dict[str, np.ndarray]:
        """The quantiles of a probabilistic forecast, `task__name="quantiles"`: by level, in the
        form of `predict`. Raises InvalidValue for any other task."""
        answers = self._answers(y)
        if not answers[0].get("quantiles"):
            raise InvalidValue(text("estimators.no_quantiles"))
        levels = answers[0]["quantiles"]
        found = {name: np.array([one["quantiles"][name] for one in answers]).T for name in levels}
        return {name: each[:, 0] if self._wide else each for name, each in found.items()}

    def _answers(self, y: Any) -> list[dict[str, Any]]:
        check_is_fitted(self)
        card = self._fitted.card
        panel = card.panel
        assert panel is not None
        last = self._latest(y, panel, card.reading or Reading())
        with engine.alone():
            live = self._live
            outputs = torch.from_numpy(live.outputs(last.x))
            return list(series.dated(last, panel, live.task.answers(outputs)))

    def _latest(self, y: Any, panel: Panel, reading: Reading) -> series.Latest:
        if y is not None:
            return series.latest_of(framed(y)[0], panel, reading)
        if self._last is None:
            raise InvalidValue(text("estimators.known", names=panel.layout.known))
        return series.Latest(*self._last)

    @property
    def series_names_(self) -> list[str]:
        """The names of the series of the last fit, in the order of the forecasts."""
        check_is_fitted(self)
        return [] if self._last is None else list(self._last[3])

    @property
    def times_(self) -> list[str]:
        """The steps after the last of `fit`, by their numbers or dates."""
        check_is_fitted(self)
        panel = self._fitted.card.panel
        if panel is None or self._last is None:
            return []
        end = self._last[2][0] + 1
        return [panel.clock.at(step) for step in range(end, end + self.horizon_)]


def framed(y: Any) -> tuple[Any, dict[str, object]]:
    """Series as a frame, and the fields that say how it is read. Raises InvalidValue."""
    index = getattr(y, "index", None)
    dated = getattr(getattr(index, "dtype", None), "kind", "") == "M"
    time = {"time": np.asarray(index)} if dated else {}
    reading: dict[str, object] = {"data.time": "time" if dated else ROWS}
    if is_frame(y):
        if not dated:
            return y, {}
        return Frame({**time, **{name: y[name] for name in y.columns}}), {"data.time": "time"}
    values = np.asarray(y)
    if values.ndim not in (1, 2) or values.dtype.kind not in "biuf":
        raise InvalidValue(text("estimators.series"))
    if values.ndim == 1:
        return Frame({**time, "y": values}), {**reading, "data.target": ["y"]}
    names = [f"series{i}" for i in range(values.shape[1])]
    return Frame({**time, **dict(zip(names, values.T))}), {**reading, "data.target": names}
