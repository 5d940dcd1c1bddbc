"""Decoded pictures on disk: the same as in memory, decoded once, resumed, never stale."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import etude
from etude.data import packed, pictures
from etude.data.dataset import fingerprint
from etude.data.folder import Config, load
from etude.data.rows import Rows
from etude.errors import DataError, StorageError
from tests.data.notes import english
from tests.data.test_folder import classes, put


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "etude" / "pictures"


@pytest.fixture
def root(tmp_path):
    return classes(tmp_path / "photos", size=(20, 30), mode="RGB")


@pytest.fixture
def decoded(monkeypatch):
    """The pictures that are decoded, in order."""
    places = []
    real = pictures.see

    def see(place, *more):
        places.append(place)
        return real(place, *more)

    monkeypatch.setattr(pictures, "see", see)
    return places


def read(root, **more):
    return load(Config(path=str(root), **more))


def equal(a, b):
    """Whether two Raws hold the same samples in the same order."""
    pairs = [(a.train, b.train), (a.test, b.test)]
    return (a.classes, a.levels, fingerprint(a)) == (b.classes, b.levels, fingerprint(b)) and all(
        np.array_equal(np.asarray(one.x[:]), np.asarray(other.x[:]))
        and np.array_equal(one.digests, other.digests)
        and one.names == other.names
        for one, other in pairs
    )


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_disk_holds_what_the_memory_would(tmp_path, root, cache, monkeypatch, mode, decoded):
    if mode == "L":  # pictures of colour whose three channels are equal
        shutil.rmtree(root)
        classes(root, size=(20, 30))
        one = next(root.rglob("*.png"))
        Image.open(one).convert("RGB").save(one)
    held = read(root)
    monkeypatch.setattr(pictures, "LIMIT", 100)
    kept = read(root)
    assert isinstance(kept.train.x, Rows) and isinstance(held.train.x, np.ndarray)
    assert kept.train.x.shape[1] == len(mode) and equal(held, kept)
    assert [note for note in kept.notes if note.key != "data.note.packed"] == list(held.notes)
    assert any("decoded pictures stay on disk" in note for note in english(kept.notes))
    assert len(decoded) == 40 and equal(read(root), kept) and len(decoded) == 40
    other = read(root, split_seed=3)  # another split, the same pixels
    assert len(decoded) == 40 and not equal(other, kept)
    assert len(list(cache.iterdir())) == 1


def test_a_changed_file_is_decoded_again(root, tmp_path, decoded):
    place = tmp_path / "kept"
    before = read(root, cache=str(place))
    one = root / "cat" / "003.png"
    status = one.stat()
    put(one, 12345, size=(20, 30), mode="RGB")
    os.utime(one, ns=(status.st_atime_ns, status.st_mtime_ns))
    decoded.clear()
    after = read(root, cache=str(place))
    assert len(decoded) == 20 and not equal(before, after)
    assert len(list(place.iterdir())) == 2
    read(root, cache=str(place), size=12)
    assert len(list(place.iterdir())) == 3


def test_a_damaged_cache_is_not_read(root, tmp_path):
    place = tmp_path / "kept"
    before = read(root, cache=str(place))
    home = next(place.iterdir())
    for name, content in (("pixels.npy", b"x"), ("seen.npy", b""), ("pixels.npy", None)):
        (home / name).unlink()
        if content is not None:
            (home / name).write_bytes(content)
        assert equal(before, read(root, cache=str(place)))
    with (home / "pixels.npy").open("r+b") as file:
        file.truncate(1000)
    assert equal(before, read(root, cache=str(place)))


def test_decoding_goes_on_where_it_was(root, tmp_path, monkeypatch, decoded):
    place = tmp_path / "kept"
    whole = read(root)
    decoded.clear()
    monkeypatch.setattr(packed, "COUNT", 4)
    real = packed._synced
    calls = []

    def synced(file):
        calls.append(file)
        if len(calls) > 5:  # two blocks are whole, the marks of the third are not written
            raise KeyboardInterrupt
        real(file)

    monkeypatch.setattr(packed, "_synced", synced)
    with pytest.raises(KeyboardInterrupt):
        read(root, cache=str(place))
    monkeypatch.setattr(packed, "_synced", real)
    home = next(place.iterdir())
    assert np.load(home / "seen.npy")["done"].sum() in (8, 12)  # what the system has is not lost
    decoded.clear()
    again = read(root, cache=str(place))
    assert len(decoded) in (8, 12) and equal(whole, again)


SLOW = """
import sys, time
from etude.data import packed, pictures
from etude.data.folder import Config, load
packed.COUNT = 2
real = pictures.see
def see(*args):
    time.sleep(0.05)
    return real(*args)
