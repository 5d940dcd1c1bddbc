"""ONNX files answer like étude for every family and task, from raw samples, and say all of it."""

import ast
import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

import etude
from etude.errors import NumericsError, UsageError
from etude.exporters import trial
from etude.exporters.graph import Deployed, answers
from etude.exporters.onnx_file import OnnxFile
from tests.exporters.conftest import RUNS


@pytest.fixture(scope="session")
def exported(trained, place):
    """A function that returns the exported file of a run, and its run."""
    found = {}

    def file(name):
        if name not in found:
            run = trained(name)
            result = run.export("onnx", place / f"{name}.onnx")
            found[name] = result, OnnxFile.open(result.path), run
        return found[name]

    return file


QUICK = ("aae", "forecast", "lstm", "table")
"""The rest takes seconds each."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in RUNS]
)
def test_every_family_and_task_answers_as_in_torch(exported, name):
    result, file, run = exported(name)
    split = run.trained.samples()
    assert result.parity.samples == len(split)
    assert result.parity.same == len(split)
    assert result.parity.largest < 1e-5
    wanted = answers(Deployed(run.trained), split)
    for size in (1, 3, 129):
        some = split.take(np.arange(size) % len(split))
        for output, values in file.answers(some).items():
            want = wanted[output][np.arange(size) % len(split)]
            assert values.dtype == want.dtype
            spread = 1 if output == "probabilities" else want.std() or 1
            np.testing.assert_allclose(values / spread, want / spread, rtol=0, atol=1e-5)


def largest(file, deployed, split):
    """The largest difference between a file and a network, in spreads of the output."""
    wanted, found = answers(deployed, split), file.answers(split)
    assert wanted.keys() == found.keys()
    spread = {name: 1 if name == "probabilities" else x.std() for name, x in wanted.items()}
    return max(np.abs(found[name] - x).max() / spread[name] for name, x in wanted.items())


def wrong(trained):
    """The network of a run with one number of its last parameter changed."""
    deployed = copy.deepcopy(Deployed(trained))
    with torch.no_grad():
        [*deployed.model.parameters()][-1].view(-1)[0] += 0.05
    return deployed


@pytest.mark.parametrize("name", ["panel-logs", pytest.param("panel", marks=pytest.mark.slow)])
def test_a_panel_of_several_series_answers_as_the_run(exported, name):
    _, file, run = exported(name)
    split, panel = run.trained.samples(), run.card.panel
    assert len(panel.series) == 3 and panel.log == (name == "panel-logs")
    assert largest(file, Deployed(run.trained), split) < 1e-5
    assert largest(file, wrong(run.trained), split) > 1e-3
    # In standard deviations of each series, of logarithms too: in their units they differ widely.
    assert file.answers(split)["forecast"].std() < 5
    assert ("log" in file.metadata["unit"]) == panel.log


def test_a_forecast_of_logarithms_answers_in_units(exported):
    _, file, run = exported("series-logs")
    split = run.trained.samples()
    assert run.card.log and len(run.card.panel.series) == 1
    assert largest(file, Deployed(run.trained), split) < 1e-5
    assert largest(file, wrong(run.trained), split) > 1e-3
    found, true = file.answers(split)["forecast"], np.asarray(split.y)

    def off(values):
        return np.median(np.abs(values / true - 1))

    assert off(found) < 0.5 < off(np.log(found))


class Own(nn.Module):
    """A network of a user: two paths whose outputs are added."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.long, self.short = nn.Linear(4 * 16, 10), nn.Linear(64, 10)

    def forward(self, x):
        seen = torch.nn.functional.max_pool2d(torch.tanh(self.norm(self.conv(x))), 2)
        return self.long(seen.flatten(1)) + self.short(x.flatten(1))


def test_a_module_of_the_users_own_answers_as_the_run(tmp_path):
    torch.manual_seed(0)
    run = etude.train(Own(), "digits", root=tmp_path, epochs=1, quiet=True)
    result = run.export("onnx", tmp_path / "own.onnx")
    file, split = OnnxFile.open(result.path), run.trained.samples()
    assert result.parity.same == result.parity.samples == len(split)
    assert largest(file, Deployed(run.trained), split) < 1e-5
    assert largest(file, wrong(run.trained), split) > 1e-3


