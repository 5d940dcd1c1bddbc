"""How much training small data get, and which weights are kept where few samples may choose."""

from pathlib import Path

import numpy as np
import pytest

import etude
from etude import assembly, defaults, pipeline, registry
from etude.recipe import draft
from etude.runs.folder import RunFolder
from etude.training import loop, record
from etude.training.distributed import ALONE
from etude.training.record import FEWEST_TO_CHOOSE, chosen_by
from tests import settings
from tests.training.test_loop import final_bytes

COUNTS = (2, 3, 4, 7, 8, 9, 15, 16, 33, 64, 100, 255, 256, 1000, 4999, 5000, 10**6)


def own(path: Path, count: int, held: int, shape: tuple[int, ...] = (6,), seed: int = 0) -> Path:
    """`count` training samples of two classes, as many for the test, and `held` for validation."""
    random = np.random.default_rng(seed)
    arrays = {}
    for part, number in (("train", count), ("val", held), ("test", count)):
        y = np.arange(number) % 2
        centre = y.reshape(-1, *(1 for _ in shape))
        arrays |= {f"y_{part}": y, f"x_{part}": random.normal(size=(number, *shape)) + centre}
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("count", COUNTS)
def test_a_batch_is_a_power_of_two_that_leaves_several_steps(count):
    size = defaults.batch_size(count)
    assert 2 <= size <= 128
    assert size & (size - 1) == 0
    assert size <= count
    assert count // size >= defaults.FEWEST_BATCHES or size == 2
    assert defaults.batch_size(10 * count) >= size


@pytest.mark.parametrize(
    ("count", "epochs"),
    [(2, 8), (100_000, 8), (200_000, 8), (200_001, 8), (400_000, 4), (500_000, 4), (10**7, 2)],
)
def test_many_samples_need_fewer_epochs(count, epochs):
    assert defaults.fewest_epochs(count) == epochs
    assert count * epochs >= min(count * 8, 1_600_000)


@pytest.mark.parametrize("count", [4, 13, 36, 64, 150, 700])
@pytest.mark.parametrize("model", ["mlp", "cnn", "lstm", "transformer"])
def test_small_data_get_the_steps_that_the_preset_wants(model, count, tmp_path):
    path = own(tmp_path / "own.npz", count, 4, (8, 2))
    parts = assembly.prepare(assembly.read_draft(draft(model, str(path))), ALONE)
    spec, train = parts.dataset.card.model_spec, parts.recipe.train
    wanted = registry.load("model", model).presets["default"](spec).updates
    steps = train.epochs * (count // train.batch_size)
    assert steps == pytest.approx(wanted, rel=0.05)


def test_a_size_that_the_user_gives_changes_the_epochs_and_not_the_steps(tmp_path):
    path = own(tmp_path / "own.npz", 64, 8)
    for size in (4, 64):
        fields = {"train.batch_size": size}
        train = assembly.prepare(
            assembly.read_draft(draft("mlp", str(path), fields=fields)), ALONE
        ).recipe
        assert train.train.epochs * (64 // size) == pytest.approx(1500, rel=0.05)


def test_a_presets_batch_never_exceeds_the_data(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(12, 9)), np.ones((12, 2))
    np.savez(tmp_path / "short.npz", x=x, y=y)
    fields = {"data.forecast": True}
    parts = assembly.prepare(
        assembly.read_draft(draft("lstm", str(tmp_path / "short.npz"), fields=fields)), ALONE
    )
    assert parts.recipe.train.batch_size <= len(parts.dataset.train)


@pytest.mark.parametrize(
    ("model", "data", "epochs", "size"),
    [
        ("mlp", "digits", 75, 64), ("cnn", "digits", 50, 64), ("lstm", "digits", 75, 64),
        ("transformer", "digits", 100, 64), ("vit", "digits", 90, 64), ("aae", "digits", 60, 64),
        ("mlp", "curve", 100, 64),
    ],
)  # fmt: skip
def test_the_recipes_of_embedded_data_are_what_was_measured(model, data, epochs, size):
    train = assembly.prepare(assembly.read_draft(draft(model, data)), ALONE).recipe.train
    assert (train.epochs, train.batch_size) == (epochs, size)


def test_few_validation_samples_choose_nothing():
    assert chosen_by(settings.train(), FEWEST_TO_CHOOSE) == "validation"
    assert chosen_by(settings.train(), FEWEST_TO_CHOOSE - 1) == "last"
    assert chosen_by(settings.train(patience=3), 2) == "validation", (
        "whoever stops by it relies on it"
    )


@pytest.mark.parametrize(("held", "chosen"), [(6, "last"), (60, "validation")])
def test_the_result_and_the_report_say_which_weights_were_kept(held, chosen, workdir):
    path = own(workdir / "own.npz", 40, held)
    run = etude.train("mlp", data=str(path), epochs=12, quiet=True, **{"model.hidden": [8]})
    assert run.result.chosen == chosen
    steps = [row["step"] for row in run.history]
    best = run.folder.best()
    if chosen == "last":
        assert best.step == steps[-1]
        assert run.result.val == run.history[-1]["val"]
        assert run.result.best_epoch == 12
    said = (run.path / "report.html").read_text()
    assert ("which epoch looks best is mostly luck" in said) is (chosen == "last")
    assert ("The selected weights are those of epoch" in said) is (chosen == "validation")


def test_what_is_kept_does_not_depend_on_luck(workdir, monkeypatch):
    """The saboteur: with the rule away, an earlier epoch is kept."""
    path, fields = own(workdir / "own.npz", 40, 3, seed=3), {"model.hidden": [8], "train.lr": 0.1}
    kept = []
    for few in (FEWEST_TO_CHOOSE, 1):
        monkeypatch.setattr(record, "FEWEST_TO_CHOOSE", few)
        run = etude.train("mlp", data=str(path), epochs=30, quiet=True, name=f"k{few}", **fields)
        kept.append(run.result.best_epoch)
    assert kept[0] == 30 > kept[1]


def test_a_run_that_keeps_the_last_weights_resumes_to_the_same_bytes(workdir):
    path = str(own(workdir / "own.npz", 40, 5))
    fields = {"train.epochs": 6, "model.hidden": [8], "train.save_seconds": 0}
    whole = etude.train("mlp", data=path, name="whole", quiet=True, **fields)
    run = RunFolder.create(Path("runs/broken"))
    run, parts = pipeline.begin(
        run, assembly.read_draft(draft("mlp", path, fields=fields)), quiet=True, lang="en"
    )
    train, val = pipeline.training_data(parts)

    class Gone(Exception):
        pass

    def stop(event, info):
        if event == "step" and info["step"] == 13:
            raise Gone

    card = parts.dataset.card.plain()
    with pytest.raises(Gone):
        loop.Loop(parts.model, parts.task, parts.recipe, train, val, run, card, stop, ALONE).fit()
    run.release()
    resumed = etude.resume("runs/broken", quiet=True)
    assert resumed.result.chosen == "last"
    assert final_bytes(whole.path) == final_bytes(resumed.path)


def test_a_result_without_the_field_is_one_that_validation_chose():
    from etude.inspection.words import sentences

    assert "chosen" not in settings.RESULT
    said = " ".join(sentences(settings.result(top_epoch=2)))
    assert "mostly luck" not in said
    assert "The selected weights are those of epoch 1 of 2" in said
