"""Tables that outgrow memory: their columns go to a temporary file, and nothing else changes."""

import errno
import tracemalloc

import numpy as np
import pytest

import etude
from etude.data import spill, table
from etude.data.dataset import Dataset, split_dataset
from etude.data.rows import Rows
from etude.data.spill import Columns, OnDisk, Store
from etude.data.tabular import arrays, reader
from etude.data.tabular.dialect import Reading
from etude.errors import DataError, StorageError

WORDS = ("red", "green", "", "blue", " teal ")


def rows(count, seed=0):
    """Lines of a table with a column of each kind, some cells empty, some quoted."""
    draw = np.random.default_rng(seed)
    for i in range(count):
        number = "" if draw.random() < 0.05 else f"{draw.normal():.6f}"
        word = WORDS[draw.integers(len(WORDS))]
        day = f"20{draw.integers(10, 24)}-0{draw.integers(1, 9)}-1{draw.integers(9)}"
        text = f'"line {i}\nof {draw.integers(10**9)}"'
        cells = (number, draw.integers(100), word, ("no", "yes")[i % 2], day, text)
        yield ",".join(map(str, (*cells, ("a", "b")[int(draw.random() < 0.3 + 0.4 * (i % 2))])))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "large.csv"
    header = "number,whole,word,truth,day,text,target"
    file.write_text("\n".join((header, *rows(3000))) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tiny(monkeypatch):
    """Nothing of a table fits into memory."""
    monkeypatch.setattr(spill, "LIMIT", 0)
    monkeypatch.setattr(arrays, "FEATURES", 0)


def dataset(path, **fields) -> Dataset:
    """The three splits of a table."""
    raw = table.load(table.Config(path=str(path), **fields))
    return split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=0)


def differences(one: Dataset, other: Dataset) -> list[str]:
    """What differs between two data sets, byte by byte."""
    found = [] if one.card == other.card else ["card"]
    for part in ("train", "val", "test"):
        left, right = getattr(one, part), getattr(other, part)
        for name in ("x", "y", "digests"):
            pair = [np.ascontiguousarray(getattr(s, name)[:]) for s in (left, right)]
            if pair[0].dtype != pair[1].dtype or pair[0].tobytes() != pair[1].tobytes():
                found.append(f"{part}.{name}")
    return found


def test_a_table_on_disk_is_the_table_in_memory(path, monkeypatch):
    before = dataset(path)
    assert isinstance(before.train.x, np.ndarray)
    monkeypatch.setattr(spill, "LIMIT", 0)
    after = dataset(path)
    assert isinstance(after.train.x, Rows) and isinstance(after.train.x.source, OnDisk)
    assert differences(before, after) == []


def test_the_comparison_notices_one_value(path):
    one, other = dataset(path), dataset(path)
    other.val.x[3, 0] += 1e-9
    assert differences(one, other) == ["val.x"]