@pytest.mark.parametrize(
    "name",
    ["lstm", *(pytest.param(x, marks=pytest.mark.slow) for x in ("transformer", "sequence-cnn"))],
)
def test_padding_does_not_count_and_sequences_may_be_longer_than_in_training(exported, name):
    _, file, run = exported(name)
    x = np.random.default_rng(0).normal(size=(3, 20, 2)).astype(np.float32)
    lengths = np.array([20, 7, 1])
    ours = run.trained.model
    wanted = Deployed(run.trained)
    with torch.no_grad():
        want = wanted(torch.from_numpy(x), torch.from_numpy(lengths))["probabilities"].numpy()
    assert ours is wanted.model
    for i, length in enumerate(lengths):
        x[i, length:] = 1e9
    have = file.play((x, lengths))["probabilities"]
    np.testing.assert_allclose(have, want, rtol=0, atol=1e-6)


def test_the_file_says_what_is_in_it(exported):
    _, file, run = exported("mlp")
    said = file.metadata
    assert file.card == run.card
    assert ast.literal_eval(said["names"]) == dict(enumerate(run.card.classes))
    assert said["recipe"] == run.recipe.digest
    assert said["fingerprint"] == run.card.fingerprint
    test = json.loads(said["test"])
    assert (test["metric"], test["value"]) == ("accuracy", run.result.score)
    assert test["interval"] == list(run.result.test.accuracy_95)
    assert "x is uint8 [n 1 8 8]" in said["preprocessing"]
    assert [file.inputs, file.outputs] == [[("x", "tensor(uint8)")], ["probabilities"]]
    assert json.loads(exported("quantiles")[1].metadata["quantiles"]) == [0.1, 0.5, 0.9]


def test_classes_can_be_renamed(trained, tmp_path):
    run = trained("mlp")
    names = [f"'{i}' \"숫자\"" for i in range(10)]
    result = run.export("onnx", tmp_path / "renamed.onnx", classes=names)
    file = OnnxFile.open(result.path)
    assert list(ast.literal_eval(file.metadata["names"]).values()) == names
    assert file.card.classes == tuple(names)
    for wrong, words in ((["a"], "1 name, but the run has 10"), (["a"] * 10, "more than once: a")):
        with pytest.raises(UsageError, match=words):
            run.export("onnx", tmp_path / "wrong.onnx", classes=wrong)
    with pytest.raises(UsageError, match="Only the classes"):
        trained("fine").export("onnx", tmp_path / "wrong.onnx", classes=["a"])
    assert not (tmp_path / "wrong.onnx").exists()


@pytest.mark.parametrize("name", ["vit", pytest.param("transformer", marks=pytest.mark.slow)])
def test_attention_is_one_more_output_whose_rows_sum_to_1(trained, name, tmp_path):
    run = trained(name)
    result = run.export("onnx", tmp_path / "seen.onnx", attention=True)
    file, split = OnnxFile.open(result.path), run.trained.samples()
    weights = file.answers(split.take(np.arange(5)))["attention"]
    tokens = 17 if name == "vit" else split.x.shape[1]
    assert weights.shape == (5, 2, 4, tokens, tokens)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=0, atol=1e-6)
    with pytest.raises(UsageError, match="no attention weights"):
        trained("cnn").export("onnx", tmp_path / "cnn.onnx", attention=True)


def test_a_file_that_answers_otherwise_is_not_written(trained, tmp_path, monkeypatch):
    def other(deployed, split, play):
        def changed(inputs):
            found = play(inputs)
            return {name: values[:, ::-1] for name, values in found.items()}

        return trial_of(deployed, split, changed)

    from etude.exporters import onnx

    trial_of = trial.tried
    monkeypatch.setattr(onnx, "tried", other)
    with pytest.raises(NumericsError, match="does not answer like étude"):
        trained("mlp").export("onnx", tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["lstm", "table"])
def test_the_file_predicts_as_the_run(exported, name):
    result, _, run = exported(name)
    few = run.trained.samples().x[:3]
    ours, theirs = run.predict(few), etude.load_onnx(result.path).predict(few)
    assert [one.keys() for one in ours] == [one.keys() for one in theirs]
    key = "probability" if name == "lstm" else "value"
    for one, other in zip(ours, theirs, strict=True):
        assert other[key] == pytest.approx(one[key], rel=1e-4)


def test_a_pt2_file_answers_the_same(trained, tmp_path):
    result = trained("lstm").export("pt2", tmp_path / "lstm.pt2")
    assert result.parity.same == result.parity.samples
    assert result.parity.largest < 1e-6


@pytest.mark.slow
def test_an_older_opset_answers_the_same(trained, tmp_path):
    result = trained("mlp").export("onnx", tmp_path / "old.onnx", opset=17)
    assert result.parity.same == result.parity.samples
