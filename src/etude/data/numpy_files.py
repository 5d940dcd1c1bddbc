"""Read arrays from .npy and .npz files; the header is checked before any data are read.

Pickled objects are never loaded. A .npy file is memory-mapped; the members of a .npz are read as a
whole, with limits on their size and compression ratio.
"""

import io
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from etude.data.reasons import missing, unreadable
from etude.data.rows import Rows, blocks
from etude.errors import DataError, InvalidValue, cause
from etude.locale.texts import Sentence, Text, text

MEMBER = 4 << 30
TOTAL = 8 << 30
RATIO = 100
HEADER = 10_000
# Exceptions of zipfile for damaged archives; UnicodeDecodeError if a member's name is not in the
# encoding that its flags declare.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, UnicodeDecodeError,
)  # fmt: skip
SMALL = 16 << 20  # a member up to this size may have any compression ratio: it can do no harm
KINDS = {
    "O": text("data.npy.kind.objects"),
    "c": text("data.npy.kind.complex"),
    "U": text("data.npy.kind.text"),
    "S": text("data.npy.kind.text"),
    "V": text("data.npy.kind.records"),
    "M": text("data.npy.kind.dates"),
    "m": text("data.npy.kind.differences"),
}
"""What arrays hold that are not numbers, by the kind of their dtype."""


def read_npz(path: Path, wanted: Callable[[str], bool]) -> tuple[dict[str, np.ndarray], list[str]]:
    """({name: array} for the wanted names of a .npz file, names of the other members).

    Raises DataError with every bad member.
    """
    _regular(path)
    arrays, others = {}, []
    problems: list[Sentence] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # Checked first: many members below the limit of one could still fill the memory.
            total = sum(member.file_size for member in members)
            if total > TOTAL:
                what = text("data.npy.unpacks", size=total, most=TOTAL)
                raise DataError(text("data.fault", where=path, what=what))
            for member in members:
                name = member.filename.removesuffix(".npy")
                if not wanted(name):
                    others.append(name)
                    continue
                try:
                    arrays[name] = _member(archive, member)
                except ValueError as error:
                    problems.append(text("data.at", where=name, what=cause(error)))
    except DAMAGE as error:
        raise DataError(
            text("data.npy.no_npz", path=path, why=error), do=text("data.npy.damaged.do")
        ) from None
    except OSError as error:
        raise DataError(text("data.fault", where=path, what=unreadable(error))) from None
    if problems:
        raise DataError(text("data.npy.members", path=path), items=problems)
    return arrays, others


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array. Raises ValueError with its fault."""
    size, packed = member.file_size, member.compress_size
    if member.flag_bits & 1:
        raise InvalidValue(text("data.npy.encrypted"))
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidValue(text("data.npy.compression"))
    if size > MEMBER:
        raise InvalidValue(text("data.npy.unpacks", size=size, most=MEMBER))
    if size > SMALL and size > RATIO * packed:
        raise InvalidValue(text("data.npy.ratio", packed=packed, size=size, ratio=RATIO))
    with archive.open(member) as file:
        shape, _, dtype = _header(file)
        _check_size(file.tell(), shape, dtype, size)
    # Opened again, since a zip member can be read only from its beginning.
    with archive.open(member) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def open_npy(path: Path) -> np.ndarray:
    """The array in a .npy file, memory-mapped and read-only. Raises DataError."""
    _regular(path)
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _header(file)
            begin, size = file.tell(), path.stat().st_size
        _check_size(begin, shape, dtype, size)
        if not math.prod(shape):  # an empty file part cannot be mapped
            return np.empty(shape, dtype)
        order: str = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", begin, shape, order)  # type: ignore[call-overload,no-any-return]
    except ValueError as error:
        raise DataError(
            text("data.fault", where=path, what=cause(error)), do=text("data.npy.damaged.do")
        ) from None
    except OSError as error:
        raise DataError(text("data.fault", where=path, what=unreadable(error))) from None


def _regular(path: Path) -> None:
    if not os.path.isfile(path):
        raise DataError(text("data.fault", where=path, what=missing(path)))


def _check_size(begin: int, shape: tuple[int, ...], dtype: np.dtype, size: int) -> None:
    """Raise ValueError if an array of this header, whose values begin at byte `begin`, does not
    fill a file of `size` bytes."""
    declared = begin + math.prod(shape) * dtype.itemsize
    if declared != size:
        raise InvalidValue(text("data.npy.size", declared=declared, shape=str(shape), size=size))


def _header(file: BufferedIOBase | IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether in Fortran order, dtype). Raises ValueError with the fault of the file."""
    head = file.read(10)
    if not head.startswith(npy.MAGIC_PREFIX) or len(head) < 10:
        raise InvalidValue(text("data.npy.no_npy"))
    if head[6:8] == b"\1\0":
        read, more = npy.read_array_header_1_0, int.from_bytes(head[8:10], "little")
    elif head[6:8] == b"\2\0":
        head += file.read(2)
        read, more = npy.read_array_header_2_0, int.from_bytes(head[8:12], "little")
    else:
        raise InvalidValue(text("data.npy.version", version=f"{head[6]}.{head[7]}"))
    # numpy would allocate the declared length before it checks anything.
    if more > HEADER:
        raise InvalidValue(text("data.npy.header.long", size=more, most=HEADER))
    rest = io.BytesIO(head[8:] + file.read(more))
    try:
        shape, fortran, dtype = read(rest)
    except (TypeError, SyntaxError, tokenize.TokenError, RecursionError, OverflowError) as error:
        raise InvalidValue(text("data.npy.header", why=error)) from None
    if dtype.hasobject:
        raise InvalidValue(text("data.npy.objects", what=KINDS["O"]))
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise InvalidValue(text("data.npy.shape", shape=str(shape)))
    return shape, fortran, dtype


