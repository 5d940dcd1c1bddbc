"""The first process of each machine reads the data; the others get the same and train the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import etude
from etude.data import arrays, shared, spill, table
from etude.data.dataset import Dataset, Split, split_dataset
from etude.data.rows import Rows
from etude.errors import DataError, EtudeError, StorageError, from_json, to_json
from etude.locale.texts import text
from etude.training.distributed import World
from tests.data.test_large_tables import differences, rows

HEADER = "number,whole,word,truth,day,text,target"


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("\n".join((HEADER, *rows(2000))) + "\n", encoding="utf-8")
    return file


def of_table(path) -> Dataset:
    raw = table.load(table.Config(path=str(path)))
    return split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=0)


def of_arrays(path, **fields) -> Dataset:
    raw = arrays.load(arrays.Config(path=str(path), **fields))
    reads = ("vector", "sequence", "image")
    return split_dataset(raw, reads=reads, scale="standard", val_fraction=0.1, seed=0)


def passed(dataset: Dataset, late: bool = True) -> Dataset:
    """A data set as another process has it."""
    with shared.written(dataset) as content:
        return shared.read(content, late)


def unlike(one: Dataset, other: Dataset) -> list[str]:
    """What differs between two data sets, also beside x, y and digests."""
    found = differences(one, other)
    for part in ("train", "val", "test"):
        left, right = getattr(one, part), getattr(other, part)
        found += [f"{part}.names"] * (left.names != right.names)
        for name in ("lengths", "weights"):
            pair = [getattr(split, name) for split in (left, right)]
            same = pair[0] is pair[1] is None or np.array_equal(*pair)
            found += [f"{part}.{name}"] * (not same)
    return found


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_a_table_is_the_same_in_another_process(path, monkeypatch, limit):
    monkeypatch.setattr(spill, "LIMIT", limit)
    here = of_table(path)
    there = passed(here)
    assert unlike(here, there) == []
    assert isinstance(there.train.x, Rows) == (limit == 0)
    there.train.y[0] += 1
    assert unlike(here, there) == ["train.y"]


def test_large_samples_of_memory_are_not_copied_on_a_cpu(path, monkeypatch):
    monkeypatch.setattr(shared, "SMALL", 0)
    here = of_table(path)
    there = passed(here)
    assert unlike(here, there) == [] and isinstance(there.train.x, Rows)
    assert not isinstance(passed(here, late=False).train.x, Rows)


def test_arrays_names_lengths_and_weights_pass(tmp_path):
    draw = np.random.default_rng(0)
    x, lengths = draw.normal(size=(40, 5, 2)), draw.integers(1, 6, 40)
    names = tuple(f"{i}\0\n\udc80é" for i in range(40))
    digests = np.arange(40, dtype=np.uint64)
    split = Split(x, np.arange(40) % 2, lengths, names, digests, draw.random(40))
    np.savez(tmp_path / "a.npz", x=x, y=split.y)
    here = of_arrays(tmp_path / "a.npz")
    here = Dataset(here.card, split, split.take(np.arange(3)), split.take(np.arange(0)))
    assert unlike(here, passed(here)) == []


def test_a_mapped_file_is_mapped_again_and_not_copied(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (60, 3, 8, 8)).astype(np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    sizes = []
    write = spill.Store.write
    monkeypatch.setattr(
        spill.Store, "write", lambda s, shape, *rest: sizes.append(shape) or write(s, shape, *rest)
    )
    np.savez(tmp_path / "a.npz", x=pixels, y=np.arange(60) % 2)
    card = of_arrays(tmp_path / "a.npz").card
    chosen = np.array([7, 3, 59, 0])
    for source in (mapped, mapped[:, :1], mapped[5:], mapped[::2, :, 1:]):
        kept = chosen[chosen < len(source)]
        split = Split(Rows(source, kept, source.dtype), np.arange(len(kept)))
        there = passed(Dataset(card, split, split, split))
        np.testing.assert_array_equal(there.val.x[:], source[kept])
        assert isinstance(there.val.x.source, np.ndarray)
    assert sizes and all(len(shape) == 1 for shape in sizes), "no pixels are written"


def test_a_file_of_another_process_that_is_gone_is_an_error():
    with pytest.raises(StorageError):
        spill.Store.at("/proc/self/fd/987654")


class Own(DataError):
    """A kind of error of a plugin."""


@pytest.mark.parametrize("kind", [DataError, StorageError, Own])
def test_an_error_passes_between_processes(kind):
    before = kind(text("data.fault", where="a", what="b"), do="c", items=[text("os.unknown"), "d"])
    after = from_json(to_json(before))
    assert type(after) is (DataError if kind is Own else kind)
    assert (after.what, after.do, after.items) == (before.what, before.do, before.items)
    assert isinstance(after, EtudeError) and after.message("ko") == before.message("ko")


def test_one_process_of_a_machine_makes_the_value_itself():
    for world in (World(), World(1, 2)):
        assert world.once(lambda: 3, shared.written, int) == 3


def test_the_environment_says_who_shares_the_machine(monkeypatch):
    for name, value in (("RANK", 5), ("WORLD_SIZE", 8), ("LOCAL_RANK", 1), ("LOCAL_WORLD_SIZE", 4)):
        monkeypatch.setenv(name, str(value))
    assert World.here().beside == 1, "of an unknown machine"
    monkeypatch.setenv("GROUP_RANK", "1")
    assert World.here() == World(5, 8, 1, 1, 4)


ONCE = """
import contextlib, os, sys
from etude.errors import DataError
from etude.training.distributed import World
world = World.here()
world.join("cpu")
made = []

