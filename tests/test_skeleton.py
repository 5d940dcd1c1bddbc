"""The whole walk in small: train, predict, evaluate, load; in Python and as a command."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import etude
from etude.cli import main


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One small run for the whole file, and the folder it lies in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("walk"))
        yield etude.train("mlp", data="digits", epochs=12, name="walk", quiet=True)


def test_a_run_learns_and_says_what_it_is_worth(trained):
    majority = min(trained.baselines.scores.values())
    assert trained.test["accuracy"] > 0.9 > majority + 0.5
    low, high = trained.test["accuracy_95"]
    assert low < trained.test["accuracy"] < high
    assert sum(each["samples"] for each in trained.test["per_class"].values()) == 359
    assert len(trained.history) == 12


def test_a_notebook_shows_a_run_in_the_language_of_the_environment(trained, monkeypatch):
    monkeypatch.setenv("ETUDE_LANG", "ko")
    shown = trained._repr_html_()
    assert "정확도" in shown and "보고서: <code>" in shown
    assert not {"accuracy", "Report", "baseline"} & set(re.findall("[A-Za-z]+", shown))
    monkeypatch.setenv("ETUDE_LANG", "fr")  # no error in a notebook: English
    assert "Report: <code>" in trained._repr_html_()


def test_a_notebook_shows_a_run_as_a_table(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("ETUDE_LANG", "en")
    shown = trained._repr_html_()
    assert f"{100 * trained.test['accuracy']:.1f} %" in shown
    assert "<th>" in shown and "Report: <code>" in shown and "report.html" in shown
    strange = etude.load(shutil.copytree(trained.path, tmp_path / "<b>&"))
    assert "<b>&" not in strange._repr_html_()


def test_a_class_whose_name_is_markup_is_a_word_of_the_report(workdir):
    rng = np.random.default_rng(0)
    for label, count in (("<script>", 30), ("b&b", 15)):
        (workdir / "data" / label).mkdir(parents=True)
        for index in range(count):
            pixels = rng.integers(0, 255, (8, 8)).astype(np.uint8)
            Image.fromarray(pixels).save(workdir / "data" / label / f"{index}.png")
    run = etude.train("mlp", data="data", epochs=1, quiet=True, **{"model.hidden": [8]})
    text = run.folder.report.read_text(encoding="utf-8")
    assert "<script" not in text and "b&b" not in text
    assert "&lt;script&gt;" in text and "b&amp;b" in text


def test_predict_from_arrays_agrees_with_the_test_result(trained):
    from etude.data import digits
    from etude.data.dataset import DataConfig

    test = digits.load(DataConfig()).test
    answers = trained.predict(test.x)
    right = np.mean([answer["label"] == str(y) for answer, y in zip(answers, test.y)])
    assert right == pytest.approx(trained.test["accuracy"])
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1)


def test_predict_from_a_picture_on_the_command_line(trained, tmp_path, capsys):
    from etude.data import digits
    from etude.data.dataset import DataConfig

    test = digits.load(DataConfig()).test
    picture = tmp_path / "digit.png"
    Image.fromarray((test.x[0, 0] * (255 / 16)).round().astype(np.uint8)).save(picture)
    main(["predict", str(trained.path.resolve()), str(picture), "--json"])
    [answer] = json.loads(capsys.readouterr().out)
    [same] = trained.predict(test.x[:1])
    assert answer["label"] == same["label"]
    assert answer["input"].endswith("digit.png")


def test_a_finished_run_can_be_loaded_and_evaluated(trained):
    again = etude.load(trained.path)
    assert again.test == trained.test
    from etude.verbs import evaluate

    assert evaluate(trained.path)["accuracy"] == trained.test["accuracy"]


def test_a_recipe_can_be_played_again(trained):
    run = etude.train(str(trained.path / "recipe.json"), name="again", quiet=True)
    assert run.recipe.digest == trained.recipe.digest
    weights = [(r.path / "checkpoints").glob("*/model.safetensors") for r in (trained, run)]
    first, second = (sorted(p.read_bytes() for p in found) for found in weights)
    assert first == second


def test_an_existing_run_is_not_overwritten(trained, capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", "mlp", "--data", "digits", "--name", "walk"])
    assert left.value.code == 2
    assert "walk-2" in capsys.readouterr().err


def test_predict_takes_tensors_and_lists_of_samples(trained):
    import torch

    x = np.random.default_rng(0).integers(0, 16, (2, 1, 8, 8)).astype(np.float32)
    whole = trained.predict(x)
    assert trained.predict(torch.from_numpy(x)) == whole
    assert trained.predict(list(x)) == whole
    with pytest.raises(etude.EtudeError, match="cannot be stacked into one array"):
        trained.predict([x[0], np.zeros(3)])
    with pytest.raises(etude.EtudeError, match="too few samples"):
        etude.train("mlp", data=(x, [0, 1]))
