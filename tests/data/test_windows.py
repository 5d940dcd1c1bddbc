"""Own arrays marked as windows of a series: splits in time, baselines, and what is refused."""

import re

import numpy as np
import pytest

import etude
from etude.data import arrays, windows
from etude.data.arrays import Config
from etude.errors import DataError, UsageError

LENGTH, AHEAD, SEASON = 14, 4, 7


def cut(series: np.ndarray, every: int = 1) -> dict[str, np.ndarray]:
    """x [n L] and y [n H], a window every so many steps."""
    starts = range(0, len(series) - LENGTH - AHEAD + 1, every)
    x = np.stack([series[i : i + LENGTH] for i in starts])
    y = np.stack([series[i + LENGTH : i + LENGTH + AHEAD] for i in starts])
    return {"x": x, "y": y}


def weekly(count: int = 200) -> np.ndarray:
    t = np.arange(count)
    return 50 + 0.2 * t + 10 * np.sin(2 * np.pi * t / SEASON)


def load(folder, content, **fields):
    np.savez(folder / "own.npz", **content)
    return arrays.load(Config(path=str(folder / "own.npz"), forecast=True, **fields))


@pytest.mark.parametrize("every", [1, 3, 40])
def test_no_step_that_is_forecast_in_one_split_is_forecast_in_another(every, tmp_path):
    """The series is its own clock, so that steps can be told."""
    raw = load(tmp_path, cut(np.arange(400.0), every), season=SEASON, unit="cars")
    assert (raw.kind, raw.target, raw.season, raw.unit) == ("sequence", "forecast", SEASON, "cars")
    assert raw.train.x.shape[1:] == (LENGTH, 1)
    spans = [(split.y.min(), split.y.max()) for split in (raw.train, raw.val, raw.test)]
    assert spans[0][1] < spans[1][0] <= spans[1][1] < spans[2][0]
    assert windows.stride(raw.train.x) == (every if every < LENGTH else 0)
    step = windows.stride(raw.train.x)
    if step == 1:
        assert spans[1][0] - spans[0][1] == 1, "not more is left out than must be"


def test_splits_of_ones_own_are_kept(tmp_path):
    one, two = cut(np.arange(100.0)), cut(np.arange(60.0))
    content = {f"{k}_train": v for k, v in one.items()} | {f"{k}_test": v for k, v in two.items()}
    raw = load(tmp_path, content)
    assert (raw.test.y == two["y"]).all()
    assert len(raw.train) + len(raw.val) == len(one["x"]) - (AHEAD - 1)
    assert raw.train.names == (), "nothing says whether the test came later"
    content |= {f"{k}_val": v[:5] for k, v in two.items()}
    assert len(load(tmp_path, content).train) == len(one["x"])


def test_whole_numbers_are_values(tmp_path):
    content = {k: v.round().astype(np.int32) for k, v in cut(weekly()).items()}
    assert load(tmp_path, content).train.y.dtype.kind == "f"


@pytest.mark.parametrize(
    ("change", "fields", "error", "words"),
    [
        ({"y": np.array(["a"] * 183)}, {}, DataError, "cannot be steps to forecast"),
        ({"x": np.zeros((183, 14, 2))}, {}, DataError, "2 features"),
        ({"lengths": np.full(183, 9)}, {}, DataError, "of one length"),
        ({}, {"season": 15}, UsageError, "at most 14"),
        ({"x": np.zeros((3, 14)), "y": np.zeros((3, 4))}, {}, DataError, "too few"),
    ],
)
def test_what_is_no_series_is_refused(change, fields, error, words, tmp_path):
    with pytest.raises(error, match=words) as caught:
        load(tmp_path, {**cut(weekly()), **change}, **fields)
    assert re.search("시계열|구간|예측", caught.value.message("ko"))


def test_without_the_mark_nothing_is_a_forecast(tmp_path):
    np.savez(tmp_path / "own.npz", **cut(weekly()))
    assert arrays.load(Config(path=str(tmp_path / "own.npz"))).target == "value"


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_a_run_on_ones_own_series(model, workdir):
    noise = np.random.default_rng(0).normal(size=200)
    np.savez("own.npz", **cut(weekly() + noise))
    run = etude.train(
        model, data="own.npz", epochs=3, quiet=True,
        **{"data.forecast": True, "data.season": SEASON, "data.unit": "cars"},
    )  # fmt: skip
    assert run.result.task == "forecast"
    assert set(run.baselines.scores) == {
        "persistence", "seasonal", "linear", "changes",
    }  # fmt: skip
    assert run.test["unit"] == "cars"
    assert run.result.checks.last < run.result.checks.first
    answers = run.predict(cut(weekly())["x"][:2, :, None].astype(np.float32))
    assert [len(answer["value"]) for answer in answers] == [AHEAD, AHEAD]
