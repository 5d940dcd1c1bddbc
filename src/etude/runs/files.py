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

from etude.errors import RunError, StorageError, unwritable
from etude.system import limits, portable


@contextmanager
def storage(path: Path, size: int = 0) -> Iterator[None]:
    """Turn an OSError met inside into a StorageError about `path` and the `size` bytes for it."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, size) from error


def write(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk. Not atomic: for use in a folder that is
    itself renamed into place."""
    with storage(path, len(content)):
        handle = portable.open_to_write(path, empty=True)
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
            os.replace(part, path)
            sync(path.parent)
    except StorageError:
        with suppress(OSError):  # what hindered writing may hinder this too
            part.unlink()
        raise


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    portable.sync_folder(folder)


def made(folder: Path) -> Path:
    """A folder of a run, made if it is missing: git and some archives leave empty ones out."""
    with storage(folder):
        folder.mkdir(exist_ok=True)
    return folder


def read(root: Path, name: str, most: int) -> bytes:
    """The content of `name` ("a/b/c") below `root`, a regular file of at most `most` bytes.

    Each part is opened inside the one before it and no link is followed, so nothing outside `root`
    is read; a pipe is not waited for; the size is judged before memory is taken. Raises RunError.
    """
    path = root / name
    try:
        walk = _beneath if portable.BENEATH else _by_path
        return limits.content(walk(root, name.split("/")), most)
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        reason = str(error)
    raise RunError(f"{path}: {reason}; the run is damaged.")


def _beneath(root: Path, parts: list[str]) -> int:
    """A handle on root/parts. Raises OSError, or ValueError for a link or a name that leads out."""
    at = os.open(root, os.O_RDONLY | portable.FOLDER)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        try:
            _named_inside(part)
            # Judged before it is opened (a device may act on that), and again after, by its handle.
            _judge(part, os.stat(part, dir_fd=at, follow_symlinks=False), last)
            flags = os.O_RDONLY | portable.NO_LINK | portable.NO_WAIT
            below = os.open(part, flags | (0 if last else portable.FOLDER), dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _by_path(root: Path, parts: list[str]) -> int:
    """As `_beneath`, where nothing can be opened inside an open folder (Windows): each part is
    judged by its path, so another process could swap one for a link in between."""
    at = root
    for number, part in enumerate(parts, 1):
        _named_inside(part)
        at = at / part
        _judge(part, os.lstat(at), last=number == len(parts))
    return portable.open_to_read(at)


def _named_inside(part: str) -> None:
    """Raise ValueError for a part of a name that could lead out of the run."""
    if part in ("", ".", "..") or "/" in part or (portable.WINDOWS and set(part) & set("\\:")):
        raise ValueError(f"{part!r} is no name inside the run")


def _judge(part: str, status: os.stat_result, last: bool) -> None:
    """Raise ValueError unless this is a file (last) or a folder, and no link."""
    mode = stat.S_IFLNK if portable.is_link(status) else status.st_mode
    if not (stat.S_ISREG if last else stat.S_ISDIR)(mode):
        wanted = "a file" if last else "a folder"
        where = "" if last else f"its folder {part} "
        raise ValueError(f"{where}is {limits.kind(mode)}, not {wanted}")


def mapping(root: Path, name: str, most: int = limits.JSON) -> dict[str, Any]:
    """The JSON object in a file of a run, read as `read` does. Raises RunError."""
    try:
        return limits.parsed(read(root, name, most))  # type: ignore[no-any-return]
    except ValueError as error:
        raise RunError(f"{root / name}: {error}; the run is damaged.") from None
