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

from etude.data.rows import Rows, blocks
from etude.errors import DataError

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
    "O": "Python objects (pickled), which are never loaded",
    "c": "complex numbers",
    "U": "text",
    "S": "text",
    "V": "records with named fields",
    "M": "dates",
    "m": "time differences",
}


def read_npz(path: Path, wanted: Callable[[str], bool]) -> tuple[dict[str, np.ndarray], list[str]]:
    """({name: array} for the wanted names of a .npz file, names of the other members).

    Raises DataError with every bad member.
    """
    _regular(path)
    arrays, others, problems = {}, [], []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # Checked first: many members below the limit of one could still fill the memory.
            total = sum(member.file_size for member in members)
            if total > TOTAL:
                raise DataError(f"{path}: unpacks to {total:,} bytes; {TOTAL:,} is the most read.")
            for member in members:
                name = member.filename.removesuffix(".npy")
                if not wanted(name):
                    others.append(name)
                    continue
                try:
                    arrays[name] = _member(archive, member)
                except ValueError as error:
                    problems.append(f"{name}: {error}")
    except DAMAGE as error:
        raise DataError(
            f"{path}: is damaged, or not a .npz file ({error}).",
            do="Save it again or download it again.",
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if problems:
        raise DataError(f"{path}: has arrays that cannot be read.", items=problems)
    return arrays, others


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array. Raises ValueError with its fault."""
    size, packed = member.file_size, member.compress_size
    if member.flag_bits & 1:
        raise ValueError("is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("has an unknown compression; save it with np.savez_compressed")
    if size > MEMBER:
        raise ValueError(f"unpacks to {size:,} bytes; {MEMBER:,} is the most read")
    if size > SMALL and size > RATIO * packed:
        raise ValueError(
            f"unpacks from {packed:,} to {size:,} bytes, more than {RATIO} times; "
            "if that is right, save it with np.savez instead of np.savez_compressed"
        )
    with archive.open(member) as file:
        shape, _, dtype = _header(file)
        declared = file.tell() + math.prod(shape) * dtype.itemsize
        if declared != size:
            raise ValueError(f"says {declared:,} bytes (shape {shape}) but has {size:,}")
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
        declared = begin + math.prod(shape) * dtype.itemsize
        if declared != size:
            raise ValueError(f"says {declared:,} bytes (shape {shape}) but has {size:,}")
        if not math.prod(shape):  # an empty file part cannot be mapped
            return np.empty(shape, dtype)
        order: str = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", begin, shape, order)  # type: ignore[call-overload,no-any-return]
    except ValueError as error:
        raise DataError(f"{path}: {error}.", do="Save it again or download it again.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _regular(path: Path) -> None:
    if not os.path.isfile(path):
        there = os.path.exists(path)
        raise DataError(f"{path}: {'is not a file' if there else 'there is no such file'}.")


def _header(file: BufferedIOBase | IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether in Fortran order, dtype). Raises ValueError with the fault of the file."""
    head = file.read(10)
    if not head.startswith(npy.MAGIC_PREFIX) or len(head) < 10:
        raise ValueError("is not in the .npy format")
    if head[6:8] == b"\1\0":
        read, more = npy.read_array_header_1_0, int.from_bytes(head[8:10], "little")
    elif head[6:8] == b"\2\0":
        head += file.read(2)
        read, more = npy.read_array_header_2_0, int.from_bytes(head[8:12], "little")
    else:
        raise ValueError(
            f"has version {head[6]}.{head[7]} of the .npy format; 1.0 and 2.0 are read"
        )
    # numpy would allocate the declared length before it checks anything.
    if more > HEADER:
        raise ValueError(f"has a header of {more:,} bytes; {HEADER:,} is the most read")
    rest = io.BytesIO(head[8:] + file.read(more))
    try:
        shape, fortran, dtype = read(rest)
    except (TypeError, SyntaxError, tokenize.TokenError, RecursionError, OverflowError) as error:
        raise ValueError(f"has a damaged header ({error})") from None
    if dtype.hasobject:
        raise ValueError(f"holds {KINDS['O']}; save it as numbers, or text with .astype(str)")
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise ValueError(f"has an impossible shape {shape}")
    return shape, fortran, dtype


def number_type(dtype: np.dtype) -> np.dtype:
    """The type in which numbers of `dtype` are stored without loss: uint8 for uint8 and booleans,
    float32 for all types that it holds exactly, 64-bit integers unchanged, float64 for the rest.

    Raises ValueError for types that are not numbers.
    """
    if dtype.kind not in "buif":
        raise ValueError(f"holds {KINDS.get(dtype.kind, dtype)}; numbers are expected")
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
) -> Iterator[tuple[int, str]]:
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
            reasons = [f"has {bad[i]} values that are NaN or infinite"] if bad[i] else []
            reasons += ["has values that float32 cannot hold"] if over[i] else []
            yield start + int(i), " and ".join(reasons)
