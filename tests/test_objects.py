"""Training on Python objects: data in memory, modules of the user's own, runs without a folder."""

import csv
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine
from torch import nn

import etude
from etude import pipeline
from etude.data import memory, table
from etude.errors import DataError, Interrupted, RunError, UsageError
from etude.runs import recorder
from etude.training.signals import Signals

FEW = {"epochs": 2, "quiet": True, "threads": 1, "precision": "fp32"}
DIGITS = load_digits()
X, Y = DIGITS.data[:300].astype(np.float32), DIGITS.target[:300]


class Net(nn.Module):
    def __init__(self, outputs=10, inputs=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, 16), nn.ReLU())
        self.head = nn.Linear(16, outputs)

    def forward(self, x):
        return self.head(self.layers(x))


class Frame:
    """As much of a frame as is needed: columns, and a column by its name."""

    def __init__(self, columns):
        self.columns, self._values = list(columns), columns

    def __getitem__(self, name):
        return self._values[name]


def weights(run):
    return {name: x.clone() for name, x in run.model.state_dict().items()}


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(x, two[k]) for k, x in one.items())


def saved(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


# Data in memory ---------------------------------------------------------------------------------


def as_dataset():
    return torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))


FORMS = {
    "arrays": (X, Y),
    "tensors": (torch.from_numpy(X), torch.from_numpy(Y)),
    "a mapping": {"x": X, "Y": Y},
    "a Dataset": as_dataset(),
}


@pytest.mark.parametrize("form", FORMS)
def test_objects_give_the_run_that_the_same_arrays_in_a_file_give(form, workdir):
    file = etude.train("mlp", data=saved("mine.npz", x=X, y=Y), **FEW)
    run = etude.train("mlp", data=FORMS[form], **FEW)
    assert same(weights(run), weights(file))
    assert run.test == file.test and run.card.fingerprint == file.card.fingerprint
    others = etude.train("mlp", data=(X[::-1].copy(), Y), **FEW)
    assert not same(weights(others), weights(file)), "it would not see other data"


class Arrow:
    """As much of an arrow table as is needed: its `columns` are values, not names."""

    def __init__(self, columns):
        self.column_names, self.columns = list(columns), list(columns.values())

    def column(self, name):
        return Values(self.columns[self.column_names.index(name)])


class Values:
    def __init__(self, values):
        self.values = values

    def to_pylist(self):
        return np.asarray(self.values).tolist()


def table_columns():
    """Columns of every kind as a frame has them; some values are missing."""
    random = np.random.default_rng(0)
    size = random.normal(100, 30, 200)
    size[::9] = np.nan
    return {
        "size": size,
        "rooms": random.integers(1, 7, 200),
        "town": random.choice(["Ulm", "Jena", "Hof"], 200),
        "sold": np.datetime64("2020-01-01") + random.integers(0, 900, 200),
        "garden": random.random(200) > 0.5,
        "price": np.nan_to_num(size, nan=100.0) * 3 + random.normal(size=200),
    }


