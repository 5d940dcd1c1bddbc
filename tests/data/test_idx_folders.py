"""Folders of IDX files of any name, written by the writer of test_idx."""

import gzip

import numpy as np
import pytest

from etude.data.dataset import split_dataset
from etude.data.idx import Config, load
from etude.data.inputs import read
from etude.data.locate import source_for
from etude.errors import DataError
from tests.data.notes import english
from tests.data.test_idx import packed

MADE = np.random.default_rng(0)


def pair(folder, prefix, count, classes=(1, 4, 26), gz=False, shape=(6, 5), dtype=np.uint8, **more):
    """Write count random samples and labels; return both arrays."""
    x = MADE.integers(0, 100, size=(count, *shape)).astype(dtype)
    y = np.array([classes[i % len(classes)] for i in range(count)], more.get("labels", np.uint8))
    between = more.get("between", "-")
    for word, array in (("images", x), ("labels", y)):
        axes = array.ndim
        path = folder / f"{prefix}{word}{between}idx{axes}-ubyte{'.gz' * gz}"
        path.write_bytes(gzip.compress(packed(array)) if gz else packed(array))
    return x, y


def raw_of(path, **more):
    return load(Config(path=str(path), **more))


def refused(path):
    with pytest.raises(DataError) as caught:
        raw_of(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("train", "test", "between"),
    [
        ("train-", "t10k-", "-"),
        ("usps_train_", "usps_test_", "."),
        ("emnist-letters-train-", "emnist-letters-test-", "-"),
        ("Training-", "Validation-", "-"),
    ],
)
def test_words_in_the_names_say_the_splits(tmp_path, train, test, between):
    x, y = pair(tmp_path, train, 30, gz=True, between=between)
    other, labels = pair(tmp_path, test, 12, classes=(4, 26), between=between)
    if test == "Validation-":
        pair(tmp_path, "test-", 12, between=between)
    assert source_for(tmp_path) == "idx"
    raw = raw_of(tmp_path)
    assert raw.kind == "image" and raw.classes == ("1", "4", "26")
    np.testing.assert_array_equal(raw.train.x, x[:, None])
    assert [raw.classes[i] for i in raw.train.y] == list(map(str, y))
    second = raw.val if test == "Validation-" else raw.test
    np.testing.assert_array_equal(second.x, other[:, None])
    assert [raw.classes[i] for i in second.y] == list(map(str, labels))
    file = next(p for p in tmp_path.iterdir() if p.name.startswith(train + "images"))
    assert source_for(file) == "idx" and raw_of(file).train.x.tobytes() == raw.train.x.tobytes()


@pytest.mark.parametrize("prefix", ["", "train-", "test-", "mine-"])
def test_a_single_pair_gives_a_fifth(tmp_path, prefix):
    pair(tmp_path, prefix, 60)
    raw, other = raw_of(tmp_path), raw_of(tmp_path, split_seed=1)
    assert len(raw.train) == 48 and np.bincount(raw.test.y).tolist() == [4, 4, 4]
    assert (raw.test.x != other.test.x).any()
    assert "12 of 60" in " ".join(english(raw.notes))


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "f4", "f8"])
def test_vectors_and_other_types(tmp_path, dtype):
    x, _ = pair(tmp_path, "train-", 30, shape=(7,), dtype=dtype, labels="i4")
    pair(tmp_path, "test-", 9, shape=(7,), dtype=dtype, labels="f8")
    raw = raw_of(tmp_path)
    assert raw.kind == "vector"
    np.testing.assert_array_equal(raw.train.x, x)
    data = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.2, seed=0)
    assert data.card.stored in ("float32", "float64", "int64")
    found = read([str(tmp_path / "test-images-idx2-ubyte")], data.card)
    np.testing.assert_array_equal(found.x, raw.test.x)


def test_what_cannot_be_used_is_named(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(b"hello")
    assert "train-images-idx3-ubyte: there is no file of labels" in refused(folder)
    pair(folder, "train-", 9)
    (folder / "train-labels-idx1-ubyte").write_bytes(packed(np.zeros(8, np.uint8)))
    assert "shape [9, 6, 5]" in refused(folder) and "shape [8]" in refused(folder)
    pair(folder, "t10k-", 9, shape=(6, 6))
    pair(folder, "train-", 9)
    assert "different shapes" in refused(folder)
    pair(folder, "other-train-", 9)
    assert "several data sets: -, other" in refused(folder)
    assert raw_of(folder / "other-train-images-idx3-ubyte").name == "other"
    pair(tmp_path, "train-", 9, labels="f4", classes=(0.5, 1))
    assert "have fractions" in refused(tmp_path)
    (folder / "train-images-idx3-ubyte").write_bytes(packed(np.zeros((9, 6, 6), np.uint8))[:-1])
    assert "ends too early" in refused(folder / "train-images-idx3-ubyte")
