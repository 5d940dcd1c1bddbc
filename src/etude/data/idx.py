"""IDX: the file form of MNIST and its relatives, plain or gzipped, read within bounds.

    bytes 0 0 | type | number of axes n | n sides, 4 bytes each | values, all big-endian

A file that says one size and has another is refused before more than that size is in memory.
"""

import gzip
import hashlib
import zlib
from io import BufferedIOBase
from math import prod
from pathlib import Path

import numpy as np

from etude.errors import DataError

LIMIT = 1 << 30
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20


def read(path: Path, sha256: str = "") -> np.ndarray:
    """The array in an IDX file, in this machine's byte order.

    sha256: of the unpacked content, where it is known. Raises DataError for a file that cannot be
    read, is damaged, says another size than it has, or has another content.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    return _parse(unpacked, path, sha256)
            return _parse(plain, path, sha256)
    except gzip.BadGzipFile as error:
        raise _damaged(path, f"its gzip packing is damaged ({error})") from None
    except zlib.error as error:
        raise _damaged(path, f"its gzip packing is damaged ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _parse(file: BufferedIOBase, path: Path, sha256: str) -> np.ndarray:
    head = _take(file, 4, path, 4)
    if head[:2] != b"\0\0" or head[2] not in TYPES or not head[3]:
        raise _damaged(
            path, f"is no IDX file: it begins with bytes {head.hex(' ')}, not 00 00 TYPE AXES"
        )
    sides_raw = _take(file, 4 * head[3], path, 4 + 4 * head[3])
    sides = [int.from_bytes(sides_raw[i : i + 4]) for i in range(0, len(sides_raw), 4)]
    dtype = np.dtype(TYPES[head[2]])
    begin, size = 4 + len(sides_raw), prod(sides) * dtype.itemsize
    shape = " x ".join(map(str, sides))
    if size > LIMIT or prod(side or 1 for side in sides) > LIMIT:  # an empty one can be huge too
        raise DataError(f"{path}: says {shape} values, {size:,} bytes; {LIMIT:,} is the most read.")
    values = _take(file, size, path, begin + size)
    if _more(file, path):
        raise _damaged(path, f"says {begin + size:,} bytes ({shape} values) but has more")
    found = hashlib.sha256(head + sides_raw + values).hexdigest()
    if sha256 and found != sha256:
        raise _damaged(
            path, f"has another content than was published (sha256 {found}, expected {sha256})"
        )
    # A bytearray is writable memory, so torch may share it.
    return np.frombuffer(values, dtype).reshape(sides).astype(dtype.newbyteorder("="), copy=False)


def _take(file: BufferedIOBase, size: int, path: Path, expected: int) -> bytearray:
    """Exactly `size` bytes, grown as they come: a header alone claims no memory."""
    taken = bytearray()
    try:
        while len(taken) < size and (chunk := file.read(min(CHUNK, size - len(taken)))):
            taken += chunk
    except EOFError:
        pass  # a gzip stream that stops early: told below, with the numbers
    if len(taken) < size:
        found = expected - size + len(taken)
        raise _damaged(path, f"ends too early: {expected:,} bytes expected, {found:,} found")
    return taken


def _more(file: BufferedIOBase, path: Path) -> bool:
    """Whether anything follows; to look is also what makes gzip check its own checksum."""
    try:
        return bool(file.read(1))
    except EOFError:
        raise _damaged(path, "its gzip packing ends too early: the checksum is missing") from None


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what}.", do="Remove this file and get it anew.")
