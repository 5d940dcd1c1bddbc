"""The tables of the claims: a bar that is missed is said, a program that failed is named."""

import pytest
from benchmarks.common import Results

from benchmarks import common, epoch, growth, inference, training, watched


def trained(folder, speeds, network="cnn"):
    """Results of training with these speeds, None for a program that failed."""
    results = Results("training", training.KEY, folder)
    for name, speed in speeds.items():
        row = {"network": network, "batch": 128, "program": name}
        if speed is None:
            results.add({**row, "error": "exit code 1: it broke"})
            continue
        more = {"accuracy": 0.9, "resident_mb": 300.0, "parameters": 7}
        results.add({**row, "samples_per_second": speed, "samples_per_second_all": speed, **more})
    return results


def test_training_says_no_where_a_bar_is_missed(tmp_path):
    results = trained(tmp_path, {"etude": 3200, "idiomatic": 500, "plain_tensors": 1000})
    text = training.table(results)
    assert "| cnn | 128 | of the best peer (plain_tensors) | 3.20 | >= 3.3 | NO |" in text
    more = trained(tmp_path, {"etude": 3300})
    text = training.table(more)
    assert "| cnn | 128 | of the best peer (plain_tensors) | 3.30 | >= 3.3 | yes |" in text


def test_training_names_the_peer_that_broke(tmp_path):
    results = trained(tmp_path, {"etude": 3300, "idiomatic": 500, "keras_jax": None})
    assert "| keras_jax | exit code 1: it broke |" in training.table(results)
    training.draw(results)
    assert {p.name for p in tmp_path.glob("*.png")} == {"training.png", "training-dark.png"}


def test_training_without_ours_meets_nothing(tmp_path):
    results = trained(tmp_path, {"etude": None, "idiomatic": 500, "plain_tensors": 600})
    text = training.table(results)
    assert "| **étude** | exit code 1: it broke |" in text
    assert "yes" not in text


def test_the_best_peers_are_asked_at_the_larger_batch(tmp_path):
    speeds = {"etude": 9, "idiomatic": 1, "plain_tensors": 7, "keras_jax": 8, "accelerate": None}
    assert training.best_peers(trained(tmp_path, speeds), "cnn", 2) == [
        "keras_jax", "plain_tensors",
    ]  # fmt: skip


@pytest.mark.parametrize(("seconds", "said"), [(5.0, "NO"), (3.0, "yes")])
def test_an_epoch_is_ahead_of_all_or_not(tmp_path, seconds, said):
    results = Results("epoch", ("program",), tmp_path)
    for name, each in (("etude", seconds), ("idiomatic", 9.0), ("plain_tensors", 4.0)):
        row = {"program": name, "seconds_total": each, "accuracy": 0.8, "resident_mb": 300.0}
        results.add(row)
    results.add({"program": "fastai", "error": "cannot be installed: no such package"})
    text = epoch.table(results)
    assert f"the quickest peer (plain_tensors) 4.00 s: {said}." in text
    assert "| fastai | cannot be installed: no such package |" in text


def test_inference_holds_the_bar_for_large_batches_only(tmp_path):
    results = Results("inference", inference.KEY, tmp_path)
    for batch in (1, 1024):
        for name, ms in (("etude", 1.4), ("onnxruntime", 1.0), ("eager", 2.0)):
            results.add({"network": "cnn", "batch": batch, "program": name, "ms": ms})
    text = inference.table(results)
    assert "| 1.40 | - | - |" in text
    assert "| 1.40 | <= 1.3 | NO |" in text


def test_the_outputs_of_both_sides_are_compared(tmp_path):
    import numpy as np

    np.save(tmp_path / "etude.npy", np.array([[1.0, 2.0], [4.0, 3.0]]))
    np.save(tmp_path / "onnxruntime.npy", np.array([[1.0, 2.5], [2.0, 3.0]]))
    found = inference.compared(tmp_path)
    assert found["difference"] == 2.0
    assert (found["equal"], found["images"]) == (1, 2)


def test_a_leak_is_found_and_a_step_is_none(tmp_path):
    leaking = [[epoch, 300 + 0.05 * epoch] for epoch in range(1, 201)]
    stepping = [[epoch, 300 + 4.0 * (epoch > 60)] for epoch in range(1, 201)]
    results = Results("growth", growth.KEY, tmp_path)
    for model, series in (("mlp", leaking), ("cnn", stepping)):
        results.add({"axis": "epochs", "model": model, "size": 200, "series": series})
    lines = growth.leaks(results).splitlines()
    assert lines[2].endswith("| NO |")
    assert lines[3].endswith("| yes |")
    assert growth.slope(leaking[:25]) is None


def test_the_power_of_growth_is_the_slope_of_logarithms():
    assert growth.exponent([1, 2, 4, 8], [3, 12, 48, 192]) == pytest.approx(2)


def test_made_data_are_read_and_a_run_that_fails_is_named(tmp_path):
    from etude.data.arrays import Config, load

    watched.vectors(tmp_path, 500)
    raw = load(Config(path=str(tmp_path)))
    assert raw.kind == "vector"
    assert raw.train.x.shape == (500, 64)
    assert "error" in watched.train(["mlp", "--data", "nothing-here"], tmp_path)


def test_play_lists_every_claim(capsys):
    import importlib.util

    spec = importlib.util.spec_from_file_location("play", common.HOME.parent / "play.py")
    play = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(play)
    assert play.bench([]) == 0
    text = capsys.readouterr().out
    for name in ("accuracy", "training", "epoch", "inference", "growth"):
        assert f"  {name} " in text
    assert play.bench(["trainign"]) == 2
    assert "Unknown: trainign." in capsys.readouterr().out
