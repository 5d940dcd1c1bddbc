"""The folder of a repository: what is written, what is read back, and what is refused."""

import json
import shutil

import numpy as np
import pytest
import safetensors
from safetensors.numpy import load_file, save_file
from torch import nn

import etude
from etude import pipeline
from etude.errors import RunError, StorageError, UsageError
from etude.hub import layout, write
from etude.runs import files
from tests.hub.conftest import QUICK

pytestmark = pytest.mark.usefixtures("few")
FILES = {
    "README.md", "config.json", "metrics.jsonl", "model.safetensors", "recipe.json", "timing.jsonl",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """The repository of the run, in a folder."""
    patch = pytest.MonkeyPatch()
    patch.setattr("etude.hub.write.VIEWS", ())
    yield run.save_pretrained(tmp_path_factory.mktemp("repository") / "mlp-digits", license="mit")
    patch.undo()


@pytest.fixture
def copied(folder, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(folder, tmp_path / "copy")


def names(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def changed(folder, name, change):
    """Change a JSON file of a repository in place."""
    value = json.loads((folder / name).read_text())
    change(value)
    (folder / name).write_text(json.dumps(value))


def refused(folder, *words):
    with pytest.raises(RunError) as caught:
        etude.from_pretrained(folder)
    assert all(word in str(caught.value) for word in words), str(caught.value)


# What is written ----------------------------------------------------------------------------------


def test_the_folder_has_these_files_with_the_weights_and_rows_of_the_run(run, folder):
    assert names(folder) == FILES
    best = run.recorder.best()
    with safetensors.safe_open(str(folder / "model.safetensors"), "np") as file:
        assert file.metadata() == {"etude": etude.__version__, "format": "pt"}
    stored = load_file(folder / "model.safetensors")
    assert stored.keys() == best.model.keys()
    assert all((stored[name] == x).all() for name, x in best.model.items())
    assert (folder / "metrics.jsonl").read_bytes() == (run.path / "metrics.jsonl").read_bytes()
    assert json.loads((folder / "recipe.json").read_text()) == run.recorder.read("recipe.json")
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "etude-mlp" and config["etude"]["card"] == run.card.plain()


def test_equal_runs_give_equal_bytes_also_after_they_were_read_back(run, folder):
    first = run.repository("mlp-digits", "mit")
    assert {name: (folder / name).read_bytes() for name in FILES} == first
    assert etude.from_pretrained(folder).repository("mlp-digits", "mit") == first
    assert run.repository("mlp-digits") != first


def test_metadata_of_weights_do_not_change_the_tensors(tmp_path):
    arrays = {"b": np.arange(5, dtype=np.float32), "a": np.float64(3), "c": np.ones((2, 0), "i8")}
    (tmp_path / "x").write_bytes(write.weights(arrays, "0.2.0 \u00e9"))
    stored = load_file(tmp_path / "x")
    assert stored.keys() == arrays.keys()
    for name, x in arrays.items():
        assert stored[name].dtype == np.asarray(x).dtype and (stored[name] == x).all()


def test_nothing_is_overwritten_and_the_same_again_is_left_alone(run, folder, tmp_path):
    before = (folder / "model.safetensors").stat().st_mtime_ns
    run.save_pretrained(folder, license="mit")
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(RunError, match="nothing is overwritten"):
        run.save_pretrained(folder, license="apache-2.0")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="nothing is overwritten"):
        run.save_pretrained(tmp_path / "file")


def test_a_full_disk_leaves_nothing(run, tmp_path, monkeypatch):
    def full(path, content):
        if path.name == "model.safetensors":
            raise StorageError("full")
        path.write_bytes(content)

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(StorageError, match="full"):
        run.save_pretrained(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_the_run_goes_along_and_is_listed(run, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "run")
    (copy / "export").mkdir()
    (copy / "export" / "digits.onnx").write_bytes(b"graph")
    contents = etude.load(copy).repository("x")
    assert contents["model.onnx"] == b"graph" and b"`model.onnx`" in contents["README.md"]
    (copy / "export" / "other.onnx").write_bytes(b"other")
    assert "model.onnx" not in etude.load(copy).repository("x")


def test_folders_of_the_user_do_not_leave():
    recipe = {
        "data": {"name": "table", "path": "/home/ada/secret/x.csv", "keep": ["id"],
                 "more": {"a": ["~/b/c.csv"]}, "near": "photos/", "size": 3},
        "about": {"command": "etude train mlp --data /home/ada/secret/x.csv"},
    }  # fmt: skip
    shorter = layout.without_paths(recipe)
    assert shorter["data"] == {"name": "table", "path": "x.csv", "keep": ["id"],
                               "more": {"a": ["c.csv"]}, "near": "photos/", "size": 3}  # fmt: skip
    assert "secret" not in json.dumps(shorter)


def test_what_only_this_machine_could_open_is_refused(run, tmp_path, monkeypatch):
    x, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 2
    own = etude.train(nn.Linear(4, 2), data=(x, y), **QUICK)
    with pytest.raises(RunError, match="module of your own"):
        own.save_pretrained(tmp_path / "own")
    monkeypatch.setattr("etude.registry.is_built_in", lambda kind, name: kind != "task")
    with pytest.raises(RunError, match="the task classify is not part"):
        run.save_pretrained(tmp_path / "plugin")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("license_", ["Apache 2.0", "", "mit\nevil: 1", "x" * 99])
def test_a_license_is_an_identifier(run, license_):
    with pytest.raises(UsageError, match="license"):
        run.repository("x", license_)


def test_without_the_library_a_folder_is_read_but_not_written(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("etude.hub.library.find_spec", lambda name: None)
    assert etude.from_pretrained(folder).test == run.test
    with pytest.raises(UsageError, match=r"etude\[hub\]"):
        run.save_pretrained(tmp_path / "x")
    with pytest.raises(UsageError, match=r"etude\[hub\]"):
        run.push("ada/x")
    with pytest.raises(UsageError, match=r"etude\[hub\]"):
        etude.from_pretrained("ada/x")


# What is read back --------------------------------------------------------------------------------


def test_a_folder_becomes_the_same_run(run, folder, digits, tmp_path, workdir):
    back = etude.from_pretrained(folder)
    assert (back.outputs(split(digits)) == run.outputs(split(digits))).all()
    assert back.predict(digits) == run.predict(digits)
    assert (back.result, back.history, back.card) == (run.result, run.history, run.card)
    assert (back.recipe, back.recipe.digest) == (run.recipe, run.recipe.digest)
    assert (back.seconds, back.samples_per_second) == (run.seconds, run.samples_per_second)
    saved = back.save("pulled")
    assert saved.predict(digits) == run.predict(digits)
    again = etude.verbs.evaluate("pulled")
    assert again == json.loads(json.dumps(run.test)) or again == run.test
    assert [each.name for each in saved.look("curves")] == ["curves"]
    with pytest.raises(RunError, match="not the state of the optimizer"):
        etude.resume("pulled", quiet=True)
    assert etude.load("pulled").result == run.result, "the refusal changed the run"
    assert etude.verbs.report("pulled").is_file()
    assert etude.resume("pulled", quiet=True).result == run.result


def split(x):
    from etude.data.dataset import Split

    return Split(x, np.zeros(len(x), np.int64))


def test_a_saboteur_of_the_weights_is_noticed(run, copied, digits):
    arrays = load_file(copied / "model.safetensors")
    name = sorted(arrays)[0]
    arrays[name] = arrays[name] + np.float32(0.01)
    save_file(arrays, copied / "model.safetensors")
    assert etude.from_pretrained(copied).predict(digits) != run.predict(digits)


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", layout.NEEDED)
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    refused(copied, name, "tag")


def test_what_is_not_a_run_of_etude_is_refused_by_what_it_is(copied):
    changed(copied, "config.json", lambda c: c.pop("etude"))
    refused(copied, "did not write its config.json")
    (copied / "config.json").write_text("[1]")
    refused(copied, "config.json")
    (copied / "config.json").write_text("{")
    refused(copied, "config.json")


EDITS = {
    "a later format": ("config.json", lambda c: c["etude"].update(format=9), "format 9"),
    "a step": ("config.json", lambda c: c["etude"].update(step=-1), "step"),
    "a card": ("config.json", lambda c: c["etude"]["card"].update(shape=[1, 1 << 40, 8]), "damag"),
    "no card": ("config.json", lambda c: c["etude"].pop("card"), "damaged"),
    "a plugin": ("recipe.json", lambda r: r["model"].update(name="evil"), "the model evil"),
    "a module": ("recipe.json", lambda r: r["model"].update(name="own"), "module of your own"),
    "a source": ("recipe.json", lambda r: r["data"].update(name="evil"), "the data evil"),
    "another model": ("recipe.json", lambda r: r.update(model={"name": "cnn"}), "different"),
    "a width": ("recipe.json", lambda r: r["model"].update(hidden=[17]), "weights"),
    "a field": ("recipe.json", lambda r: r["train"].update(epochs="many"), "damaged"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_contradictions_are_refused(copied, edit):
    name, change, words = EDITS[edit]
    changed(copied, name, change)
    refused(copied, words)


def test_a_model_larger_than_memory_is_refused_before_it_is_built(copied):
    changed(copied, "recipe.json", lambda r: r["model"].update(hidden=[1 << 20, 1 << 20]))
    with pytest.raises(StorageError, match="memory"):
        etude.from_pretrained(copied)
    changed(copied, "recipe.json", lambda r: r["model"].update(hidden=[1 << 30, -1]))
    refused(copied, str(copied), "hidden")


def test_bad_weights_are_refused(copied):
    arrays = load_file(copied / "model.safetensors")
    first = sorted(arrays)[0]
    save_file({**arrays, first: arrays[first] * np.float32(np.nan)}, copied / "model.safetensors")
    refused(copied, first)
    save_file({k: x for k, x in arrays.items() if k != first}, copied / "model.safetensors")
    refused(copied, first)
    (copied / "model.safetensors").write_bytes((1 << 60).to_bytes(8, "little"))
    refused(copied, "model.safetensors")
    (copied / "model.safetensors").write_bytes(b"\x80\x04\x95pickle")
    refused(copied, "model.safetensors")


def test_rows_without_a_result_are_refused(copied):
    rows = (copied / "metrics.jsonl").read_text().splitlines(keepends=True)
    (copied / "metrics.jsonl").write_text("".join(rows[:-1]))
    refused(copied, "no test result")
    (copied / "metrics.jsonl").write_text('{"event": "epoch"}\n')
    refused(copied, "metrics.jsonl")


def test_links_and_sizes_are_limited(copied, tmp_path, monkeypatch):
    (tmp_path / "outside.json").write_bytes((copied / "config.json").read_bytes())
    (copied / "config.json").unlink()
    (copied / "config.json").symlink_to(tmp_path / "outside.json")
    refused(copied, "is a link")
    monkeypatch.setattr(layout, "largest", lambda name: 10)
    (copied / "config.json").unlink()
    (copied / "config.json").write_text(" " * 11)
    refused(copied, "10 is the most")


def test_other_files_are_never_opened(copied, digits, run):
    for name in ("pytorch_model.bin", "model.pkl", "modeling.py", "x.pth"):
        (copied / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
        (copied / name).chmod(0)
    assert etude.from_pretrained(copied).predict(digits) == run.predict(digits)


@pytest.mark.parametrize("name", ["a/b/c", "../x", "/nowhere/at/all", "a--b/c", "x", "", "a/b.git"])
def test_what_is_neither_a_folder_nor_a_name_is_refused(name):
    with pytest.raises(UsageError, match="repository"):
        etude.from_pretrained(name)


def test_evaluation_does_not_trust_the_rows(copied, workdir):
    """The saboteur: a better result in metrics.jsonl is not that of the weights."""
    rows = [json.loads(line) for line in (copied / "metrics.jsonl").read_text().splitlines()]
    rows[-1]["test"]["accuracy"] = 1.0
    (copied / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = etude.from_pretrained(copied).save("better")
    assert run.test["accuracy"] == 1.0
    assert pipeline.evaluate_again(run, True, "en")["accuracy"] < 1.0