def as_csv(path, columns):
    """The same rows as a file, written the way people write them."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for row in zip(*columns.values()):
            out.writerow(["" if value != value else value for value in row])
    return str(path)


FRAMES = {
    "columns by name": Frame,
    "an arrow table": Arrow,
    "a list of mappings": lambda c: [dict(zip(c, row)) for row in zip(*c.values())],
}


@pytest.mark.parametrize("form", FRAMES)
def test_a_frame_gives_the_run_that_its_file_gives(form, workdir):
    columns = table_columns()
    more = {"data.target": "price"}
    file = etude.train("mlp", data=as_csv("mine.csv", columns), save=False, **FEW, **more)
    run = etude.train("mlp", data=FRAMES[form](columns), save=False, **FEW, **more)
    assert run.card.columns == file.card.columns and run.card.fingerprint == file.card.fingerprint
    assert same(weights(run), weights(file)) and run.test == file.test
    kinds = [column.kind for column in run.card.columns]
    assert kinds == ["number", "number", "category", "date", "truth"]
    new = {name: values[:3] for name, values in columns.items()}
    answers = [run.predict(FRAMES[form](new)), file.predict([as_csv("new.csv", new)])]
    assert [a["value"] for a in answers[0]] == [a["value"] for a in answers[1]]


def test_a_bunch_keeps_the_names_of_its_features_and_classes(workdir):
    run = etude.train("mlp", data=load_wine(), save=False, **FEW)
    assert run.card.classes == ("class_0", "class_1", "class_2")
    assert run.card.columns[0].name == "alcohol" and len(run.card.columns) == 13
    assert {"boosting", "logistic", "majority"} == set(run.baselines.scores)


@pytest.mark.parametrize(
    ("data", "fields", "words"),
    [
        (5, {}, "type int"),
        ({"x": X}, {}, "no y"),
        ((X, Y[:-1]), {}, "samples"),
        ((X, Y), {"data.target": "y"}, "only a frame"),
        (Frame({"a": Y, "b": Y}), {}, "which column is to be predicted"),
        (Frame({"a": Y, "b": Y}), {"data.target": "c"}, "no column 'c' to predict"),
        (Frame({"a": X[:, :2], "b": Y}), {"data.target": "b"}, r"has shape \[\d+, 2\]"),
        ([(X[0], 1), (X[0, :5], 2), (X[0], 1)], {}, "different shapes"),
        (([[1, 2], [3]], [0, 1]), {}, "cannot be read as an array"),
    ],
)
def test_what_cannot_be_read_is_named(data, fields, words, workdir):
    with pytest.raises(DataError, match=words):
        etude.train("mlp", data=data, **FEW, **fields)
    assert not list(workdir.glob("runs/*")), "no run is left"


def _stop(*_):
    raise Interrupted("stopped")


def test_a_run_on_objects_is_resumed_with_the_same_objects_only(workdir, monkeypatch):
    whole = etude.train("mlp", data=(X, Y), name="whole", **FEW)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "conclude", _stop)
        with pytest.raises(Interrupted):
            etude.train("mlp", data=(X, Y), name="part", **FEW)
    with pytest.raises(DataError, match="Python objects"):
        etude.resume("runs/part")
    with pytest.raises(RunError, match="not those it began with"):
        etude.resume("runs/part", data=(X + 1, Y))
    run = etude.resume("runs/part", data=(X, Y), quiet=True)
    assert same(weights(run), weights(whole)) and run.test == whole.test


# Without a folder -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mlp", "aae"])
def test_a_run_in_memory_is_the_run_in_a_folder(model, workdir):
    inside = etude.train(model, data="digits", save=False, **FEW)
    assert not list(workdir.iterdir()), "it wrote something"
    folder = etude.train(model, data="digits", **FEW)
    assert same(weights(inside), weights(folder))
    assert inside.result == folder.result and inside.history == folder.history
    assert inside.recipe == folder.recipe
    answers = [run.predict(DIGITS.images[:3].astype(np.uint8)) for run in (inside, folder)]
    assert answers[0] == answers[1]
    kept = inside.save("runs/kept")
    assert same(weights(kept), weights(folder)) and kept.result == folder.result
    for kind in recorder.KINDS:
        for (a, one), (b, two) in zip(
            kept.folder.snapshots_of(kind), folder.folder.snapshots_of(kind), strict=True
        ):
            assert a == b and all((one[key] == two[key]).all() for key in one)


@pytest.mark.parametrize(
    ("save", "words"),
    [(False, "stopped, and not saved, 0 of 2"), (True, "stopped and saved, 0 of 2")],
)
def test_a_run_that_is_stopped_says_whether_it_was_saved(save, words, workdir, monkeypatch):
    def at_once(signals):
        signals.caught = signal.SIGINT
        return signals

    monkeypatch.setattr(Signals, "__enter__", at_once)
    with pytest.raises(Interrupted, match=words) as error:
        etude.train("mlp", data=(X, Y), save=save, **FEW)
    assert ("save=False" in str(error.value)) is not save
    assert (workdir / "runs").exists() is save


def test_a_job_that_torchrun_restarts_goes_on_with_its_objects(workdir, monkeypatch):
    whole = etude.train("mlp", data=(X, Y), name="whole", **FEW)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "conclude", _stop)
        with pytest.raises(Interrupted):
            etude.train("mlp", data=(X, Y), name="part", **FEW)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    run = etude.train("mlp", data=(X, Y), name="part", **FEW)
    assert same(weights(run), weights(whole))


def test_a_run_in_memory_has_no_name(workdir):
    with pytest.raises(UsageError, match="has no folder"):
        etude.train("mlp", data=(X, Y), name="x", save=False, **FEW)
    assert not list(workdir.iterdir())


def test_a_run_in_memory_is_looked_into_and_shown_in_a_notebook():
    run = etude.train("mlp", data=(X, Y), save=False, **FEW)
    [picture] = run.look("confusion")
    assert picture.arrays and picture.light
    assert "MLP-memory" in run._repr_html_() and "Report" not in run._repr_html_()
    with pytest.raises(RunError, match="in memory"):
        _ = run.path


# Modules of the user's own ----------------------------------------------------------------------


def test_our_loop_trains_a_module_itself_and_reads_it_again(workdir):
    torch.manual_seed(3)
    module = Net()
    before = {name: x.clone() for name, x in module.state_dict().items()}
    run = etude.train(module, data="digits", **FEW)
    assert run.model is module and not same(before, module.state_dict())
    assert run.recipe.model.plain() == {"name": "own", "preset": "default", "module": "Net"}
    assert run.test["accuracy"] > 0.15 and run.look("curves")
    again = etude.load(run.path, model=Net())
    assert same(weights(again), weights(run))
    with pytest.raises(UsageError, match="module of your own"):
        etude.load(run.path).predict(DIGITS.images[:1].astype(np.uint8))
    with pytest.raises(UsageError, match="The module fails on image"):
        etude.load(run.path, model=Net(inputs=32)).predict(DIGITS.images[:1].astype(np.uint8))


def test_a_module_is_trained_as_the_same_network_of_ours_is(workdir):
    """With equal weights, data and settings: the loop does not see whose module it is."""
    fields = {"lr": 1e-3, "optimizer": "adam", "schedule": "constant", "warmup": 0.0, "clip": 0.0,
              "weight_decay": 0.0, "batch_size": 32}  # fmt: skip
    ours = etude.train("mlp", data=(X, Y), save=False, **FEW, **fields)
    module = etude.models.create("mlp", seed=0, data=ours.card.model_spec, **{
        key: value for key, value in ours.recipe.model.fields.items() if key != "preset"
    })  # fmt: skip
    theirs = etude.train(module, data=(X, Y), save=False, **FEW, **fields)
    assert same(weights(theirs), weights(ours)) and theirs.test == ours.test


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Net(outputs=7), r"returns \[2 7\]; \[2 10\] is expected"),
        (Net(inputs=32), "fails on these data"),
        (nn.ReLU(), "no parameters"),
        (Net, "not the class Net"),
        (3, "not of type int"),
    ],
)
def test_a_module_that_does_not_fit_is_refused_before_training(module, words, workdir):
    with pytest.raises(UsageError, match=words):
        etude.train(module, data=(X, Y), **FEW)
    assert not list(workdir.glob("runs/*")), "no run is left"


def test_probabilities_in_place_of_logits_are_said(capsys):
    for last, count in ((nn.Softmax(1), 1), (nn.Identity(), 0)):
        module = nn.Sequential(nn.Linear(64, 10), last)
        etude.train(module, data=(X, Y), save=False, **{**FEW, "quiet": False})
        assert capsys.readouterr().err.count("return logits instead") == count


# Real frames ------------------------------------------------------------------------------------


def test_frames_of_pandas_polars_and_arrow_equal_their_csv_file(tmp_path):
    pa, pd, pl = map(pytest.importorskip, ("pyarrow", "pandas", "polars"))
    count = 60
    whole = [None if k % 7 == 0 else k * 3 % 23 for k in range(count)]
    values = np.random.default_rng(0).normal(size=count).round(4).tolist()
    start = datetime(2024, 1, 1, tzinfo=UTC)
    when = [start + timedelta(hours=5 * k) for k in range(count)]
    cost = [Decimal(k) / 4 for k in range(count)]
    marks, answers = (
        [bool(k % 2) for k in range(count)],
        [["no", "yes"][k % 2] for k in range(count)],
    )
    levels = ["Ulm", "Jena", "Hof", "Nowhere"]  # the last is in no row
    codes = [k % 3 for k in range(count)]
    plain = {"value": values, "mark": marks, "answer": answers}
    city = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(levels))
    arrow = pa.table(
        {"whole": whole, "city": city, "when": when, "cost": pa.array(cost, pa.decimal128(9, 2))}
        | plain
    )
    pandas = pd.DataFrame(
        {
            "whole": pd.array(whole, dtype="Int64"),
            "city": pd.Categorical.from_codes(codes, levels),
            "when": pd.to_datetime(when),
            "cost": cost,
        }
        | plain
    )
    pandas.to_csv(tmp_path / "a.csv", index=False)
    file = table.load(table.Config(path=str(tmp_path / "a.csv"), target="answer"))
    assert {c.name: c.kind for c in file.columns} == {
        "whole": "number", "city": "category", "when": "date", "cost": "number",
        "value": "number", "mark": "truth",
    }  # fmt: skip
    assert next(c.levels for c in file.columns if c.name == "city") == ("Hof", "Jena", "Ulm")
    for frame in (pandas, arrow, pl.from_arrow(arrow)):
        raw = memory.raw_from(frame, memory.Config(target="answer"))
        assert raw.columns == file.columns
        for part in ("train", "test"):
            ours, theirs = getattr(raw, part), getattr(file, part)
            assert ours.x.tobytes() == theirs.x.tobytes() and (ours.y == theirs.y).all()
    other = memory.raw_from(pandas.assign(cost=pandas["cost"] + 1), memory.Config(target="answer"))
    assert other.train.x.tobytes() != file.train.x.tobytes()  # the comparison sees a difference


def test_a_bunch_of_a_frame_equals_that_of_arrays():
    pytest.importorskip("pandas")
    one, other = (memory.raw_from(load_wine(as_frame=f), memory.Config()) for f in (True, False))
    assert one.columns == other.columns and one.classes == ("class_0", "class_1", "class_2")
    assert one.train.x.tobytes() == other.train.x.tobytes()
