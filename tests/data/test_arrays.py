"""A user's own arrays: every form that is read, and all that is refused."""

import io
import os
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from etude.data import arrays, numpy_files
from etude.data.arrays import Config, load
from etude.data.dataset import fingerprint, moments, split_dataset
from etude.data.resident import Resident
from etude.data.rows import Rows
from etude.errors import DataError
from tests.data.notes import english

RANDOM = np.random.Generator(np.random.Philox(11))
X = RANDOM.normal(size=(40, 6)).astype(np.float32)
Y = np.arange(40) % 4


def npz(path, compressed=False, **named):
    (np.savez_compressed if compressed else np.savez)(path, **named)
    return path


def read(path, **more):
    return load(Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    assert caught.value.exit_code == 3
    english((caught.value.what, caught.value.do, *caught.value.items))
    return str(caught.value)


@contextmanager
def claims_at_most(size):
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.npz"


def whole(raw):
    """The samples of both splits, back in the order of the file."""
    names = raw.train.names + raw.test.names
    order = np.argsort([int(name.removeprefix("row ")) for name in names])
    return (
        np.concatenate([raw.train.x[:], raw.test.x[:]])[order],
        np.concatenate([raw.train.y, raw.test.y])[order],
    )


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("x", "y"), ("X", "y"), ("X", "Y")])
@pytest.mark.parametrize("compressed", [True, False])
def test_x_and_y_are_divided_by_the_seed(path, names, compressed):
    npz(path, compressed, **dict(zip(names, (X, Y))))
    raw = read(path)
    assert (raw.name, raw.kind, raw.target) == ("mine", "vector", "class")
    assert raw.classes == ("0", "1", "2", "3") and np.bincount(raw.test.y).tolist() == [2] * 4
    x, y = whole(raw)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert "8 of 40 samples drawn for test" in english(raw.notes)
    assert raw.test.names == read(path).test.names != read(path, split_seed=1).test.names


@pytest.mark.parametrize("head", ["x", "X"])
def test_given_splits_are_kept(path, head):
    named = {f"{head}_train": X[:20], "y_train": Y[:20], f"{head}_test": X[20:], "y_test": Y[20:]}
    raw = read(npz(path, **named))
    np.testing.assert_array_equal(raw.train.x, X[:20])
    np.testing.assert_array_equal(raw.test.y, Y[20:])
    assert raw.val is None
    raw = read(npz(path, **named, x_val=X[:8], y_val=Y[:8], other=X))
    assert len(raw.val) == 8 and "left out: other" in english(raw.notes)


