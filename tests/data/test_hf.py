"""Data sets of Hugging Face: what each kind of column becomes, splits, refusals, and the Hub."""

import io
import json
import logging
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

import etude
from etude.data import folder, hf
from etude.data.dataset import split_dataset
from etude.data.hub import library
from etude.data.locate import source_for
from etude.errors import DataError, UsageError
from tests.data.hub_server import COMMIT, hub
from tests.data.notes import english
from tests.data.test_folder import picture

RANDOM = np.random.default_rng(5)
TINY = {"epochs": 1, "quiet": True, "threads": 1, "model.hidden": [4]}


@pytest.fixture(scope="module")
def datasets():
    with library.quiet() as module:
        yield module


def rows(count, seed):
    random = np.random.default_rng(seed)
    return {
        "age": random.integers(0, 90, count).tolist(),
        "size": random.normal(size=count).tolist(),
        "zip": random.integers(0, 3, count).tolist(),
        "blob": [b"x"] * count,
        "label": (np.arange(count) % 2).tolist(),
    }


def flat_features(datasets):
    value, label = datasets.Value, datasets.ClassLabel
    return datasets.Features(
        {"age": value("int64"), "size": value("float64"), "zip": label(names=["30", "10", "20"]),
         "blob": value("binary"), "label": label(names=["yes", "no"])}
    )  # fmt: skip


def saved(datasets, path, splits, features):
    parts = {name: datasets.Dataset.from_dict(c, features) for name, c in splits.items()}
    datasets.DatasetDict(parts).save_to_disk(str(path))
    return path


