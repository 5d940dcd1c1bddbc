"""Run folders written by étude 0.1.0 (tests/fixtures/v0.1.0) open, resume and predict for good."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etude
from etude.locale.texts import has_text

FIXTURES = Path(__file__).parents[1] / "fixtures" / "v0.1.0"
NAMES = ("mlp-table", "mlp-digits", "lstm-gestures", "aae-digits")
SOURCES = {"mlp-table": "table.npz", "lstm-gestures": "gestures.npz"}
CLOSE = {"rel": 1e-4, "abs": 1e-6}


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A copy of the old runs in the working folder; what 0.1.0 said of them."""
    shutil.copytree(FIXTURES, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return json.loads(Path("expected.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_an_old_run_opens(old: dict[str, Any], name: str) -> None:
    run = etude.load(f"runs/{name}")
    assert run.test == old[name]["test"]
    before = old[name]["baseline"]
    goal = run.result.goal
    assert run.baseline.score == before[goal]
    assert sorted(run.baselines.scores.values()) == sorted(before["all"].values())
    assert all(has_text(f"baseline.{kind}") for kind in run.baselines.scores), "names of 0.1.0"


@pytest.mark.parametrize("name", SOURCES)
def test_an_old_run_predicts(old: dict[str, Any], name: str) -> None:
    answers = etude.load(f"runs/{name}").predict(SOURCES[name])
    assert len(answers) == len(old[name]["predictions"])
    for answer, before in zip(answers, old[name]["predictions"]):
        for key in ("value", "probability"):
            if key in before:
                assert answer[key] == pytest.approx(before[key], **CLOSE)
        assert answer.get("label") == before.get("label")


def test_an_old_run_reads_pictures_as_it_did(old: dict[str, Any]) -> None:
    """Digits are 0..16: a Card without an input range brings pictures of 0..255 to its `top`."""
    from PIL import Image
    from sklearn.datasets import load_digits

    images = load_digits().images[:40]
    run = etude.load("runs/mlp-digits")
    for i, image in enumerate(images):
        Image.fromarray(np.round(image * 255 / 16).astype(np.uint8)).save(f"{i}.png")
    by_array = run.predict(images[:, None].astype(np.uint8))
    by_file = run.predict([f"{i}.png" for i in range(len(images))])
    assert [a["label"] for a in by_file] == [a["label"] for a in by_array]


@pytest.mark.parametrize("name", NAMES)
def test_an_old_run_is_resumed(old: dict[str, Any], name: str) -> None:
    run = etude.resume(f"runs/{name}-stopped", quiet=True)
    assert run.result.epochs == etude.load(f"runs/{name}").result.epochs
    for metric, value in old[name]["test"].items():
        # Of several outputs 0.1.0 pooled rmse and r2; now each output has its own.
        if isinstance(value, float) and metric not in ("rmse", "r2"):
            assert run.test[metric] == pytest.approx(value, rel=1e-2, abs=1e-3), metric


def test_an_old_run_is_resumed_with_moved_data(old: dict[str, Any]) -> None:
    """Its fingerprint is of float32 numbers, and must be taken where the data are now."""
    Path("moved").mkdir()
    Path("table.npz").rename("moved/table.npz")
    run = etude.resume("runs/mlp-table-stopped", quiet=True, data="moved/table.npz")
    assert run.test["mae"] == pytest.approx(old["mlp-table"]["test"]["mae"], rel=1e-2)