def test_npy_beside_each_other(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    for given_path in (tmp_path / "x.npy", tmp_path):
        np.testing.assert_array_equal(whole(read(given_path))[0], X)
    np.save(tmp_path / "mine.npy", X + 1)
    assert "Save them as mine_y.npy" in refused(tmp_path / "mine.npy")
    np.save(tmp_path / "mine_y.npy", Y)
    np.testing.assert_array_equal(whole(read(tmp_path / "mine.npy"))[0], X + 1)
    for part, rows in (("train", slice(30)), ("test", slice(30, 40))):
        (tmp_path / "split").mkdir(exist_ok=True)
        np.save(tmp_path / "split" / f"x_{part}.npy", X[rows])
        np.save(tmp_path / "split" / f"y_{part}.npy", Y[rows])
    assert len(read(tmp_path / "split" / "x_train.npy").test) == 10


KINDS = [
    ((40, 6), np.float32, "vector", (6,)),
    ((40,), np.float32, "vector", (1,)),
    ((40, 6, 2), np.float32, "sequence", (6, 2)),
    ((40, 6, 5), np.uint8, "image", (1, 6, 5)),
    ((40, 3, 6, 5), np.uint8, "image", (3, 6, 5)),
    ((40, 1, 6, 5), np.float32, "image", (1, 6, 5)),
    ((40, 6, 5, 3), np.uint8, "image", (3, 6, 5)),
    ((40, 6, 5, 4), np.float32, "image", (4, 6, 5)),
]


@pytest.mark.parametrize(("shape", "dtype", "kind", "sample"), KINDS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_kinds_by_axes_and_type(tmp_path, shape, dtype, kind, sample, order, form):
    x = np.asarray(RANDOM.integers(0, 200, shape), dtype, order=order)
    if form == "npz":
        given_path = npz(tmp_path / "a.npz", x=x, y=Y)
    else:
        np.save(tmp_path / "x.npy", x)
        np.save(tmp_path / "y.npy", Y)
        given_path = tmp_path
    raw = read(given_path)
    assert raw.kind == kind and raw.train.x.shape[1:] == sample and raw.train.x.dtype == dtype
    assert raw.train.x.flags.c_contiguous
    moved = len(shape) == 4 and sample[0] != shape[1]
    assert any("channels moved" in note for note in english(raw.notes)) == moved
    expected = np.moveaxis(x, 3, 1) if moved else x
    np.testing.assert_array_equal(whole(raw)[0], expected.reshape(40, *sample))


@pytest.mark.parametrize(
    ("shape", "dtype", "asked", "sample"),
    [
        ((40, 6, 5), np.float32, "image", (1, 6, 5)),
        ((40, 6, 5), np.uint8, "sequence", (6, 5)),
        ((40, 6), np.float32, "sequence", (6, 1)),
        ((40, 6, 5), np.float32, "vector", (30,)),
        ((40, 3, 6, 5), np.uint8, "vector", (90,)),
    ],
)
def test_a_kind_that_is_asked_for(path, shape, dtype, asked, sample):
    raw = read(npz(path, x=np.ones(shape, dtype), y=Y), kind=asked)
    assert raw.kind == asked and raw.train.x.shape[1:] == sample


@pytest.mark.parametrize(
    ("shape", "asked", "says"),
    [
        ((40, 5, 6, 7), "auto", "neither [n C H W] nor [n H W C]"),
        ((40, 2, 2, 2, 2), "auto", "5 axes cannot be read as a sample"),
        ((40, 3, 4, 5), "sequence", "4 axes cannot be read as a sample of kind sequence"),
        ((40, 3), "image", "2 axes cannot be read as a sample of kind image"),
    ],
)
def test_axes_that_cannot_be_meant(path, shape, asked, says):
    assert says in refused(npz(path, x=np.ones(shape, np.float32), y=Y), kind=asked)


# --- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i1", "<u2", ">i4", "<i8", "<f2", ">f4", "<f8", ">f8"]
)
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_numbers_of_every_type(tmp_path, dtype, form):
    x = RANDOM.integers(0, 2 if dtype == "?" else 100, (40, 6)).astype(dtype)
    if form == "npz":
        npz(tmp_path / "a.npz", x=x, y=Y)
    else:
        np.save(tmp_path / "x.npy", x)
        np.save(tmp_path / "y.npy", Y)
    raw = read(tmp_path / "a.npz" if form == "npz" else tmp_path)
    kept = {"?": "u1", "u1": "u1", ">i4": "f8", "<i8": "i8", "<f8": "f8", ">f8": "f8"}
    assert raw.train.x.dtype == np.dtype(kept.get(dtype, "f4"))
    np.testing.assert_array_equal(whole(raw)[0], x.astype(raw.train.x.dtype))
    Resident(raw.train, carve_card(raw), torch.device("cpu")).take(np.arange(3))


def carve_card(raw):
    return split_dataset(raw, reads=(raw.kind,), scale="standard", val_fraction=0.2, seed=0).card


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (np.ones((40, 2), complex), "complex numbers"),
        (np.full((40, 2), "a"), "text"),
        (np.zeros((40, 2), "M8[s]"), "dates"),
        (np.zeros(40, [("a", "f4"), ("b", "f4")]), "records with named fields"),
    ],
)
def test_what_is_no_number_is_refused(path, x, says):
    assert f"x: holds {says}; numbers are expected" in refused(npz(path, x=x, y=Y))
    assert "y: " in refused(npz(path, x=X, y=x[:, 0] if x.ndim == 2 and says != "text" else x))


