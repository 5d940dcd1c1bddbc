"""Data files as a stranger might send them: what mutated inputs found, held."""

import time
import zipfile

import numpy as np
import pytest

from etude.data import idx_file as idx
from etude.data import ts
from etude.data.numpy_files import open_npy, read_npz
from etude.data.sequences import content
from etude.errors import DataError
from tests.faults.makers import packed, shaped


def test_a_shape_of_truths_is_no_shape(tmp_path):
    (tmp_path / "x.npy").write_bytes(shaped("(True, 64)", "|u1", bytes(64)))
    with pytest.raises(DataError, match="impossible shape"):
        open_npy(tmp_path / "x.npy")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_packings_that_numpy_does_not_write_are_refused(tmp_path, method):
    (tmp_path / "x.npz").write_bytes(packed(method, x=shaped((2,), data=b"ab")))
    with pytest.raises(DataError, match="cannot be read") as error:
        read_npz(tmp_path / "x.npz", lambda name: True)
    assert "np.savez_compressed" in str(error.value)
    assert "- x: 알 수 없는 방식으로 압축되어 있습니다." in error.value.message("ko")


def test_a_member_whose_name_is_no_text_is_refused(tmp_path):
    raw = bytearray(packed(xy=shaped((2,), data=b"ab")))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 8 : at + 10] = (0x800).to_bytes(2, "little")  # says that its name is UTF-8
    raw[at + 46] = 0xA7
    (tmp_path / "x.npz").write_bytes(raw)
    with pytest.raises(DataError, match="is damaged, or not"):
        read_npz(tmp_path / "x.npz", lambda name: True)


def test_an_empty_idx_of_huge_sides_is_refused(tmp_path):
    sides = b"".join(side.to_bytes(4, "big") for side in (0, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    (tmp_path / "x").write_bytes(b"\0\0\x0e\x04" + sides)
    with pytest.raises(DataError, match="is the most read"):
        idx.read(tmp_path / "x")


def test_many_classes_are_not_repeated_in_every_message(tmp_path):
    names = " ".join(f"c{i}" for i in range(10_000))
    (tmp_path / "x.ts").write_text(f"@classLabel true {names}\n@data\n" + "1:z\n" * 300)
    found, _ = ts.parse(tmp_path / "x.ts")
    told = [str(one) for one in found.bad]
    assert len(told) == 300 and max(map(len, told)) < 500
    assert told[0].startswith("x.ts line 3: class 'z' is not in the header: c0, c1")


@pytest.mark.parametrize("lines", ["1:z\n", "1,2:c0\n1:c0\n1:c0\n"])
def test_many_bad_lines_take_no_longer_each(tmp_path, lines):
    """Neither looked for among a million classes, nor taken out of a long list one by one."""
    names = " ".join(f"c{i}" for i in range(10**6 if "z" in lines else 2))
    head = f"@equalLength true\n@classLabel true {names}\n@data\n"

    def seconds(count):
        (tmp_path / "x.ts").write_text(head + lines * count)
        began = time.process_time()
        found, _ = ts.parse(tmp_path / "x.ts")
        assert len(found.bad) == count
        return time.process_time() - began

    # Ten times the lines: ten times the work and not a hundred, however busy the machine is.
    assert seconds(40_000) < 40 * seconds(4_000)


def test_one_long_sequence_does_not_make_gigabytes_of_many(monkeypatch):
    rows = [np.zeros((1000, 1), np.float32), *[np.zeros((1, 1), np.float32)] * 99]
    assert ts.pad(rows)[0].shape == (100, 1000, 1)
    monkeypatch.setattr(content, "PADDED", 4 * 100 * 1000 - 1)
    with pytest.raises(DataError, match="take 400,000 bytes"):
        ts.pad(rows)