@contextlib.contextmanager
def written(value):
    yield str(value)
    made.append("closed")

for number in range(2):
    found = world.once(lambda: made.append("made") or 7 + number, written, lambda s: int(s))
    assert found == 7 + number
assert made == (["made", "closed"] * 2 if world.local == 0 else []), made

def fails():
    raise DataError("no such file")

try:
    world.once(fails, written, int)
except DataError as error:
    assert str(error) == "no such file"
else:
    raise AssertionError
"""


def job(count: int, *words: str, cwd=None, code: int = 0) -> str:
    """What a job of torchrun says on stderr. code: 0 if it should end well."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    source = str(Path(etude.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *launcher, *words], capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": source},
    )  # fmt: skip
    assert bool(done.returncode) == bool(code), done.stderr
    return done.stderr


def test_one_of_two_processes_makes_a_value_for_both(tmp_path):
    (tmp_path / "once.py").write_text(ONCE)
    job(2, str(tmp_path / "once.py"))


FIELDS = {
    "model.dropout": 0, "epochs": 1, "precision": "fp32", "optimizer": "momentum", "threads": 1,
}  # fmt: skip
TRAIN = f"""
import dataclasses, os, sys
import etude
from etude.data import shared, spill, table
spill.LIMIT = shared.SMALL = 0
before = table.load

def load(config):
    print("reads", os.environ["RANK"], file=sys.stderr)
    return before(config)

table.SOURCE = dataclasses.replace(table.SOURCE, load=load)
etude.train("mlp", data=sys.argv[1], name="two", **{FIELDS})
"""


def test_two_processes_read_once_and_train_as_one(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = etude.train("mlp", data=path, name="one", quiet=True, **FIELDS)
    (tmp_path / "train.py").write_text(TRAIN)
    said = job(2, "train.py", str(path), cwd=tmp_path)
    assert [line for line in said.splitlines() if line.startswith("reads")] == ["reads 0"]
    assert "1 other process waits for it" in said
    two = etude.Run(tmp_path / "runs" / "two")
    assert two.recipe == one.recipe and two.card == one.card
    before, after = one.model.state_dict(), two.model.state_dict()
    for name, value in before.items():
        apart = float((after[name] - value).abs().max())
        assert apart <= 1e-4 * float(value.abs().max()), name


def test_an_error_of_the_data_is_said_by_both_processes(tmp_path):
    (tmp_path / "bad.csv").write_text("a,y\n1,2,3\n")
    words = ("-m", "etude", "train", "mlp", "--data", "bad.csv", "data.target=y", "--name", "x")
    said = job(2, *words, cwd=tmp_path, code=3)
    assert said.count("bad.csv:2") == 2, said
    assert not (tmp_path / "runs" / "x").exists()


def test_machines_with_other_files_are_refused(monkeypatch, path):
    from etude.sharing import require_same

    card = of_table(path).card
    require_same(card, World())
    monkeypatch.setattr(World, "agree", lambda self, value: json.loads('"another"'))
    with pytest.raises(DataError, match="other content"):
        require_same(card, World(1, 2, 1))