def test_pickles_are_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    bad = np.array([Bomb()] * 40, object)
    np.savez(tmp_path / "a.npz", x=X, y=bad)
    assert "y: holds Python objects (pickled), which are never loaded" in refused(
        tmp_path / "a.npz"
    )
    np.save(tmp_path / "x.npy", bad)
    np.save(tmp_path / "y.npy", Y)
    assert "Python objects" in refused(tmp_path / "x.npy")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_values_beyond_float32(path, monkeypatch, block):
    monkeypatch.setattr("etude.data.rows.BLOCK", block)
    x = X.astype(np.float64)
    x[[3, 17], 2] = 1e39, -1e300
    told = refused(npz(path, x=x, y=Y))
    assert "row 3: x has values" in told and "row 17" in told and "row 4" not in told
    x[[3, 17], 2] = np.finfo(np.float32).max
    assert np.isfinite(whole(read(npz(path, x=x, y=Y)))[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_nan_and_infinity_are_named_by_row(path, dtype, monkeypatch):
    monkeypatch.setattr("etude.data.rows.BLOCK", 100)  # four rows at a time
    x = X.astype(dtype)
    x[5, :2], x[6, 0] = np.nan, np.inf
    with pytest.raises(DataError) as caught:
        read(npz(path, x=x, y=Y))
    assert english(caught.value.items) == (
        "row 5: x has 2 values that are NaN or infinite",
        "row 6: x has 1 value that is NaN or infinite",
    )
    y = Y.astype(np.float32)
    y[[1, 2]] = np.nan
    with pytest.raises(DataError, match="row 1: y has 1 value ") as caught:
        read(npz(path, x=X, y=y))
    assert len(caught.value.items) == 2


def rows(count, **bad):
    """x and y as float64 with bad values by row: x={3: np.nan}."""
    x = RANDOM.normal(size=(count, 3))
    y = RANDOM.normal(size=count)
    for name, values in bad.items():
        for row, value in values.items():
            {"x": x, "y": y}[name].reshape(count, -1)[row, 0] = value
    return x, y


def test_all_bad_rows_come_in_one_report(path):
    """NaN, infinity and values beyond float32, in x and in y, in all parts."""
    x, y = rows(20, x={1: np.nan, 2: np.inf, 3: 1e39}, y={3: np.nan, 4: -1e300})
    x[1, 1] = 1e50
    with pytest.raises(DataError) as caught:
        read(npz(path, x_train=x, y_train=y, x_test=x[:2], y_test=y[:2]))
    assert english(caught.value.items) == (
        "train row 1: x has 1 value that is NaN or infinite and has values that float32 "
        "cannot hold",
        "train row 2: x has 1 value that is NaN or infinite",
        "train row 3: x has values that float32 cannot hold; y has 1 value that is NaN or infinite",
        "train row 4: y has values that float32 cannot hold",
        "test row 1: x has 1 value that is NaN or infinite and has values that float32 cannot hold",
    )
    assert "--skip-bad" in str(caught.value)


@pytest.mark.parametrize("mapped", [False, True])
def test_bad_rows_are_left_out_where_that_is_asked(tmp_path, monkeypatch, mapped):
    monkeypatch.setattr(arrays, "MAPPED", 0 if mapped else 1 << 30)
    x, y = rows(40, x={1: np.nan, 30: 1e39}, y={7: np.inf})
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    raw = read(tmp_path, skip_bad=True)
    good = np.delete(np.arange(40), [1, 7, 30])
    assert isinstance(raw.train.x, Rows) == mapped
    read_x, read_y = whole(raw)
    np.testing.assert_array_equal(read_x, x[good])
    np.testing.assert_array_equal(read_y[:, 0], y[good])
    assert sorted(raw.train.names + raw.test.names) == sorted(f"row {i}" for i in good)
    assert [one.name for one in raw.left_out] == ["row 1", "row 7", "row 30"]
    card = carve_card(raw)
    assert english(card.notes)[-1] == (
        "left out 3 of 40: row 1 (x has 1 value that is NaN or infinite), "
        "row 7 (y has 1 value that is NaN or infinite), "
        "row 30 (x has values that float32 cannot hold)"
    )
    assert sum(card.sizes.values()) == 37


def test_nothing_is_said_where_nothing_is_bad(path):
    npz(path, x=X, y=Y)
    assert read(path, skip_bad=True).left_out == ()
    assert carve_card(read(path, skip_bad=True)) == carve_card(read(path))


def test_what_is_not_safe_to_leave_out(path):
    x, y = X.copy(), np.arange(40) % 4
    x[:21, 0] = np.nan
    with pytest.raises(DataError, match=r"more than half \(21 of 40\)") as caught:
        read(npz(path, x=x, y=y), skip_bad=True)
    assert len(caught.value.items) == 21
    x, labels = X.copy(), np.array(["a", "b", "c", "d"])[Y]
    x[Y == 2] = np.inf
    with pytest.raises(DataError) as caught:
        read(npz(path, x=x, y=labels), skip_bad=True)
    assert english(caught.value.items)[0] == "y = c: none of its 10 can be used"
    told = refused(npz(path, x=x, y=Y[:39]), skip_bad=True)
    assert "x has 40 samples but y has 39" in told


def test_lengths_follow_the_rows_that_are_left(path):
    x = np.ones((20, 6, 2), np.float32)
    x[[4, 9]] = np.nan
    lengths = np.arange(20) % 6 + 1
    raw = read(npz(path, x=x, y=np.arange(20) % 2, lengths=lengths), skip_bad=True)
    for split in (raw.train, raw.test):
        kept = [int(name.removeprefix("row ")) for name in split.names]
        assert split.lengths.tolist() == lengths[kept].tolist()


# --- targets -------------------------------------------------------------------------------------


def test_floats_are_values_also_whole_ones(path):
    raw = read(npz(path, x=X, y=Y.astype(np.float64)))
    assert (
        raw.target == "value" and raw.train.y.shape == (32, 1) and raw.train.y.dtype == np.float64
    )
    np.testing.assert_array_equal(whole(raw)[1][:, 0], Y)
    wide = RANDOM.normal(size=(40, 3))
    raw = read(npz(path, x=X, y=wide))
    np.testing.assert_array_equal(whole(raw)[1], wide)
    assert "float32 cannot hold" in refused(npz(path, x=X, y=wide * 1e300))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, 7, 9, 100], ("3", "7", "9", "100")),
        ([-5, 0, 5, 6], ("-5", "0", "5", "6")),
        (["b", "a", "한", "z"], ("a", "b", "z", "한")),
        ([b"b", b"a", b"c", b"d"], ("a", "b", "c", "d")),
        ([False, True, False, True], ("False", "True")),
    ],
)
def test_labels_of_every_kind(path, labels, classes):
    raw = read(npz(path, x=X, y=np.array(labels)[Y]))
    assert raw.classes == classes and raw.train.y.dtype == np.int64
    found = [raw.classes[i] for i in whole(raw)[1]]
    told = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    assert found == [told[i] for i in Y]
    assert any("are the classes 0 to 3" in note for note in english(raw.notes)) == isinstance(
        labels[0], int
    ) * (labels[0] in (3, -5))