def read(path, **more):
    return hf.load(hf.Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    english(
        [caught.value.what, *([caught.value.do] if caught.value.do else []), *caught.value.items]
    )
    return str(caught.value)


def pixels(picture_):
    out = io.BytesIO()
    picture_.save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


# --- rows of a table -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flat(datasets, tmp_path_factory):
    splits = {
        "train": rows(60, 1),
        "dev": rows(20, 2),
        "test": rows(20, 3),
        "unsupervised": rows(9, 4),
    }
    return saved(datasets, tmp_path_factory.mktemp("hf") / "flat", splits, flat_features(datasets))


def test_a_saved_folder_is_recognised_by_what_is_in_it(flat):
    assert source_for(flat) == "hf" and source_for(flat / "train") == "hf"


def test_rows_are_read_by_the_rules_of_tables(flat):
    raw = read(flat)
    assert (raw.kind, raw.target, raw.classes) == ("vector", "class", ("no", "yes"))
    assert [len(s) for s in (raw.train, raw.val, raw.test)] == [60, 20, 20]
    used = [c for c in raw.columns if c.used]
    assert [(c.name, c.kind) for c in used] == [
        ("age", "number"), ("size", "number"), ("zip", "category"),
    ]  # fmt: skip
    for split, seed in ((raw.train, 1), (raw.val, 2), (raw.test, 3)):
        expected = rows(len(split), seed)
        assert split.x[:, 0].tolist() == expected["age"]
        assert split.x[:, 1].tolist() == expected["size"]
        # Label 0 is "yes", and classes of a table are sorted by name.
        assert split.y.tolist() == [1 - y for y in expected["label"]]
    zips = [used[2].levels[int(i)] for i in raw.train.x[:, 2]]
    assert zips == [["30", "10", "20"][i] for i in rows(60, 1)["zip"]]
    notes = " ".join(english(raw.notes))
    assert "the split dev is used for validation" in notes and "not used: unsupervised" in notes
    assert "are not read: blob" in notes and "60" not in notes.split("rows")[0][-3:]


def test_without_a_test_split_a_fifth_of_training_is_drawn_by_its_seed(datasets, tmp_path):
    splits = {"train": rows(50, 1), "validation": rows(20, 2)}
    path = saved(datasets, tmp_path / "d", splits, flat_features(datasets))
    one, same, other = read(path), read(path), read(path, split_seed=1)
    assert [len(s) for s in (one.train, one.val, one.test)] == [40, 20, 10]
    assert np.bincount(one.test.y).tolist() == [5, 5]
    assert (one.test.x == same.test.x).all() and not (one.test.x == other.test.x).all()
    assert sorted([*one.train.x[:, 1], *one.test.x[:, 1]]) == sorted(rows(50, 1)["size"])


def test_a_test_split_without_labels_counts_as_none(datasets, tmp_path):
    splits = {"train": rows(50, 1), "test": rows(20, 2) | {"label": [-1] * 20}}
    raw = read(saved(datasets, tmp_path / "d", splits, flat_features(datasets)))
    assert [len(s) for s in (raw.train, raw.test)] == [40, 10]


def test_splits_whose_names_say_nothing_are_refused(datasets, tmp_path):
    splits = {"fold_a": rows(9, 1), "fold_b": rows(9, 2)}
    words = refused(saved(datasets, tmp_path / "d", splits, flat_features(datasets)))
    assert "fold_a" in words and "save_to_disk" in words


def test_a_single_split_is_divided_and_its_rows_predict(datasets, tmp_path, workdir):
    path = tmp_path / "one"
    datasets.Dataset.from_dict(rows(60, 1), flat_features(datasets)).save_to_disk(str(path))
    run = etude.train("mlp", str(path), **TINY)
    assert run.recipe.data.name == "hf" and run.card.sizes["test"] == 12
    (tmp_path / "new.csv").write_text("zip,size,age\n30,0.5,40\n10,-1,7\n")
    answers = run.predict(str(tmp_path / "new.csv"))
    assert [a["label"] in ("yes", "no") for a in answers] == [True, True]
    assert answers[0]["unseen"] == []


# --- lists of numbers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists(datasets, tmp_path_factory):
    count = 40
    long = [RANDOM.normal(size=n).tolist() for n in RANDOM.integers(3, 9, count)]
    splits = {"train": {
        "long": long,
        "even": [[i, i + 1, 2 * i] for i in range(count)],
        "pairs": [[[float(i), j] for j in range(2 + i % 3)] for i in range(count)],
        "matrix": RANDOM.normal(size=(count, 4, 3)).tolist(),
        "mark": [i % 2 for i in range(count)],
    }}  # fmt: skip
    value, listed = datasets.Value, lambda inner: [inner]
    features = datasets.Features(
        {"long": listed(value("float32")), "even": listed(value("int64")),
         "pairs": listed(listed(value("float64"))), "matrix": datasets.Array2D((4, 3), "float64"),
         "mark": datasets.ClassLabel(names=["on", "off"])}
    )  # fmt: skip
    path = tmp_path_factory.mktemp("hf") / "lists"
    return saved(datasets, path, splits, features), splits["train"]


def test_lists_of_unequal_length_are_padded_sequences(lists):
    path, expected = lists
    for name, features in (("long", 1), ("pairs", 2)):
        raw = read(path, numbers=name)
        assert raw.kind == "sequence" and raw.classes == ("on", "off")
        assert raw.train.x.shape[2] == features and len(raw.train) == 32 and len(raw.test) == 8
        found = [x[:n] for s in (raw.train, raw.test) for x, n in zip(s.x, s.lengths, strict=True)]
        wanted = [np.array(v, np.float32 if name == "long" else float) for v in expected[name]]
        keys = sorted(x.reshape(-1).tolist() for x in found)
        assert keys == sorted(w.reshape(-1).tolist() for w in wanted)
        for split in (raw.train, raw.test):
            for x, n in zip(split.x, split.lengths, strict=True):
                assert (x[n:] == 0).all()


def test_lists_of_equal_length_are_vectors_or_on_request_sequences(lists):
    path, expected = lists
    raw = read(path, numbers="even")
    assert raw.kind == "vector" and raw.train.x.dtype == np.int64
    assert sorted(map(tuple, raw.train.x.tolist() + raw.test.x.tolist())) == sorted(
        map(tuple, expected["even"])
    )
    assert any("data.kind=sequence" in note for note in english(raw.notes))
    assert read(path, numbers="even", kind="sequence").train.x.shape == (32, 3, 1)


def test_arrays_keep_their_shape_and_values(lists):
    path, expected = lists
    raw = read(path, numbers="matrix")
    assert raw.kind == "sequence" and raw.train.x.shape == (32, 4, 3)
    rows_ = {tuple(np.ravel(m)): i for i, m in enumerate(expected["matrix"])}
    for split in (raw.train, raw.test):
        found = [rows_[tuple(x.ravel())] for x in split.x]  # a KeyError for any other value
        assert split.y.tolist() == [i % 2 for i in found]


def test_several_columns_of_numbers_are_a_question(lists):
    words = refused(lists[0])
    assert "long, even, pairs, matrix" in words and "data.numbers=long" in words
    assert "does not hold lists" in refused(lists[0], numbers="mark")
    assert "no column absent" in refused(lists[0], numbers="absent")


def test_rows_without_numbers_are_bad_samples(datasets, tmp_path):
    column = {"x": [[1.0, 2.0]] * 19 + [None], "y": [0, 1] * 10}
    features = datasets.Features(
        {"x": [datasets.Value("float64")], "y": datasets.ClassLabel(names=["a", "b"])}
    )
    path = saved(datasets, tmp_path / "d", {"train": column}, features)
    assert "train/19" in refused(path) and "skip_bad" in refused(path).replace("-", "_")
    raw = read(path, skip_bad=True)
    assert len(raw.train) + len(raw.test) == 19 and [bad.name for bad in raw.left_out] == [
        "train/19"
    ]


def test_steps_with_other_numbers_of_features_are_named(datasets, tmp_path):
    column = {"x": [[[1.0, 2.0]], [[1.0, 2.0], [3.0]]], "y": [0, 1]}
    features = datasets.Features(
        {"x": [[datasets.Value("float64")]], "y": datasets.ClassLabel(names=["a", "b"])}
    )
    words = refused(saved(datasets, tmp_path / "d", {"train": column}, features))
    assert "train/1" in words and "1 number in one step and 2 in another" in words


# --- pictures ------------------------------------------------------------------------------------


def picture_features(datasets, **more):
    names = {"label": datasets.ClassLabel(names=["cat", "dog"])}
    return datasets.Features({"image": datasets.Image(), **names, **more})


@pytest.mark.parametrize(("size", "mode"), [((12, 12), "L"), ((20, 14), "RGB"), ((9, 9), "I;16")])
def test_pictures_are_read_as_those_of_a_folder(datasets, tmp_path, size, mode):
    def one(seed):
        if mode != "I;16":
            return picture(seed, size, mode)
        values = np.random.default_rng(seed).integers(300, 9000, size[::-1]).astype(np.uint16)
        return Image.fromarray(values)

    columns = {"image": [], "label": []}
    for label, name in enumerate(("cat", "dog")):
        for part, count in (("train", 8), ("test", 2)):
            home = tmp_path / "folder" / part / name
            home.mkdir(parents=True)
            for i in range(count):
                shot = one(1000 * label + 100 * count + i)
                shot.save(home / f"{i:03}.png")
                columns["image"].append((part, pixels(shot)))
                columns["label"].append(label)
    splits = {
        part: {
            "image": [p for where, p in columns["image"] if where == part],
            "label": [
                y for (where, _), y in zip(columns["image"], columns["label"]) if where == part
            ],
        }
        for part in ("train", "test")
    }
    path = saved(datasets, tmp_path / "saved", splits, picture_features(datasets))
    ours, theirs = read(path), folder.load(folder.Config(path=str(tmp_path / "folder")))
    assert (ours.kind, ours.classes, ours.levels) == (theirs.kind, theirs.classes, theirs.levels)
    for part in ("train", "test"):
        a, b = getattr(ours, part), getattr(theirs, part)
        assert a.x.dtype == b.x.dtype == np.uint8 and (a.x == b.x).all()
        assert (a.y == b.y).all() and (a.digests == b.digests).all()
    assert english(ours.notes) == english(theirs.notes)


def test_damaged_and_missing_pictures_are_named(datasets, tmp_path):
    column = [pixels(picture(i)) for i in range(18)]
    column += [{"bytes": b"no picture", "path": None}, None]
    splits = {"train": {"image": column, "label": [0, 1] * 10}}
    path = saved(datasets, tmp_path / "d", splits, picture_features(datasets))
    words = refused(path)
    assert "train/18" in words and "train/19" in words
    raw = read(path, skip_bad=True)
    assert len(raw.train) + len(raw.test) == 18 and len(raw.left_out) == 2


def test_pictures_with_values_as_targets_train_and_predict(datasets, tmp_path, workdir):
    splits = {
        "train": {
            "image": [pixels(picture(i)) for i in range(30)],
            "depth": [0.5 * i for i in range(30)],
        }
    }
    features = datasets.Features({"image": datasets.Image(), "depth": datasets.Value("float32")})
    path = saved(datasets, tmp_path / "d", splits, features)
    raw = read(path)
    assert raw.target == "value" and raw.train.y.shape == (24, 1)
    run = etude.train("mlp", "hf", **{"data.path": str(path)}, **TINY)
    picture(3).save(tmp_path / "new.png")
    assert isinstance(run.predict(str(tmp_path / "new.png"))[0]["value"], float)


def test_which_of_several_labels_is_a_question(datasets, tmp_path):
    marks = {name: datasets.ClassLabel(names=["a", "b"]) for name in ("fine", "coarse")}
    features = datasets.Features({"image": datasets.Image(), **marks})
    column = {"image": [pixels(picture(i)) for i in range(20)], "fine": [0, 1] * 10}
    path = saved(
        datasets, tmp_path / "d", {"train": column | {"coarse": [0] * 10 + [1] * 10}}, features
    )
    assert "data.target: fine, coarse" in refused(path)
    assert read(path, target="coarse").classes == ("a", "b")


# --- the library and the caller ------------------------------------------------------------------


def test_without_the_library_the_error_says_what_to_install(flat, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"pip install 'etude\[hf\]'"):
        read(flat)


def test_one_place_is_needed():
    for config in (hf.Config(), hf.Config(repo="a/b", path="c")):
        with pytest.raises(UsageError, match="hf:OWNER/NAME"):
            hf.settle(config)
    assert "no such folder" in refused("nowhere")


def test_a_read_leaves_the_process_as_it_was(flat, datasets):
    import huggingface_hub.utils as below

    def state():
        bars = datasets.utils.are_progress_bars_disabled(), below.are_progress_bars_disabled()
        levels = datasets.logging.get_verbosity(), below.logging.get_verbosity()
        root = logging.root.level, list(logging.root.handlers)
        return bars, levels, root, list(warnings.filters), dict(os.environ)

    for switch in (datasets.disable_progress_bars, datasets.enable_progress_bars):
        switch()
        before = state()
        read(flat)
        assert state() == before


def test_the_card_of_rows_is_learned_from_training_alone(flat):
    data = split_dataset(read(flat), reads=("vector",), scale="standard", val_fraction=0.1, seed=0)
    age = next(c for c in data.card.columns if c.name == "age")
    assert (age.low, age.high) == (min(rows(60, 1)["age"]), max(rows(60, 1)["age"]))


# --- the Hub -------------------------------------------------------------------------------------

ROWS = "a,b,label\n" + "".join(f"{i},{i * i % 11},{'no' if i % 3 else 'yes'}\n" for i in range(60))
ONLINE = """
import json, os, etude
from etude.errors import DataError
few = {"epochs": 1, "quiet": True, "threads": 1, "model.hidden": [4]}
run = etude.train("mlp", "hf:tiny/flowers", **few)
out = {"data": run.recipe.data.fields, "sizes": run.card.sizes, "fingerprint": run.card.fingerprint}
for name in ("tiny/none", "tiny/script", "tiny/both"):
    try:
        etude.train("mlp", f"hf:{name}", epochs=1, quiet=True)
    except DataError as error:
        out[name] = str(error)
print(json.dumps(out))
"""
AGAIN = """
import json, os, sys, etude
from etude.errors import DataError
base = json.loads(sys.argv[1])
out = {}
for name, more in (("plain", {}), ("fixed", base), ("absent", {"data.revision": "f" * 40})):
    try:
        run = etude.train("mlp", "hf:tiny/flowers", epochs=1, quiet=True, save=False, threads=1,
                          **{"model.hidden": [4]}, **more)
        out[name] = [run.card.fingerprint, run.recipe.data.fields["revision"]]
    except DataError as error:
        out[name] = str(error)
print(json.dumps(out))
"""


def python(code, folder, argument="", **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, argument], cwd=folder, capture_output=True,
        text=True, timeout=300, check=False,
        env={**os.environ, "HF_HOME": str(folder / "cache"), "NO_PROXY": "127.0.0.1",
             "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout.splitlines()[-1])


def test_a_data_set_of_the_hub_is_fixed_to_its_commit_and_read_without_a_network(tmp_path):
    two = "configs:\n" + "".join(
        f"- config_name: {name}\n  data_files: {name}.csv\n" for name in ("en", "ko")
    )
    repos = {
        "tiny/flowers": {"data/train.csv": ROWS.encode()},
        "tiny/script": {"script.py": b"raise SystemExit(9)"},
        "tiny/both": {
            "README.md": f"---\n{two}---\n".encode(),
            "en.csv": b"a\n1\n",
            "ko.csv": b"a\n",
        },
    }
    with hub(repos) as (address, asked):
        first = python(ONLINE, tmp_path, HF_ENDPOINT=address)
        assert f"GET /datasets/tiny/flowers/resolve/{COMMIT}/data/train.csv" in asked
        assert first["data"]["revision"] == COMMIT and first["data"]["config"] == "default"
        assert first["data"]["repo"] == "tiny/flowers" and first["data"]["path"] is None
        assert first["sizes"]["test"] == 12
        assert "no data set of this name" in first["tiny/none"] and address in first["tiny/none"]
        assert "never runs" in first["tiny/script"]
        assert "data.config: en, ko" in first["tiny/both"]
    fixed = {f"data.{key}": first["data"][key] for key in ("config", "revision")}
    same = [first["fingerprint"], COMMIT]
    offline = python(AGAIN, tmp_path, json.dumps(fixed), HF_HUB_OFFLINE="1")
    assert offline["plain"] == offline["fixed"] == same
    assert (
        "does not hold this data set" in offline["absent"] and "save_to_disk" in offline["absent"]
    )
    dead = python(AGAIN, tmp_path, json.dumps(fixed), HF_ENDPOINT="http://127.0.0.1:9")
    assert dead["fixed"] == same
    assert (
        "http://127.0.0.1:9 cannot be reached" in dead["plain"]
        and "HF_HUB_OFFLINE=1" in dead["plain"]
    )
