"""Arrays that outgrow memory: beyond a limit they go to one temporary file and are read piece by
piece.

The file has no name, or loses it when the process ends, so nothing remains after an interrupt. It
is read with plain reads and is not memory-mapped: pages of a mapping count as memory of the process
until the system takes them back.
"""

import errno
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from etude.errors import write_error
from etude.locale.texts import text

LIMIT = 256 << 20
"""Bytes of arrays that one Store keeps in memory."""
ALIGNED = 64
"""Arrays begin at multiples of it, as mapped numbers must."""
ENOUGH = 8
"""Rows that are no further apart than this are read at once, with all between them."""


def folder() -> Path:
    """Where temporary files go: TMPDIR, else /var/tmp, because /tmp is in memory on many systems,
    else what the system names."""
    stable = Path("/var/tmp")
    if "TMPDIR" not in os.environ and sys.platform != "win32" and os.access(stable, os.W_OK):
        return stable
    return Path(tempfile.gettempdir())


class Store:
    """Takes arrays and gives each back as it is, or as an OnDisk if they are more than LIMIT bytes
    together."""

    def __init__(self) -> None:
        self.held = 0
        self._file: Any = None
        self._end = 0

    @classmethod
    def at(cls, path: str) -> "Store":
        """The file of another process's store, to read. Raises StorageError."""
        store = cls()
        try:
            store._file = open(path, "rb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise write_error(path, error, 0, text("data.spill.safe")) from None
        return store

    def fileno(self) -> int:
        """The descriptor of the file, of a store that has written to it."""
        return int(self._file.fileno())

    def close(self) -> None:
        """Close the file; nothing in it can be read any more."""
        if self._file is not None:
            self._file.close()

    def put(self, array: np.ndarray) -> "np.ndarray | OnDisk":
        """The array, or where it is on disk. Raises StorageError."""
        if self.held + array.nbytes <= LIMIT:
            self.held += array.nbytes
            return array
        return self.write(array.shape, array.dtype, [array])

    def write(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], parts: Sequence[np.ndarray] | Any
    ) -> "OnDisk":
        """An array of this shape on disk, from consecutive parts. Raises StorageError."""
        start, size = self._end, prod(shape) * dtype.itemsize
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=folder(), buffering=0)  # noqa: SIM115
            self._file.seek(start)
            for part in parts:
                content = _bytes(np.ascontiguousarray(part, dtype))
                while content:
                    content = content[self._file.write(content) :]
        except OSError as error:
            raise write_error(folder(), error, size, text("data.spill.safe")) from None
        self._end = -(-(start + size) // ALIGNED) * ALIGNED
        return OnDisk(self, start, shape, dtype)

    def read(self, start: int, result: np.ndarray) -> None:
        """Fill a contiguous array with the bytes from `start`. Raises StorageError."""
        self.read_pieces([(start, result.nbytes)], result)

    def read_pieces(self, pieces: Iterable[tuple[int, int]], result: np.ndarray) -> None:
        """Fill a contiguous array with pieces of the file, each (start, bytes). Raises
        StorageError."""
        rest, file = _bytes(result), self._file.fileno()
        try:
            for start, size in pieces:
                piece, rest = rest[:size], rest[size:]
                while piece:
                    if hasattr(os, "preadv"):  # moves no position, which forked processes share
                        count = os.preadv(file, (piece,), start)
                    else:
                        self._file.seek(start)
                        count = self._file.readinto(piece)
                    if not count:
                        raise OSError(errno.EIO, os.strerror(errno.EIO))
                    piece, start = piece[count:], start + count
        except OSError as error:
            raise write_error(folder(), error, 0, text("data.spill.safe")) from None


@dataclass(frozen=True, eq=False)
class OnDisk:
    """An array in the file of a Store; indexing reads it."""

    store: Store
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """The number of axes, as of an array."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Any) -> np.ndarray:
        if isinstance(which, slice):
            rows = range(*which.indices(len(self)))
            if rows.step == 1:
                return self._between(rows.start, rows.stop)
            which = np.arange(len(self))[which]
        which = np.asarray(which)
        if which.dtype == bool:
            which = np.flatnonzero(which)
        if not which.size:
            return np.empty((*which.shape, *self.shape[1:]), self.dtype)
        return self._rows(which.reshape(-1)).reshape((*which.shape, *self.shape[1:]))

    def _rows(self, which: np.ndarray) -> np.ndarray:
        """The rows at these indices [m], read in the order of the file: those that are near each
        other, and what is between them, at once."""
        if not -len(self) <= which.min() <= which.max() < len(self):
            raise IndexError(int(which.max()), len(self))
        which = np.where(which < 0, which + len(self), which)
        order = np.argsort(which, kind="stable")
        rows = which[order]
        starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - ENOUGH - 1) > ENOUGH)
        ends = np.append(starts[1:], len(rows))
        first, last = rows[starts], rows[ends - 1]
        # The place of each row in a buffer of all that is read.
        sizes = last - first + 1
        begin = np.cumsum(sizes) - sizes
        read = np.empty((int(sizes.sum()), *self.shape[1:]), self.dtype)
        row = self.dtype.itemsize * prod(self.shape[1:])
        if row:
            pieces = zip((self.start + first * row).tolist(), (sizes * row).tolist(), strict=True)
            self.store.read_pieces(pieces, read)
        place = np.empty(len(rows), np.int64)
        place[order] = rows + np.repeat(begin - first, ends - starts)
        return np.asarray(read[place])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def _between(self, low: int, high: int) -> np.ndarray:
        result: np.ndarray = np.empty((max(0, high - low), *self.shape[1:]), self.dtype)
        if result.size:
            row = self.dtype.itemsize * prod(self.shape[1:])
            self.store.read(self.start + low * row, result)
        return result


Stored = np.ndarray | OnDisk


class Columns:
    """Columns [n] of float64 as the array [n C] that they form, of which only the rows that are
    asked for are in memory."""

    dtype = np.dtype(np.float64)
    ndim = 2

    def __init__(self, columns: Sequence[Stored]) -> None:
        self.columns = columns
        self.shape = (len(columns[0]), len(columns))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Any) -> np.ndarray:
        return np.stack([np.asarray(column[which]) for column in self.columns], axis=-1)


def _bytes(array: np.ndarray) -> memoryview:
    """The bytes of a contiguous array, which may be empty."""
    return array.reshape(-1).view(np.uint8).data


def matrix(columns: Sequence[Stored]) -> np.ndarray | Columns:
    """Columns [n] of float64 side by side [n C]: in memory if that is small."""
    if sum(8 * len(column) for column in columns) <= LIMIT:
        return np.stack([column[:] for column in columns], axis=1)
    return Columns(columns)


def joined(parts: Sequence[Stored], dtype: type) -> np.ndarray:
    """All parts [m] behind each other, in memory."""
    result: np.ndarray = np.empty(sum(map(len, parts)), dtype)
    start = 0
    for part in parts:
        result[start : start + len(part)] = part[:]
        start += len(part)
    return result
