"""IDX: the file format of MNIST and similar data sets, plain or gzipped, read with a size limit.

    bytes 0 0 | type | number of axes n | n sides, 4 bytes each | values, all big-endian

A file whose content does not match the size in its header is refused; never more than that size is
read into memory.
"""

import gzip
import hashlib
import zlib
from io import BufferedIOBase
from math import prod
from pathlib import Path

import numpy as np

from etude.data.reasons import unreadable
from etude.errors import DataError
from etude.locale.texts import Text, text

LIMIT = 1 << 30
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20


def read(path: Path, sha256: str = "") -> np.ndarray:
    """The array in an IDX file, in this machine's byte order.

    sha256: expected hash of the unpacked content; empty if unknown. Raises DataError for a file
    that cannot be read, is damaged, or whose size or content is not as expected.
    """
    try:
        with path.open("rb") as plain:
            # By gzip's first two bytes: the name does not say reliably whether a file is packed.
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    return _parse(unpacked, path, sha256)
            return _parse(plain, path, sha256)
    # BadGzipFile is an OSError, so it has to come before that one.
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, text("data.idx.gzip", why=error)) from None
    except OSError as error:
        raise DataError(text("data.fault", where=path, what=unreadable(error))) from None


def _parse(file: BufferedIOBase, path: Path, sha256: str) -> np.ndarray:
    head = _take(file, 4, path, 4)
    if head[:2] != b"\0\0" or head[2] not in TYPES or not head[3]:
        raise _damaged(path, text("data.idx.other", begin=head.hex(" ")))
    sides_raw = _take(file, 4 * head[3], path, 4 + 4 * head[3])
    sides = [int.from_bytes(sides_raw[i : i + 4]) for i in range(0, len(sides_raw), 4)]
    dtype = np.dtype(TYPES[head[2]])
    # Python's integers cannot overflow, whatever sides a false header claims.
    begin, size = 4 + len(sides_raw), prod(sides) * dtype.itemsize
    shape = " x ".join(map(str, sides))
    if size > LIMIT or prod(side or 1 for side in sides) > LIMIT:  # a side of 0 hides huge ones
        raise DataError(text("data.idx.large", path=path, shape=shape, size=size, most=LIMIT))
    values = _take(file, size, path, begin + size)
    if _more(file, path):
        raise _damaged(path, text("data.idx.more", size=begin + size, shape=shape))
    actual = hashlib.sha256(head + sides_raw + values).hexdigest()
    if sha256 and actual != sha256:
        raise _damaged(path, text("data.idx.differs", actual=actual, expected=sha256))
    # A bytearray is writable memory, so torch may share it.
    return np.frombuffer(values, dtype).reshape(sides).astype(dtype.newbyteorder("="), copy=False)


def _take(file: BufferedIOBase, size: int, path: Path, expected: int) -> bytearray:
    """Exactly `size` bytes. The buffer grows with the data, so a false header allocates nothing."""
    taken = bytearray()
    try:
        while len(taken) < size and (chunk := file.read(min(CHUNK, size - len(taken)))):
            taken += chunk
    except EOFError:
        pass  # a gzip stream that ends too early: reported below, with the numbers
    if len(taken) < size:
        actual = expected - size + len(taken)
        raise _damaged(path, text("data.idx.short", expected=expected, actual=actual))
    return taken


def _more(file: BufferedIOBase, path: Path) -> bool:
    """Whether there are more bytes. Reading to the end also makes gzip verify its checksum."""
    try:
        return bool(file.read(1))
    except EOFError:
        raise _damaged(path, text("data.idx.gzip.short")) from None


def _damaged(path: Path, what: Text) -> DataError:
    return DataError(text("data.fault", where=path, what=what), do=text("data.idx.do"))