def test_one_number_a_row_may_stand_in_a_column(path):
    raw = read(npz(path, x=X, y=Y[:, None]))
    np.testing.assert_array_equal(whole(raw)[1], Y)
    assert "one-hot rows are y.argmax(1)" in refused(npz(path, x=X, y=np.eye(4, dtype=int)[Y]))
    assert "shape [40, 1, 1]" in refused(npz(path, x=X, y=Y[:, None, None]))


def test_names_of_classes(path):
    npz(path, x=X, y=Y, classes=np.array(["p", "q", "r", "s"]))
    assert read(path).classes == ("p", "q", "r", "s")
    assert read(path, classes=("a", "b", "c", "d")).classes == ("a", "b", "c", "d")
    more = read(path, classes=("a", "b", "c", "d", "e"))  # one that no sample has
    np.testing.assert_array_equal(whole(more)[1], Y)
    np.testing.assert_array_equal(
        whole(read(npz(path, x=X, y=Y * 10), classes=tuple("abcd")))[1], Y
    )
    text = npz(path, x=X, y=np.array(["lo", "mid", "hi", "top"])[Y])
    raw = read(text, classes=("lo", "mid", "hi", "top"))
    np.testing.assert_array_equal(whole(raw)[1], Y)
    assert "'top'" in refused(text, classes=("lo", "mid", "hi"))
    assert "3 classes are named, but y has 4 labels" in refused(
        npz(path, x=X, y=Y), classes=tuple("abc")
    )
    assert "name one twice" in refused(npz(path, x=X, y=Y), classes=("a", "a", "b", "c"))