def number_type(dtype: np.dtype) -> np.dtype:
    """The type in which numbers of `dtype` are stored without loss: uint8 for uint8 and booleans,
    float32 for all types that it holds exactly, 64-bit integers unchanged, float64 for the rest.

    Raises ValueError for types that are not numbers.
    """
    if dtype.kind not in "buif":
        raise InvalidValue(text("data.npy.no_numbers", what=KINDS.get(dtype.kind, dtype)))
    if dtype.kind == "b" or dtype == np.uint8:
        return np.dtype(np.uint8)
    if dtype.kind in "iu" and dtype.itemsize == 8:
        return dtype.newbyteorder("=")
    return np.dtype(np.float32 if np.can_cast(dtype, np.float32) else np.float64)


def too_large(block: np.ndarray) -> np.ndarray:
    """Which samples [n] of a block [n ...] have finite values that float32 cannot hold."""
    if block.dtype.kind != "f" or block.dtype.itemsize <= 4:
        return np.zeros(len(block), bool)
    over = np.isfinite(block) & (np.abs(block) > np.finfo(np.float32).max)
    return np.asarray(over.reshape(len(block), -1).any(1))


def unusable(
    values: np.ndarray | Rows, lengths: np.ndarray | None = None
) -> Iterator[tuple[int, Text]]:
    """(index, reason) of every sample with values that are NaN, infinite or too large for float32.
    lengths: valid steps [n]; padding is not checked."""
    if values.dtype.kind != "f":
        return
    for start, block in blocks(values):
        if lengths is not None:
            beyond = np.arange(block.shape[1]) >= lengths[start : start + len(block), None]
            block = np.where(beyond.reshape(*beyond.shape, *(1,) * (block.ndim - 2)), 0, block)
        bad = (~np.isfinite(block)).reshape(len(block), -1).sum(1)
        over = too_large(block)
        for i in np.flatnonzero((bad > 0) | over):
            if not bad[i]:
                reason = text("data.values.large")
            else:
                key = "data.values.nan.large" if over[i] else "data.values.nan"
                reason = text(key, count=bad[i])
            yield start + int(i), reason
