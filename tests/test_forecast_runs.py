"""Forecasts from a file, from training to dated answers, by the commands that a user types."""

import csv
import json

import numpy as np
import pytest

import etude
from etude.cli import main
from etude.inspection import words
from tests.data.test_forecast import hourly, one, times, two, walk, written

FIELDS = {"data.target": "kw", "data.series": "meter", "data.horizon": 12}


def command(*words_):
    return main([str(word) for word in words_]) or 0


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    path = two(folder, "long")
    return path, etude.train("mlp", data=str(path), epochs=150, quiet=True, root=folder, **FIELDS)


def test_wide_and_long_train_alike(long, tmp_path):
    """Case 43."""
    path = two(tmp_path, "wide")
    fields = {"data.target": "*", "data.horizon": 12}
    wide = etude.train("mlp", data=str(path), epochs=150, quiet=True, root=tmp_path, **fields)
    assert wide.test == long[1].test and wide.baselines == long[1].baselines
    assert set(wide.test["by_series"]) == {"A", "B"}


def test_a_random_walk_is_no_better_than_persistence(tmp_path):
    """Case 40."""
    days = [str(np.datetime64("2020-01-01") + i) for i in range(1500)]
    path = written(tmp_path, "date,price", zip(days, map(float, walk(1500, 4)), strict=True))
    run = etude.train(
        "mlp", data=str(path), epochs=3, quiet=True, root=tmp_path,
        **{"data.target": "price", "data.horizon": 12},
    )  # fmt: skip
    assert "No better than persistence" in words.verdict(run.result)
    assert run.test["versus"]["low"] <= 0


def test_a_clear_season_is_better_than_naive(tmp_path):
    run = etude.train(
        "mlp", data=str(one(tmp_path, hourly(1500))), epochs=60, quiet=True, root=tmp_path,
        **{"data.target": "kw", "data.horizon": 12},
    )  # fmt: skip
    assert "No better" not in words.verdict(run.result)
    assert run.test["versus"]["low"] > 0


def test_predictions_have_dates_and_units_in_the_terminal_and_in_a_file(long, tmp_path, capsys):
    path, run = long
    out = tmp_path / "next.csv"
    assert command("predict", run.path, path, "--out", out) == 0
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 24 and list(rows[0]) == ["series", "time", "kw"]
    assert rows[0]["time"] == "2024-01-17 16:00" and rows[12]["series"] == "B"
    capsys.readouterr()
    assert command("predict", run.path, path) == 0
    assert "A: 2024-01-17 16:00: " in capsys.readouterr().out
    assert command("predict", run.path, path, "--json") == 0
    answers = json.loads(capsys.readouterr().out)
    assert [float(row["kw"]) for row in rows[:12]] == answers[0]["value"]


def test_the_prediction_of_the_last_test_window_is_that_of_the_test(long, tmp_path):
    """The rows before the last test forecast give exactly the outputs of the test split."""
    run = long[1]
    stamps, values = times(400)[:388], hourly(400)[:388]
    rows = [(t, "A", float(v)) for t, v in zip(stamps, values, strict=True)]
    [answer] = run.predict(written(tmp_path, "when,meter,kw", rows, "new.csv"))
    subject = run.subject()
    place = run.card.panel.windows["test"][0] - 1
    scale = run.card.panel.series[0]
    expected = subject.outputs[place] * scale.std + scale.mean
    np.testing.assert_allclose(answer["value"], expected, rtol=1e-5)
    assert answer["times"][0] == stamps[-1][:10] + " 04:00"


def test_quantiles_reach_the_file_and_the_report(tmp_path):
    path = one(tmp_path, hourly(400))
    run = etude.train(
        "lstm", data=str(path), epochs=1, quiet=True, root=tmp_path,
        **{"data.target": "kw", "data.horizon": 6, "task.name": "quantiles"},
    )  # fmt: skip
    assert 0 < run.test["coverage"] < 1 and run.result.goal == "quantile_loss"
    assert any("of the test values" in line for line in words.sentences(run.result))
    out = tmp_path / "next.csv"
    assert command("predict", run.path, path, "--out", out) == 0
    row = next(csv.DictReader(out.open()))
    low, middle, high = (float(row[name]) for name in ("q0.1", "q0.5", "q0.9"))
    assert low < middle < high and float(row["kw"]) == middle
    names = {picture.name for picture in run.look(["forecast", "error-ahead"])}
    assert names == {"forecast", "error-ahead"}


@pytest.mark.parametrize("model", ["cnn", "transformer"])
def test_known_columns_reach_every_network(model, tmp_path):
    """The target is a column that is known in advance, so a network that reads it beats naive."""
    rng = np.random.default_rng(0)
    plan = rng.normal(size=700)
    rows = zip(times(700), plan + 0.1 * rng.normal(size=700), plan, strict=True)
    path = written(tmp_path, "when,kw,plan", rows)
    run = etude.train(
        model, data=str(path), epochs=2, quiet=True, root=tmp_path,
        **{"data.target": "kw", "data.known": "plan", "data.horizon": 4, "data.length": 8},
    )  # fmt: skip
    assert run.card.shape == (12, 3)
    assert np.isfinite(run.test["mae"])