def test_labels_mean_the_same_in_all_splits(path):
    """A split without the lowest class must not renumber the others."""
    raw = read(npz(path, x_train=X[:8], y_train=Y[:8] + 5, x_test=X[8:10], y_test=np.array([7, 8])))
    assert raw.classes == ("5", "6", "7", "8") and raw.test.y.tolist() == [2, 3]


def test_a_class_in_test_only_is_refused(path):
    npz(path, x_train=X[:8], y_train=Y[:8] % 2, x_test=X[8:], y_test=Y[8:])
    with pytest.raises(DataError, match="test: has classes that training does not have: '2', '3'"):
        carve_card(read(path))


def test_numbers_that_are_no_labels(path):
    assert "data.labels=values" in refused(npz(path, x=X, y=np.arange(40) * 3))
    mixed = npz(path, x_train=X, y_train=Y, x_test=X, y_test=Y.astype(float))
    assert "either all splits have floats or none" in refused(mixed)


# --- lengths -------------------------------------------------------------------------------------


def test_lengths(path):
    x = np.ones((40, 6, 2), np.float32)
    lengths = np.arange(40) % 6 + 1
    raw = read(npz(path, x=x, y=Y, lengths=lengths))
    rows = [int(name.removeprefix("row ")) for name in raw.test.names]
    assert raw.test.lengths.tolist() == lengths[rows].tolist()
    assert raw.test.lengths.dtype == np.int64
    assert read(npz(path, x=x, y=Y, lengths=np.full(40, 6))).train.lengths is None
    halves = {"x_train": x, "y_train": Y, "x_test": x, "y_test": Y, "lengths_train": lengths}
    raw = read(npz(path, **halves))
    assert raw.train.lengths.tolist() == lengths.tolist() and set(raw.test.lengths) == {6}


def test_bad_lengths(path):
    x, lengths = np.ones((40, 6, 2), np.float32), np.full(40, 3)
    lengths[[4, 9]] = 0, 7
    told = refused(npz(path, x=x, y=Y, lengths=lengths))
    assert "row 4 says 0 steps; 1 to 6 are possible" in told and "row 9 says 7" in told
    assert "one whole number for each" in refused(npz(path, x=x, y=Y, lengths=np.ones(40)))
    assert "one whole number for each" in refused(npz(path, x=x, y=Y, lengths=np.ones(39, int)))
    assert "have no lengths" in refused(npz(path, x=X, y=Y, lengths=np.ones(40, int)))


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"x": X}, "has no y (it has x)"),
        ({"a": X}, "has no x and no y (it has no arrays)"),
        ({"x_train": X, "y_train": Y}, "has no x_test and no y_test"),
        ({"x_train": X, "y_train": Y, "x_val": X, "x_test": X, "y_test": Y}, "has no y_val"),
        ({"x": X, "X": X, "y": Y}, "has both x and X"),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y, "x_test": X, "y_test": Y}, "has both x or y"),
        ({"x": X, "y": Y[:39]}, "x has 40 samples but y has 39"),
        ({"x": X[:0], "y": Y[:0]}, "x: is empty (shape (0, 6))"),
        ({"x": X[:, :0], "y": Y}, "x: is empty (shape (40, 0))"),
        ({"x": X, "y": np.int64(3)}, "y has no axis"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :5], "y_test": Y},
            "have shape (5,), others (6,)",
        ),
    ],
)
def test_arrays_that_do_not_go_together(path, named, says):
    assert says in refused(npz(path, **named))


