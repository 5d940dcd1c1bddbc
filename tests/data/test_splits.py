"""Splits that do not fit together are named: units, spellings of folders, what systems leave, one
name in two forms, classes that a split lacks, labels that may count from 1, doubtful axes."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from etude.data import arrays, folder
from etude.data.dataset import split_dataset
from etude.data.names import left_by_systems, nearly, split_called
from etude.errors import DataError
from tests.data.notes import english

RANDOM = np.random.Generator(np.random.Philox(17))


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RANDOM.integers(0, 256, (8, 8)).astype(np.uint8)).save(path)


def classes(root, labels=("cat", "dog"), count=6):
    for label in labels:
        for i in range(count):
            put(root / label / f"{i}.png")


def pictures(root):
    return folder.load(folder.Config(path=str(root)))


def numbers(path, **stored):
    settings = stored.pop("settings", {})
    np.savez(path / "a.npz", **stored)
    return arrays.load(arrays.Config(path=str(path / "a.npz"), **settings))


def card(raw):
    return split_dataset(raw, reads=(raw.kind,), scale="standard", val_fraction=0.2, seed=0).card


def refused(action, *args, **more):
    with pytest.raises(DataError) as caught:
        action(*args, **more)
    return str(caught.value)


# --- units ---------------------------------------------------------------------------------------

PIXELS = RANDOM.integers(0, 256, (40, 1, 6, 6)).astype(np.uint8)
Y = np.arange(40) % 2


@pytest.mark.parametrize("part", ["test", "val"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("kind", ["image", "vector"])
def test_bytes_beside_their_255ths_are_refused(tmp_path, part, turned, dtype, kind):
    pixels = PIXELS if kind == "image" else PIXELS.reshape(40, -1)
    a, b = pixels, (pixels / 255).astype(dtype)
    a, b = (b, a) if turned else (a, b)
    stored = {"x_train": a, "y_train": Y, "x_test": a, "y_test": Y, "x_val": a, "y_val": Y}
    stored[f"x_{part}"] = b
    raw = numbers(tmp_path, **stored)
    assert "different units" in refused(card, raw)


@pytest.mark.parametrize("factor", [1000, 0.001, 255])
@pytest.mark.parametrize("shape", [(60, 4), (60, 5, 4)])
def test_a_feature_in_other_units_is_named(tmp_path, factor, shape):
    x = RANDOM.normal(3, 1, shape)
    other = x.copy()
    other[..., 2] *= factor
    y = np.arange(60) % 2
    notes = english(card(numbers(tmp_path, x_train=x, y_train=y, x_test=other, y_test=y)).notes)
    (told,) = [note for note in notes if "same units" in note]
    assert "feature 2 (" in told and "feature 1" not in told and told.startswith("WARNING: test")
    alike = RANDOM.normal(3.5, 1.5, shape)
    notes = english(card(numbers(tmp_path, x_train=x, y_train=y, x_test=alike, y_test=y)).notes)
    assert not [note for note in notes if "same units" in note]


def test_pixels_in_other_units_are_named(tmp_path):
    dim = PIXELS // 16
    raw = numbers(tmp_path, x_train=PIXELS, y_train=Y, x_test=dim, y_test=Y)
    assert any("pixels of test span 15" in note for note in english(card(raw).notes))
    raw = numbers(tmp_path, x_train=PIXELS, y_train=Y, x_test=PIXELS // 2, y_test=Y)
    assert not [note for note in english(card(raw).notes) if "units" in note]


# --- folders -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "test"),
    [("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing"), ("Training_Set", "Test_Set"),
     ("train-images", "test-images"), ("trainset", "testset"), ("01_train", "02_test"),
     ("train", "Validation"), ("Training Data", "Valid"), ("훈련", "시험")],
)  # fmt: skip
def test_spellings_of_splits(tmp_path, train, test):
    classes(tmp_path / train)
    classes(tmp_path / test, count=2)
    raw = pictures(tmp_path)
    assert raw.classes == ("cat", "dog") and (len(raw.train), len(raw.test)) == (12, 4)
    assert any(f"{train} is train" in note for note in english(raw.notes)) == (train != "train")


@pytest.mark.parametrize(
    "name", ["trainers", "testimony", "value", "valley", "tr", "contest", "developer"]
)
def test_names_that_are_no_splits(name):
    assert split_called(name) == ""


def test_two_folders_of_one_split_are_refused(tmp_path):
    for name in ("train", "Training", "test"):
        classes(tmp_path / name)
    assert "Training, train: all mean the split train" in refused(pictures, tmp_path)


def test_splits_by_other_names_raise_a_doubt(tmp_path):
    for name in ("learn", "exam"):
        classes(tmp_path / name)
    assert any("if they are splits" in note for note in english(pictures(tmp_path).notes))


def test_a_folder_too_high_is_told(tmp_path):
    classes(tmp_path / "pets")
    assert "if its folders are the classes, give" in refused(pictures, tmp_path)


LEFT = ("@eaDir", "lost+found", "$RECYCLE.BIN", "$Recycle.Bin", "__pycache__", "__MACOSX",
        "System Volume Information", "#recycle", ".ipynb_checkpoints", ".git", "@Recently-Snapshot",
        "FOUND.000", ".Trash-1000", "RECYCLER", ".@__thumb", "@SynoResource")  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_what_systems_leave_is_no_sample_and_no_class(tmp_path, name):
    classes(tmp_path)
    for place in (tmp_path, tmp_path / "cat"):
        put(place / name / "cat" / "0.png")
        put(place / name / "thumb.png")
    raw = pictures(tmp_path)
    assert raw.classes == ("cat", "dog") and len(raw.train) + len(raw.test) == 12
    assert left_by_systems(name)
    assert any(name in note for note in english(raw.notes)) or name.startswith(".")


# --- names of classes ----------------------------------------------------------------------------

COMPOSED, APART = (unicodedata.normalize(form, "café 한국") for form in ("NFC", "NFD"))


def test_one_name_in_two_unicode_forms_is_one_class(tmp_path):
    assert COMPOSED != APART
    for train, test in ((COMPOSED, APART), (APART, COMPOSED), (APART, APART)):
        root = tmp_path / f"{train == APART}{test == APART}"
        classes(root / "train", (train, "dog"))
        classes(root / "test", (test, "dog"), count=2)
        raw = pictures(root)
        assert raw.classes == (COMPOSED, "dog") and len(raw.test) == 4
    both = tmp_path / "both"
    classes(both, (COMPOSED, APART, "dog"))
    raw = pictures(both)
    assert raw.classes == (COMPOSED, "dog") and len(raw.train) + len(raw.test) == 18
    assert any("two Unicode forms" in note for note in english(raw.notes))


def test_text_labels_in_two_forms_are_one_class(tmp_path):
    y = np.array([COMPOSED, APART, "dog", "dog"] * 10)
    assert numbers(tmp_path, x=RANDOM.normal(size=(40, 2)), y=y).classes == (COMPOSED, "dog")


@pytest.mark.parametrize("other", ["Cat", "cat ", "CAT", "c-at"])
def test_names_that_nearly_agree_are_told(tmp_path, other):
    assert nearly(other, ["dog", "cat"]) == "cat"
    classes(tmp_path / "train")
    classes(tmp_path / "test", (other, "dog"), count=2)
    assert "train has 'cat': are they one class?" in refused(pictures, tmp_path)
    y = np.array(["cat", other, "dog", "dog"] * 10)
    notes = english(numbers(tmp_path, x=RANDOM.normal(size=(40, 2)), y=y).notes)
    assert any("are two classes" in note for note in notes)


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_training_has_not_is_refused(tmp_path, part):
    x = RANDOM.normal(size=(40, 3))
    stored = {f"{n}_{p}": v for p in ("train", "val", "test") for n, v in (("x", x), ("y", Y))}
    stored[f"y_{part}"] = np.where(np.arange(40) == 7, 2, Y)
    assert f"{part}: has classes that training does not have: '2'" in refused(
        card, numbers(tmp_path, **stored)
    )


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "count", "first", "doubt"),
    [((0, 1, 2), 3, "n0", False), ((1, 2, 3), 3, "n0", False), ((1, 2, 3), 4, "n1", True),
     ((1, 3), 3, "n0", False), ((2, 3), 4, "n2", True), ((0, 3), 4, "n0", False)],
)  # fmt: skip
def test_labels_beside_names(tmp_path, labels, count, first, doubt):
    y = np.array(labels)[np.arange(40) % len(labels)]
    names = np.array([f"n{i}" for i in range(count)])
    raw = numbers(tmp_path, x=RANDOM.normal(size=(40, 2)), y=y, classes=names)
    whole = {
        int(name.split()[1]): label
        for s in (raw.train, raw.test)
        for name, label in zip(s.names, s.y)
    }
    assert raw.classes[whole[0]] == first
    told = [note for note in english(raw.notes) if note.startswith("WARNING: no label is 0")]
    assert bool(told) == doubt
    if doubt:
        assert f"{labels[0]} is {first!r}" in told[0] and "save y - 1" in told[0]
    elif min(labels) == 1:
        assert any("count from 1" in note for note in english(raw.notes))


@pytest.mark.parametrize(
    ("y", "target", "says"),
    [(Y.astype(float), "value", "data.labels=classes"), (np.arange(40) // 2, "class", ""),
     (np.arange(80) // 2, "class", "data.labels=values"), (RANDOM.normal(size=40), "value", "")],
)  # fmt: skip
def test_what_labels_were_taken_for_is_said_with_the_other_way(tmp_path, y, target, says):
    x = RANDOM.normal(size=(len(y), 2))
    raw = numbers(tmp_path, x=x, y=y)
    assert raw.target == target
    assert any("data.labels=" in note for note in english(raw.notes)) == bool(says)
    if says:
        assert any(says in note for note in english(raw.notes))
        other = says.removeprefix("data.labels=")
        raw = numbers(tmp_path, x=x, y=y, settings={"labels": other})
        assert raw.target == {"classes": "class", "values": "value"}[other]
        assert not any("data.labels=" in note for note in english(raw.notes))


def test_values_are_no_classes(tmp_path):
    told = refused(
        numbers, tmp_path, x=PIXELS, y=RANDOM.normal(size=40), settings={"labels": "classes"}
    )
    assert "y: 40 values are not whole numbers" in told


# --- axes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "taken", "said"),
    [((4, 40, 3), (3, 4, 40), True), ((3, 40, 3), (3, 3, 40), True), ((1, 40, 3), (3, 1, 40), True),
     ((3, 8, 8), (3, 8, 8), False), ((8, 8, 3), (3, 8, 8), False), ((3, 4, 4), (3, 4, 4), True),
     ((1, 1, 9), (1, 1, 9), False), ((4, 4, 3), (3, 4, 4), True)],
)  # fmt: skip
def test_axes_that_could_be_channels_or_height(tmp_path, shape, taken, said):
    x = RANDOM.integers(0, 256, (20, *shape)).astype(np.uint8)
    raw = numbers(tmp_path, x=x, y=np.arange(20) % 2)
    assert raw.train.x.shape[1:] == taken
    told = [note for note in english(raw.notes) if "data.axes=" in note]
    assert bool(told) == said
    if said:
        other = told[0].rpartition("=")[2]
        again = numbers(tmp_path, x=x, y=np.arange(20) % 2, settings={"axes": other})
        assert again.train.x.shape[1:] != taken
        assert not [note for note in english(again.notes) if "data.axes" in note]


def test_float_images_without_channels_name_the_way(tmp_path):
    x = RANDOM.random((40, 8, 8))
    raw = numbers(tmp_path, x=x, y=Y)
    assert raw.kind == "sequence" and any("data.kind=image" in note for note in english(raw.notes))
    with pytest.raises(DataError) as caught:
        split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.2, seed=0)
    assert "-> data.kind=image reads x as grey images of 8x8. Or choose" in str(caught.value)


# --- padding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", [np.nan, np.inf, 1e9])
def test_values_beyond_lengths_are_ignored(tmp_path, junk):
    x, lengths = RANDOM.normal(size=(40, 6, 2)), np.arange(40) % 6 + 1
    clean = np.where(np.arange(6)[:, None] < lengths[:, None, None], x, 0)
    dirty = np.where(np.arange(6)[:, None] < lengths[:, None, None], x, junk)
    found = [numbers(tmp_path, x=a, y=Y, lengths=lengths) for a in (clean, dirty)]
    np.testing.assert_array_equal(found[0].train.x, found[1].train.x)
    assert card(found[0]) == card(found[1])
    dirty[7, 0] = np.nan
    assert "row 7: x has 2 values that are NaN" in refused(
        numbers, tmp_path, x=dirty, y=Y, lengths=lengths
    )


def test_values_beyond_lengths_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "MAPPED", 0)
    x, lengths = RANDOM.normal(size=(40, 6, 2)), np.arange(40) % 6 + 1
    x = np.where(np.arange(6)[:, None] < lengths[:, None, None], x, np.nan)
    for name, values in (("x", x), ("y", Y), ("lengths", lengths)):
        np.save(tmp_path / f"{name}.npy", values)
    raw = arrays.load(arrays.Config(path=str(tmp_path / "x.npy")))
    assert np.isfinite(raw.train.x[:]).all() and np.isfinite(raw.test.x[3]).all()
    assert np.isfinite(card(raw).mean).all()


# --- shares --------------------------------------------------------------------------------------


def test_many_small_classes_keep_most_of_their_samples(tmp_path):
    raw = numbers(tmp_path, x=RANDOM.normal(size=(90, 3)), y=np.repeat(np.arange(30), 3))
    made = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=0)
    assert (len(made.test), len(made.val), len(made.train)) == (30, 6, 54)
