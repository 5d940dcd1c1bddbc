"""Decoded pictures on disk: each is decoded once, and read from there as training needs it.

    FOLDER/KEY/pixels.npy   [n C H W] uint8; FOLDER/KEY/seen.npy   SEEN [n]

`seen` has a row for every picture that is decoded, written after its pixels are on the disk: a
process that was killed leaves nothing that looks whole, and the next one decodes what is missing.
The key is a hash of the files (path, size, times) and of how they are decoded, so that a changed
file is never read from here. A picture that cannot be decoded has no row and is tried again.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from math import isqrt, prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL
from numpy.lib.format import open_memmap

from etude.data.images import Held, PictureError, Piece, Place, Seen, gather
from etude.data.waiting import Waiting
from etude.errors import DataError, write_error
from etude.locale.texts import Text, text
from etude.system import portable

FORM = 1
"""Of what is decoded: to be raised when the same file would give other pixels or other marks."""
BLOCK, COUNT = 8 << 20, 512
"""Bytes of pixels, and pictures, after which they are written to the disk and marked."""
SEEN = np.dtype(
    [("done", "?"), ("digest", "u8"), ("mode", "S8"), ("grey", "?"), ("turned", "?"),
     ("narrowed", "?"), ("transparent", "?"), ("moving", "?")]
)  # fmt: skip
"""What is known of a picture that was decoded: see `images.Seen`."""
SMALLEST = 4
Shape = tuple[int, int, int, int]
Decode = Callable[[Place], tuple[np.ndarray, Seen]]
Bad = list[tuple[int, Text]]


def row(seen: Seen) -> tuple[object, ...]:
    """The row of SEEN for a picture."""
    return (True, int.from_bytes(seen.digest, "little"), *seen[1:])


def decoded(
    places: Sequence[Place], decode: Decode, shape: Shape, settings: str, cache: str
) -> tuple[np.ndarray, np.ndarray, Bad]:
    """(pixels [n C H W] uint8, memory-mapped; SEEN [n]; [(index, reason)] of bad pictures).

    settings: all that decides on the pixels besides the files. cache: the folder; "" for the usual
    one. Raises DataError if the disk has not enough room, StorageError.
    """
    home = folder(cache) / _key(places, shape, settings)
    seen, bad = _marks(home, shape), Bad()
    if not seen["done"].all():
        _require_room(home, int((~seen["done"]).sum()), len(seen), shape)
        with _alone(home):
            bad = _decode_rest(home, places, decode, shape)
        seen = _marks(home, shape)
    return open_memmap(home / "pixels.npy", mode="r"), seen, bad


def folder(cache: str) -> Path:
    """The folder of all decoded pictures. cache: as the user says; "" if not."""
    if cache:
        return Path(cache).expanduser()
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return usual / "etude" / "pictures"


def _key(places: Sequence[Place], shape: Shape, settings: str) -> str:
    """The name of the folder for these files, decoded in this way."""
    hasher = blake2b(repr((FORM, PIL.__version__, shape, settings)).encode(), digest_size=16)
    status: dict[Path, str] = {}
    for place in places:
        if isinstance(place, Held):
            hasher.update(f"{place.key} {place.row}\n".encode("utf-8", "surrogateescape"))
            continue
        path, part = (place.path, place[1:]) if isinstance(place, Piece) else (place, ())
        if path not in status:
            try:
                now = path.stat()
            except OSError:  # a bad picture, which `gather` names
                status[path] = f"{path.absolute()} missing"
            else:
                # The time of the last change too: an archive that is unpacked over a folder may
                # bring other pixels with the same size and the same time of modification.
                times = now.st_mtime_ns, now.st_ctime_ns
                status[path] = f"{path.absolute()} {now.st_size} {times}"
        hasher.update(f"{status[path]} {part}\n".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def _marks(home: Path, shape: Shape) -> np.ndarray:
    """SEEN [n] of what is decoded so far; no row is marked if the two files do not fit."""
    try:
        pixels, seen = (open_memmap(home / f"{n}.npy", mode="r") for n in ("pixels", "seen"))
        whole = pixels.shape == shape and pixels.dtype == np.uint8
        if whole and seen.shape == shape[:1] and seen.dtype == SEEN:
            return np.array(seen)
    except (OSError, ValueError):
        pass
    return np.zeros(shape[0], SEEN)


def _require_room(home: Path, missing: int, count: int, shape: Shape) -> None:
    """Raise DataError if the pictures that are missing need more than half of the free disk."""
    place = next(path for path in (home, *home.absolute().parents) if path.exists())
    most = shutil.disk_usage(place).free // 2
    each = prod(shape[1:])
    if missing * each <= most:
        return
    side = isqrt(most // (count * shape[1]))
    values = {"count": count, "side": shape[2], "path": home.parent}
    raise DataError(
        text("data.packed.room", **values, size=_megabytes(count * each), most=_megabytes(most)),
        do=text("data.packed.room.do", side=side)
        if side >= SMALLEST
        else text("data.packed.room.do.none"),
    )


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)


def note(home: Path, shape: Shape) -> Text:
    """Where the pixels are, and how much they take, for the user."""
    return text("data.note.packed", path=home, size=_megabytes(prod(shape)))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the lock of a folder; a second process waits until the first has decoded all."""
    with ExitStack() as stack:
        try:
            home.mkdir(parents=True, exist_ok=True)
            stack.enter_context(portable.hold_lock(home / "lock"))
        except OSError as error:
            raise write_error(home, error, safe=text("data.packed.kept")) from error
        yield


def _decode_rest(home: Path, places: Sequence[Place], decode: Decode, shape: Shape) -> Bad:
    """Decode the pictures that have no mark, a block at a time. Raises StorageError."""
    seen, bad = _marks(home, shape), Bad()
    paths = home / "pixels.npy", home / "seen.npy"
    todo = np.flatnonzero(~seen["done"]).tolist()
    size = prod(shape[1:])
    try:
        if not seen["done"].any():
            open_memmap(paths[0], mode="w+", dtype=np.uint8, shape=shape)
            open_memmap(paths[1], mode="w+", dtype=SEEN, shape=shape[:1])
        starts = [open_memmap(path, mode="r").offset for path in paths]
        # Written, not mapped: on a full disk a write fails with an error, a mapped page kills.
        with (
            Waiting(str(home)) as show,
            paths[0].open("r+b") as pixels,
            paths[1].open("r+b") as marks,
        ):
            first, after = 0, 0
            for k, result in gather([places[i] for i in todo], decode):
                i = todo[k]
                if isinstance(result, PictureError):
                    bad.append((i, result.what))
                else:
                    pixels.seek(starts[0] + i * size)
                    pixels.write(np.ascontiguousarray(result[0]).tobytes())
                    seen[i] = row(result[1])
                after += 1
                if after * size >= BLOCK or after >= COUNT or k == len(todo) - 1:
                    _synced(pixels)
                    begin, end = todo[first], i + 1
                    marks.seek(starts[1] + begin * SEEN.itemsize)
                    marks.write(seen[begin:end].tobytes())
                    _synced(marks)
                    first, after = k + 1, 0
                    show(len(seen) - len(todo) + k + 1, len(seen))
    except OSError as error:
        safe = text("data.packed.kept")
        raise write_error(home, error, len(todo) * size, safe=safe) from error
    return bad


def _synced(file: BinaryIO) -> None:
    """Wait until all that was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())