def test_every_wrong_array_comes_in_one_report(path):
    named = {"x_train": X.astype(complex), "y_train": Y[:3], "x_test": X[:0], "y_test": Y}
    told = refused(npz(path, **named))
    for part in ("x_train: holds complex", "y_train has 3", "x_test: is empty", "y_test has 40"):
        assert part in told


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_every_shorter_file_is_refused(tmp_path, suffix):
    if suffix == "npz":
        whole_file = npz(tmp_path / "a.npz", True, x=X[:8], y=Y[:8]).read_bytes()
    else:
        np.save(tmp_path / "x.npy", X[:8])
        np.save(tmp_path / "y.npy", Y[:8])
        whole_file = (tmp_path / "x.npy").read_bytes()
    bad = tmp_path / ("a.npz" if suffix == "npz" else "x.npy")
    for size in range(0, len(whole_file), 7):
        bad.write_bytes(whole_file[:size])
        refused(bad)
    bad.write_bytes(whole_file + (b"" if suffix == "npz" else b"x"))
    if suffix == "npy":
        assert "says 320 bytes (shape (8, 6)) but has 321" in refused(bad)


def header(shape, descr="<f4"):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        header((10**12, 10**3)),
        header((-5, 3)),
        header(5),
        header((4,), "|O"),
        header((4,), "nonsense"),
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 30) + b"__import__('os').system('ls')\n",
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 60000) + b"(" * 60000,
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000,
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{}",
        b"\x93NUMPY\x09\x00" + bytes(100),
        b"",
        b"hello",
    ],
)
def test_headers_that_lie(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    np.save(tmp_path / "y.npy", Y)
    with claims_at_most(8 << 20):
        refused(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
        archive.writestr("y.npy", (tmp_path / "y.npy").read_bytes())
    with claims_at_most(8 << 20):
        assert "x: " in refused(tmp_path / "a.npz")


def test_zip_bombs_are_not_unpacked(path, monkeypatch):
    big = header((10_000_000, 4)) + bytes(160_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", big)
    del big
    with claims_at_most(8 << 20):
        assert "more than 100 times" in refused(path)
        monkeypatch.setattr(numpy_files, "MEMBER", 1 << 20)
        assert "1,048,576 is the most read" in refused(path)
        monkeypatch.setattr(numpy_files, "TOTAL", 1 << 20)
        assert "unpacks to" in refused(path)


def test_a_zip_that_says_less_than_it_unpacks_to(path):
    """The sizes in the directory are the packer's word; numpy must not be led past them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header((1000, 4)) + bytes(16_000))
    content = bytearray(buffer.getvalue())
    said = struct.pack("<I", len(header((1000, 4))) + 16_000)
    path.write_bytes(content.replace(said, struct.pack("<I", 200)))
    refused(path)


def test_a_flipped_byte_in_the_data_is_found(path):
    content = bytearray(npz(path, x=X, y=Y).read_bytes())
    content[content.index(X.tobytes()[:16]) + 5] ^= 1
    path.write_bytes(content)
    assert "is damaged" in refused(path)


def test_encrypted_and_no_zip(path):
    content = bytearray(npz(path, x=X, y=Y).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(mark, start)) >= 0:
            content[start + at] |= 1
            start += 4
    path.write_bytes(content)
    assert "is encrypted" in refused(path)
    path.write_bytes(zlib.compress(b"x" * 100))
    assert "is damaged, or not a .npz file" in refused(path)
    assert "there is no such file" in refused(path.with_name("none.npz"))
    os.mkfifo(path.with_name("pipe.npz"))
    assert "is not a file" in refused(path.with_name("pipe.npz"))


# --- larger than memory --------------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """x.npy of float64, big-endian, channels last, which stays on disk."""
    x = RANDOM.integers(0, 255, (60, 6, 5, 3)).astype(">f8")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.arange(60) % 3)
    in_memory = read(tmp_path)
    monkeypatch.setattr(arrays, "MAPPED", 1000)
    return in_memory, read(tmp_path)


def test_what_stays_on_disk_gives_the_same_numbers(mapped):
    memory, disk = mapped
    assert isinstance(disk.train.x, Rows) and isinstance(memory.train.x, np.ndarray)
    assert "x stays on disk" in english(disk.notes)
    assert fingerprint(disk) == fingerprint(memory)
    for scale in ("standard", "tanh"):
        assert moments(disk.train.x, None, scale, False) == moments(
            memory.train.x, None, scale, False
        )
    kept = [
        split_dataset(raw, reads=("image",), scale="standard", val_fraction=0.2, seed=3)
        for raw in mapped
    ]
    assert kept[0].card.model_copy(update={"notes": ()}) == kept[1].card.model_copy(
        update={"notes": ()}
    )
    for part in ("train", "val", "test"):
        a, b = (getattr(dataset, part) for dataset in kept)
        assert isinstance(b.x, Rows) and b.x.source is disk.train.x.source
        np.testing.assert_array_equal(a.x, b.x[:])
        np.testing.assert_array_equal(np.asarray(b.x), a.x)
        chosen = np.array([5, 0, 3, 3])
        first, second = (
            Resident(split, kept[0].card, torch.device("cpu"), ("flip",)).take(chosen, 4)
            for split in (a, b)
        )
        assert torch.equal(first.x, second.x) and torch.equal(first.y, second.y)


def test_rows_are_indexed_like_an_array(mapped):
    memory, disk = mapped
    x, rows = memory.train.x, disk.train.x
    assert rows.shape == x.shape and rows.ndim == x.ndim and len(rows) == len(x)
    assert rows.dtype == x.dtype and rows.min() == x.min() and rows.max() == x.max()
    for which in (3, -1, slice(2, 9), np.array([4, 1]), (slice(None), 0), (-1, slice(None), 2)):
        np.testing.assert_array_equal(rows[which], x[which])


def test_a_file_larger_than_the_memory_allowed(tmp_path):
    """400 MB on (sparse) disk; carving and taking batches may claim 100 MB."""
    head = header((1_000_000, 100))
    with open(tmp_path / "x.npy", "wb") as file:
        file.write(head)
        file.truncate(len(head) + 400_000_000)
    np.save(tmp_path / "y.npy", (np.arange(1_000_000) % 2).astype(np.uint8))
    with claims_at_most(100 << 20):
        dataset = split_dataset(
            read(tmp_path), reads=("vector",), scale="standard", val_fraction=0.1, seed=0
        )
        train = Resident(dataset.train, dataset.card, torch.device("cpu"))
        for _ in range(3):
            assert train.take(np.arange(0, 700_000, 1000)).x.shape == (700, 100)
    assert len(dataset.train) == 720_000 and dataset.card.sizes["test"] == 200_000


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    hnp.arrays(
        st.sampled_from(["<f4", "<f8", "<i4", "u1", "?"]),
        hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=6),
    ),
    hnp.arrays(
        st.sampled_from(["<f4", "<i8", "U3", "?"]), hnp.array_shapes(max_dims=3, max_side=6)
    ),
)
def test_any_two_arrays_are_read_or_refused(tmp_path_factory, x, y):
    given_path = npz(tmp_path_factory.mktemp("any") / "a.npz", x=x, y=y)
    try:
        raw = read(given_path)
    except DataError:
        return
    assert len(raw.train) + len(raw.test) == len(x) == len(y)
    np.testing.assert_array_equal(
        np.sort(whole(raw)[0], axis=None), np.sort(x, axis=None).astype(np.float32)
    )
    assert raw.train.x.dtype in (np.uint8, np.float32, np.float64, np.int64, np.uint64)
