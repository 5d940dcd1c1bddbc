"""IDX files: what is written is read; whatever is damaged is refused, within bounds."""

import gzip
import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from etude.data.idx_file import TYPES, read
from etude.errors import DataError

CODES = {np.dtype(text).newbyteorder("="): (code, text) for code, text in TYPES.items()}


def packed(array: np.ndarray) -> bytes:
    code, text = CODES[array.dtype]
    sides = b"".join(side.to_bytes(4) for side in array.shape)
    return bytes([0, 0, code, array.ndim]) + sides + array.astype(text).tobytes()


SMALL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    hnp.arrays(st.sampled_from(list(CODES)), hnp.array_shapes(max_dims=4, max_side=5)),
    st.booleans(),
)
def test_reads_what_was_written(tmp_path_factory, array, gz):
    path = tmp_path_factory.mktemp("idx") / "a"
    path.write_bytes(gzip.compress(packed(array)) if gz else packed(array))
    found = read(path)
    assert found.dtype == array.dtype and found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_shorter_file_is_refused(tmp_path, pack):
    whole, path = pack(packed(SMALL)), tmp_path / "cut"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="cut: ") as caught:
            read(path)
        assert caught.value.exit_code == 3


def test_says_bytes_expected_and_found(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(packed(SMALL)[:-5])
    with pytest.raises(DataError, match="40 bytes expected, 35 found") as caught:
        read(path)
    assert "40바이트여야 하는데 35바이트입니다.\n-> 이 파일을 지우고" in caught.value.message("ko")
    path.write_bytes(packed(SMALL) + b"x")
    with pytest.raises(DataError, match=r"40 bytes .* but has more"):
        read(path)


def test_no_flipped_bit_in_gzip_gives_other_values(tmp_path):
    whole, path = gzip.compress(packed(SMALL)), tmp_path / "flipped"
    refused = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1 :])
        try:
            np.testing.assert_array_equal(read(path), SMALL)
        except DataError:
            refused += 1
    assert refused > len(whole) - 12  # a few header bytes (time, system) mean nothing


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG12345678", "begins with bytes 89 50 4e 47"),
        (b"\0\0\x07\x01\0\0\0\x01a", "not an IDX file"),
        (b"\0\0\x08\0", "not an IDX file"),
        (b"\0\0\x0e\x02\x00\x01\0\0\x00\x01\0\0", "is the most read"),
    ],
)
def test_refuses_what_is_no_idx(tmp_path, content, says):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read(path)


def test_a_header_alone_claims_no_memory(tmp_path):
    path = tmp_path / "liar"
    path.write_bytes(b"\0\0\x08\x01" + (900 << 20).to_bytes(4) + b"abc")
    tracemalloc.start()
    with pytest.raises(DataError, match="943,718,408 bytes expected, 11 found"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_bomb_is_read_no_further_than_it_says(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x04" + bytes(50 << 20)))
    tracemalloc.start()
    with pytest.raises(DataError, match="has more"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_content_is_checked_whatever_the_packing(tmp_path):
    content, path = packed(SMALL), tmp_path / "a"
    digest = hashlib.sha256(content).hexdigest()
    for level in (1, 9):
        path.write_bytes(gzip.compress(content, level))
        np.testing.assert_array_equal(read(path, digest), SMALL)
    path.write_bytes(content[:-1] + b"\xff")
    with pytest.raises(DataError, match=f"differs from the published file.*expected {digest}"):
        read(path, digest)


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none")
