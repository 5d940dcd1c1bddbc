"""Forecasts of series that are passed as arrays and frames."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from etude.errors import DataError
from etude.estimators import EtudeForecaster

STEPS = np.arange(200)
WAVE = 10 + 3 * np.sin(2 * np.pi * STEPS / 12)
NEXT = 10 + 3 * np.sin(2 * np.pi * np.arange(200, 206) / 12)


@pytest.fixture(scope="module")
def fitted():
    return EtudeForecaster(horizon=6, max_epochs=40).fit(WAVE)


def test_a_wave_goes_on(fitted):
    ahead = fitted.predict()
    assert ahead.shape == (6,) and np.abs(ahead - NEXT).max() < 0.5
    # A wave that is one step late would be seen.
    assert np.abs(ahead - np.roll(NEXT, 1)).max() > 1
    assert (fitted.predict(2) == ahead[:2]).all()
    assert fitted.times_ == [str(step) for step in range(200, 206)]


def test_all_steps_are_used_for_training(fitted):
    windows = fitted._fitted.card.sizes
    assert windows == {"train": 200 - 24 - 6 + 1, "val": 0, "test": 0}


def test_newer_values_move_the_forecast(fitted):
    late = fitted.predict(y=WAVE[:-6])
    assert np.abs(late - WAVE[-6:]).max() < 0.5
    stored = pickle.loads(pickle.dumps(fitted))
    assert (stored.predict() == fitted.predict()).all()
    assert clone(fitted).get_params() == fitted.get_params()


def test_dates_of_a_series_of_pandas():
    index = pd.date_range("2000-01-31", periods=200, freq="ME")
    est = EtudeForecaster(horizon=2, max_epochs=1).fit(pd.Series(WAVE, index=index))
    assert est.times_ == ["2016-09-30", "2016-10-31"]


def test_several_series_side_by_side_and_in_a_long_frame():
    est = EtudeForecaster(horizon=6, max_epochs=40).fit(np.stack([WAVE, 5 * WAVE], 1))
    wide = est.predict()
    assert wide.shape == (6, 2) and wide[:, 1] == pytest.approx(5 * wide[:, 0], rel=1e-3)
    rows = {"when": [*STEPS, *STEPS], "id": ["a"] * 200 + ["b"] * 200, "v": [*WAVE, *(5 * WAVE)]}
    fields = {"data__target": "v", "data__time": "when", "data__series": ["id"]}
    long = EtudeForecaster(horizon=6, max_epochs=40, **fields).fit(pd.DataFrame(rows))
    assert long.series_names_ == ["a", "b"]
    assert long.predict() == pytest.approx(wide)


def test_quantiles():
    est = EtudeForecaster("lstm", horizon=3, max_epochs=1, task__name="quantiles").fit(WAVE)
    levels = est.predict_quantiles()
    assert all(each.shape == (3,) for each in levels.values())
    low, high = next(iter(levels.values())), list(levels.values())[-1]
    assert (low <= high).all() and (low < high).any()
    with pytest.raises(ValueError, match="no quantiles"):
        EtudeForecaster(horizon=3, max_epochs=1).fit(WAVE).predict_quantiles()


def test_columns_that_are_known_in_advance_are_passed_to_predict():
    frame = pd.DataFrame({"time": range(200), "y": WAVE, "open": (STEPS % 7 < 5).astype(float)})
    fields = {"data__known": ["open"], "data__target": "y"}
    est = EtudeForecaster(horizon=2, length=8, max_epochs=1, **fields).fit(frame)
    with pytest.raises(ValueError, match="known in advance"):
        est.predict()
    ahead = pd.DataFrame({"time": [200, 201], "y": [np.nan] * 2, "open": [1.0, 1.0]})
    assert est.predict(y=pd.concat([frame, ahead])).shape == (2, 1)


@pytest.mark.parametrize("horizon", [0, 7, 2.5])
def test_a_horizon_that_was_not_trained(fitted, horizon):
    with pytest.raises(ValueError, match="1 to 6 steps"):
        fitted.predict(horizon)


def test_series_that_cannot_be_used():
    with pytest.raises(DataError, match="The splits leave no time"):
        EtudeForecaster(horizon=6).fit(WAVE[:8])
    with pytest.raises(ValueError, match="hold numbers"):
        EtudeForecaster().fit(["a", "b"])
    with pytest.raises(ValueError, match="not fitted yet"):
        EtudeForecaster().predict()
