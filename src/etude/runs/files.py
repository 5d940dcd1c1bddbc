"""Writing so that it is there after a power cut, or not at all; reading without trust.

A file: write, fsync, check its size. A name: rename, then fsync of the folder. An operating
system's error becomes a StorageError that names path and bytes. A run may come from a stranger: it
is read within bounds, and nothing outside its folder is opened.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from etude import limits
from etude.errors import RunError, StorageError

REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EIO: "the disk reports an input/output error",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextmanager
def storage(path: Path, size: int = 0) -> Iterator[None]:
    """Turn an OSError met inside into a StorageError about `path` and the `size` bytes for it."""
    try:
        yield
    except OSError as error:
        reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        amount = f" ({size:,} bytes)" if size else ""
        raise StorageError(
            f"{path}{amount}: cannot be written: {reason}.",
            do="Free space or choose another folder; what was saved before is untouched.",
        ) from error


def write(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk. Not atomic: for use in a folder that is
    itself renamed into place."""
    with storage(path, len(content)):
        # Not waiting, should a pipe be in the way.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
        handle = os.open(path, flags, 0o644)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
            if os.fstat(handle).st_size != len(content):
                raise OSError(errno.EIO, "size differs after writing")
        finally:
            os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    part = path.with_name(f".tmp-{path.name}")
    try:
        write(part, content)
        with storage(path, len(content)):
            os.rename(part, path)
            sync(path.parent)
    except StorageError:
        with suppress(OSError):  # what hindered writing may hinder this too
            part.unlink()
        raise


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(root: Path, name: str, most: int) -> bytes:
    """The content of `name` ("a/b/c") below `root`, a regular file of at most `most` bytes.

    Each part is opened inside the one before it and no link is followed, so nothing outside `root`
    is read; a pipe is not waited for; the size is judged before memory is taken. Raises RunError.
    """
    path = root / name
    try:
        return limits.content(_beneath(root, name.split("/")), most)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        reason = str(error)
    raise RunError(f"{path}: {reason}; the run is damaged.")


def _beneath(root: Path, parts: list[str]) -> int:
    """A handle on root/parts. Raises OSError, or ValueError for a link or a name that leads out."""
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        try:
            if part in ("", ".", "..") or "/" in part:
                raise ValueError(f"{part!r} is no name inside the run")
            mode = os.stat(part, dir_fd=at, follow_symlinks=False).st_mode
            # Judged before it is opened (a device may act on that), and again after, by its handle.
            if not (stat.S_ISREG if last else stat.S_ISDIR)(mode):
                wanted = "a file" if last else "a folder"
                where = "" if last else f"its folder {part} "
                raise ValueError(f"{where}is {limits.kind(mode)}, not {wanted}")
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            below = os.open(part, flags | (0 if last else os.O_DIRECTORY), dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def mapping(root: Path, name: str, most: int = limits.JSON) -> dict[str, Any]:
    """The JSON object in a file of a run, read as `read` does. Raises RunError."""
    try:
        return limits.parsed(read(root, name, most))  # type: ignore[no-any-return]
    except ValueError as error:
        raise RunError(f"{root / name}: {error}; the run is damaged.") from None