@pytest.mark.parametrize("target", ["target", "number"])
def test_a_run_on_disk_is_the_run_in_memory(path, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    options = {"epochs": 2, "quiet": True, "data.target": target}
    before = etude.train("mlp", data=path, name="before", **options)
    monkeypatch.setattr(spill, "LIMIT", 0)
    monkeypatch.setattr(arrays, "FEATURES", 0)
    after = etude.train("mlp", data=path, name="after", **options)
    assert dict(after.test) == dict(before.test)
    assert after.baselines.scores == pytest.approx(before.baselines.scores, rel=1e-9)
    weights = [run.model.state_dict() for run in (before, after)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_part_of_the_columns_may_be_in_memory(path, monkeypatch):
    before = dataset(path)
    monkeypatch.setattr(spill, "LIMIT", 50_000)
    assert differences(before, dataset(path)) == []


def test_groups_time_and_a_column_of_splits_work_on_disk(path, tiny):
    for fields in ({"group": "whole"}, {"time": "day"}):
        found = dataset(path, **fields)
        assert len(found.train) and len(found.test)


def test_rows_on_disk_index_as_an_array(tiny):
    values = np.arange(60, dtype=np.float64).reshape(20, 3)
    held = Store().put(values)
    assert isinstance(held, OnDisk) and len(held) == 20
    for which in (slice(None), slice(3, 9), slice(None, None, 7), np.array([19, 0, 4]), 5,
                  np.array([], int), values[:, 0] > 30, np.array([2, 2])):  # fmt: skip
        np.testing.assert_array_equal(held[which], values[which])
    by_column = Columns([Store().put(values[:, i].copy()) for i in range(3)])
    np.testing.assert_array_equal(by_column[np.array([7, 1])], values[[7, 1]])
    np.testing.assert_array_equal(np.asarray(held), values)


def test_rows_that_are_far_apart_are_read_one_by_one(tiny):
    values = np.arange(1000, dtype=np.float64)
    held = Store().put(values)
    assert held[np.array([990, 3])].tolist() == [990, 3]


def test_rows_in_any_order_and_number_are_those_of_the_array(tiny):
    draw = np.random.default_rng(0)
    for shape in ((500,), (500, 3), (500, 0), (500, 2, 2)):
        values = draw.normal(size=shape)
        held = Store().put(values)
        for top in (1, 20, 500):
            for count in (1, 2, 60):
                which = draw.integers(500 - top, 500, (count, 2))
                np.testing.assert_array_equal(held[which], values[which])
        np.testing.assert_array_equal(held[-3], values[-3])
        np.testing.assert_array_equal(held[np.array([-1, 4, -500])], values[[-1, 4, -500]])
        for wrong in (500, -501):
            with pytest.raises(IndexError):
                held[np.array([3, wrong])]


def test_near_rows_are_read_at_once_and_in_the_order_of_the_file(tiny, monkeypatch):
    held, asked = Store().put(np.arange(1000, dtype=np.float64)), []
    before = Store.read_pieces

    def noted(store, pieces, result):
        asked.extend(pieces := list(pieces))
        before(store, pieces, result)

    monkeypatch.setattr(Store, "read_pieces", noted)
    assert held[np.array([900, 3, 8, 905, 3])].tolist() == [900, 3, 8, 905, 3]
    assert [(start - held.start, size) for start, size in asked] == [(24, 48), (7200, 48)]


def test_a_missing_word_that_is_a_number_is_missing_in_every_block(tmp_path):
    file = tmp_path / "words.csv"
    lines = [f"{i % 97 if i % 5 else -999},{'ab'[i % 2]}" for i in range(3000)]
    file.write_text("\n".join(("x,y", *lines)) + "\n")
    found = dataset(file, missing=("-999",))
    assert found.card.columns[0].empty > 0 and found.card.columns[0].low == 0


def test_a_full_disk_is_one_clear_error(path, tiny, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def seek(self, place):
            pass

        write = full

    monkeypatch.setattr(spill.tempfile, "TemporaryFile", lambda **kw: Full())
    with pytest.raises(StorageError) as caught:
        dataset(path)
    assert "TMPDIR" in caught.value.message("en") and caught.value.message("ko")


def test_no_temporary_file_has_a_name(path, tiny, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(spill.tempfile, "tempdir", None)
    found = dataset(path)
    assert len(found.train.x[:]) and not list(place.iterdir())


def test_blocks_end_anywhere(path, monkeypatch):
    before = dataset(path)
    monkeypatch.setattr(reader, "BLOCK", 7)
    assert differences(before, dataset(path)) == []


def test_lines_are_counted_over_blank_lines_quotes_and_bad_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "BLOCK", 4)
    file = tmp_path / "lines.csv"
    file.write_text('a,y\n\n"1\n",x\n2\n\n"3\r\n\r\n",x\n4,x,5\n6,z\n')
    with pytest.raises(DataError) as caught:
        dataset(file)
    where = [str(item.values["where"]) for item in caught.value.items]
    assert [place.rsplit(":", 1)[1] for place in where] == ["5", "10"]


def test_a_table_on_disk_takes_less_memory(tmp_path, monkeypatch):
    file = tmp_path / "long.csv"
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=(4000, 20))
    lines = [",".join([*(f"{v:.4f}" for v in row), "ab"[i % 2]]) for i, row in enumerate(numbers)]
    header = ",".join((*(f"x{i}" for i in range(20)), "y"))
    file.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")

    def peak(limit):
        monkeypatch.setattr(spill, "LIMIT", limit)
        tracemalloc.start()
        reader.read(file, Reading(), None)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    most = peak(1 << 30)
    assert peak(0) < most - 4_000 * 20 * 8 / 2, most
