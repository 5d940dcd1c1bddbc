"""The same sample on both sides of a split, or under two classes, is told for every source."""

import time

import numpy as np
import pytest

from etude.data import curve, digits, duplicates, series
from etude.data.dataset import DataConfig, Raw, Split, split_dataset
from etude.data.rows import Rows
from tests.data.notes import english

RANDOM = np.random.Generator(np.random.Philox(31))


def notes(raw, seed=0):
    reads = (raw.kind,)
    dataset = split_dataset(raw, reads=reads, scale="standard", val_fraction=0.1, seed=seed)
    return [note for note in english(dataset.card.notes) if note.startswith("WARNING")]


def raw(train, test, val=None, *, kind="vector", target="class"):
    classes = ("a", "b", "c") if target == "class" else ()
    return Raw("toy", kind, target, train, test, val, classes)


def split(count=12, shape=(3,), target="class", dtype=np.float32):
    x = (RANDOM.normal(size=(count, *shape)) * 50).astype(dtype)
    y = np.arange(count) % 3 if target == "class" else RANDOM.normal(size=(count, 1))
    return Split(x, y if target == "class" else y.astype(np.float32))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize(("kind", "shape"), [("vector", (3,)), ("image", (1, 4, 4))])
def test_a_leak_and_a_clash(kind, shape, mapped, monkeypatch):
    monkeypatch.setattr("etude.data.rows.BLOCK", 50)  # a few samples at a time
    train, test, val = split(12, shape), split(6, shape), split(6, shape)
    assert notes(raw(train, test, val, kind=kind)) == []
    test.x[4], val.x[2] = train.x[3], train.x[3]  # of class 0, now in classes 0, 1 and 2
    train.x[7] = train.x[10]  # both of class 1: a copy within training is nobody's mistake
    if mapped:
        train = Split(Rows(train.x, np.arange(12), train.x.dtype), train.y)
    word = {"vector": "sample", "image": "picture"}[kind]
    assert notes(raw(train, test, val, kind=kind)) == [
        f"WARNING: the same {word} in more than one split (1): 3 (train) = 2 (val) = 4 (test)",
        f"WARNING: the same {word} under two classes (1): 3 (train) = 2 (val) = 4 (test)",
    ]


def test_many_are_counted_and_a_few_named():
    train, test, val = split(30), split(12), split(6)
    test.x[:8], val.x[:] = train.x[:8], train.x[0]
    leaks, clashes = notes(raw(train, test, val))
    assert leaks.startswith(
        "WARNING: the same sample in more than one split (8): "
        "0 (train) = 0 (val) = 0 (test) and 5 more copies, 1 (train) = 1 (test), "
    )
    assert leaks.endswith("4 (train) = 4 (test) and 3 more")
    # One of each class, and no more than there are: val has six of the same, in three classes.
    assert clashes.endswith("(1): 0 (train) = 1 (val) = 2 (val) and 5 more copies")


def test_names_tell_where():
    train, test = split(12), split(6)
    test.x[0] = train.x[0]
    named = Split(train.x, train.y, names=tuple(f"row {i}" for i in range(12)))
    note = notes(raw(named, test, Split(test.x + 1, test.y)))[0]
    assert note.endswith("(1): row 0 (train) = 0 (test)")


def test_values_repeat_only_with_their_targets():
    """The same x with another value is noise; across splits, the same x and y is a copy."""
    train, test, val = (split(12, target="value") for _ in range(3))
    test.x[2], val.x[1] = train.x[5], train.x[5]
    train.x[6] = train.x[7]
    train.y[6] = train.y[7]
    assert notes(raw(train, test, val, target="value")) == []
    test.y[2] = train.y[5]
    (note,) = notes(raw(train, test, val, target="value"))
    assert note == "WARNING: the same sample in more than one split (1): 5 (train) = 2 (test)"


def test_padding_does_not_count():
    x = RANDOM.normal(size=(2, 5, 2)).astype(np.float32)
    x[1, :3] = x[0, :3]
    for lengths, same in ((None, False), ([3, 3], True), ([3, 4], False)):
        found = duplicates.digests(x, None if lengths is None else np.array(lengths))
        assert (found[0] == found[1]) == same


def test_digests_that_a_source_brings_go_before_the_bytes():
    train, test = split(12), split(6)
    test.x[0] = train.x[0]
    own = [Split(s.x, s.y, digests=np.arange(len(s), dtype=np.uint64) + 100 * i)
           for i, s in enumerate((train, test))]  # fmt: skip
    assert notes(raw(*own)) == []
    assert own[0].take(np.array([4, 2])).digests.tolist() == [4, 2]


def test_embedded_data():
    """Measured: none of the embedded sources has a twin, whatever the seed carves."""
    assert all(notes(digits.load(DataConfig()), seed) == [] for seed in range(3))
    assert notes(curve.load(DataConfig())) == []
    assert notes(series.load(series.Config())) == []


def test_seventy_thousand_pictures_take_no_time():
    x = RANDOM.integers(0, 256, (70_000, 1, 28, 28), np.uint8)
    x[69_999] = x[0]
    parts = {"train": x[:60_000], "test": x[60_000:]}
    best = np.inf
    for _ in range(3):
        began = time.process_time()
        found = {part: duplicates.digests(some) for part, some in parts.items()}
        y = {part: np.zeros(len(some), np.int64) for part, some in parts.items()}
        (note,) = duplicates.notes("image", "class", found, y, {"train": (), "test": ()})
        best = min(best, time.process_time() - began)
    assert english([note])[0].endswith("(1): 0 (train) = 9999 (test)")
    assert best < 1
