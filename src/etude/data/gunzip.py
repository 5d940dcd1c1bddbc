"""Read gzipped archives at any place, as if they were unpacked.

Nothing is written. The state of unpacking is marked at distances, so that a place is reached from
the mark before it; in the order of the file every byte is unpacked once.
"""

import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from etude.data.images import BYTES, PictureError, Piece
from etude.data.reasons import unreadable
from etude.errors import DataError
from etude.locale.texts import text

MAGIC = b"\x1f\x8b"
FACTOR = 1032
"""Deflate packs no more bytes than this into one."""
CHUNK = 1 << 15
"""Bytes that are unpacked at a time, into CHUNK * FACTOR at most."""
APART, MARKS = 1 << 20, 256
"""Least number of packed bytes between marks, and how many marks a file has at most: each takes
about 45 kB."""
OPEN = 4
"""Files whose marks are held."""


@runtime_checkable
class Inflate(Protocol):
    """The state of a `zlib.decompressobj`, whose class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...
    def copy(self) -> "Inflate": ...


class _Mark(NamedTuple):
    """The state after `packed` bytes of a file, from which `unpacked` bytes came."""

    packed: int
    unpacked: int
    inflate: Inflate


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do, whatever its name is. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _begin() -> Inflate:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


class Gunzip:
    """A gzip file, read as an open file is, or by pieces from several threads.

    most: bytes that can come out of it; packed: bytes that are read so far. Reading raises
    DataError where the file is damaged or cut off, OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, path.stat().st_size
        self.most = self.size * FACTOR
        self.packed = self._place = self._start = 0
        self._block = b""
        self._inflate = _begin()
        self._marks = [_Mark(0, 0, self._inflate.copy())]
        self._lock = Lock()

    def seek(self, place: int) -> None:
        """Set the place from which `read` reads."""
        self._place = place

    def tell(self) -> int:
        """The place from which `read` reads."""
        return self._place

    def read(self, size: int) -> bytes:
        """The next bytes that are unpacked; fewer at the end."""
        content = self.piece(self._place, size)
        self._place += len(content)
        return content

    def piece(self, start: int, size: int) -> bytes:
        """`size` unpacked bytes from `start`; fewer at the end."""
        parts: list[bytes] = []
        with self._lock, self.path.open("rb") as file:
            if start < self._start:
                mark = next(mark for mark in reversed(self._marks) if mark.unpacked <= start)
                self.packed, self._start, self._block = mark.packed, mark.unpacked, b""
                self._inflate = mark.inflate.copy()
            file.seek(self.packed)
            while size:
                offset = start - self._start
                part = self._block[offset : offset + size]
                start, size = start + len(part), size - len(part)
                parts.append(part)
                if size and not self._advance(file):
                    break
        return b"".join(parts)

    def finish(self) -> None:
        """Unpack the rest, which shows whether it is whole."""
        with self._lock, self.path.open("rb") as file:
            file.seek(self.packed)
            while self._advance(file):
                pass

    def _advance(self, file: BinaryIO) -> bool:
        """Unpack the next chunk of the file; False at its end."""
        end = self._start + len(self._block)
        if self.packed - self._marks[-1].packed >= max(APART, self.size // MARKS):
            self._marks.append(_Mark(self.packed, end, self._inflate.copy()))
        about = {"path": self.path, "packed": self.packed, "unpacked": end}
        chunk = file.read(CHUNK)
        if not chunk and not self._inflate.eof:
            raise DataError(text("data.tar.cut", **about), do=text("data.tar.cut.do"))
        parts, rest = [], chunk
        try:
            while rest:
                # A gzip file may have several streams, with zeros after each.
                if self._inflate.eof:
                    rest = rest.lstrip(b"\0")
                    self._inflate = _begin() if rest else self._inflate
                parts.append(self._inflate.decompress(rest) if rest else b"")
                rest = self._inflate.unused_data if rest else b""
        except zlib.error as error:
            raise DataError(
                text("data.tar.gzip", **about, why=error), do=text("data.tar.cut.do")
            ) from None
        self.packed += len(chunk)
        self._start, self._block = end, b"".join(parts)
        return bool(chunk)


class Gunzipped:
    """Files inside gzipped archives by number, as `images.Held` reads them."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        # Archives are read one after the other, and the marks of all could fill the memory.
        self.opened: Callable[[Path], Gunzip] = lru_cache(OPEN)(Gunzip)

    def add(self, piece: Piece) -> int:
        """The number of a piece."""
        self.pieces.append(piece)
        return len(self.pieces) - 1

    def __getitem__(self, row: int) -> bytes:
        path, start, size = self.pieces[row]
        if size > BYTES:
            raise PictureError(text("data.images.bytes", size=size, most=BYTES))
        try:
            return self.opened(path).piece(start, size)
        except OSError as error:
            raise PictureError(unreadable(error)) from None