pictures.see = see
load(Config(path=sys.argv[1], cache=sys.argv[2]))
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_killed_process_leaves_what_it_decoded(root, tmp_path, decoded):
    place = tmp_path / "kept"
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(root), str(place)])
    end = time.monotonic() + 120

    def marks():
        found = list(place.glob("*/seen.npy"))
        return np.load(found[0])["done"].sum() if found and found[0].stat().st_size > 300 else 0

    while marks() < 4 and time.monotonic() < end and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    had = int(marks())
    assert 0 < had < 20
    decoded.clear()
    again = read(root, cache=str(place))
    assert len(decoded) == 20 - had and equal(again, read(root))


def test_a_full_disk_is_said_with_the_size_that_fits(root, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=2 * 20 * 3 * 10 * 10 + 1)
    monkeypatch.setattr(packed.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(pictures, "LIMIT", 100)
    with pytest.raises(DataError) as caught:
        read(root, size=20)
    assert "20 pictures of 20x20" in str(caught.value) and "data.size=10 or" in str(caught.value)
    assert read(root, size=10).train.x.shape[-1] == 10
    monkeypatch.setattr(packed.shutil, "disk_usage", lambda path: usage._replace(free=10))
    with pytest.raises(DataError, match="another disk") as caught:
        read(root, size=20)
    assert "data.size" not in str(caught.value)


def test_a_failed_write_is_a_storage_error(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        read(root, cache=str(tmp_path / "file"))

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packed, "_synced", full)
    with pytest.raises(StorageError, match=r"data\.cache"):
        read(root, cache=str(tmp_path / "kept"))


def test_bad_pictures_are_named_each_time_and_can_be_left_out(root, tmp_path, decoded):
    place = str(tmp_path / "kept")
    (root / "cat" / "005.png").write_text("no picture")
    held = read(root, skip_bad=True)
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            read(root, cache=place)
        assert "cat/005.png" in str(caught.value)
    content = (root / "dog" / "001.png").read_bytes()
    (root / "dog" / "001.png").write_bytes(content[:-20])  # a good header, damaged pixels
    held = read(root, skip_bad=True)
    for _ in range(2):
        kept = read(root, skip_bad=True, cache=place)
        assert [bad.name for bad in kept.left_out] == ["cat/005.png", "dog/001.png"]
        assert equal(held, kept)


def test_a_run_is_the_same_from_disk_as_from_memory(root, tmp_path):
    options = {"epochs": 2, "quiet": True, "save": False, "seed": 3, "data.size": 12}
    one = etude.train("cnn", data=str(root), **options)
    kept = {"data.cache": str(tmp_path / "kept")}
    other = etude.train("cnn", data=str(root), **options, **kept)
    assert one.card.fingerprint == other.card.fingerprint and one.test == other.test
    a, b = one.model.state_dict(), other.model.state_dict()
    assert all(a[key].equal(b[key]) for key in a)


def test_equal_finds_a_difference(root):
    one = read(root)
    other = read(root)
    assert equal(one, other)
    other.train.x[0, 0, 0, 0] ^= 1
    assert not equal(one, other)
