"""Durable writing and safe reading of files in a run folder.

A file is written, synced, and its size checked; a name becomes durable by a rename and a sync of
the folder. So a file survives a power cut completely or not at all. Errors of the operating system
become StorageErrors with path and size. A run may come from a stranger, so reading is limited in
size and never opens anything outside the run's folder.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from etude.errors import InvalidValue, RunError, StorageError, cause, write_error
from etude.locale.texts import Sentence, text
from etude.system import limits, portable
from etude.system.limits import Plain


@contextmanager
def storage(path: Path, size: int = 0) -> Iterator[None]:
    """Context manager: turns an OSError into a StorageError that names `path` and `size` bytes."""
    try:
        yield
    except OSError as error:
        raise write_error(path, error, size) from error


def write(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk. Not atomic: for a folder that will itself
    be renamed into place. Raises StorageError."""
    # Descriptors and not Python's files, whose close() may write a last buffer after the fsync.
    with storage(path, len(content)):
        handle = portable.open_to_write(path, empty=True)
        try:
            # os.write may write less than it was passed; the view avoids copies of the rest.
            view = memoryview(content)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
            if os.fstat(handle).st_size != len(content):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        finally:
            os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically: readers see the old content or the new, never a part. Raises
    StorageError."""
    part = path.with_name(f".tmp-{path.name}")  # beside it: a rename is atomic on one disk only
    try:
        write(part, content)
        with storage(path, len(content)):
            # Synced before the rename by `write`: otherwise a power cut could leave the new name
            # with an empty file, since a file system may store the rename before the content.
            os.replace(part, path)
            sync(path.parent)
    except StorageError:
        with suppress(OSError):  # the cause of the failed write may make this fail too
            part.unlink()
        raise


def new_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder with these files ("a/b"), whole or not at all: under a hidden name beside
    it first, then renamed. An empty folder of that name is replaced. Raises StorageError."""
    part = folder.with_name(f".tmp-{folder.name}-{os.getpid()}")
    try:
        with storage(folder, sum(map(len, contents.values()))):
            for name, content in contents.items():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                write(part / name, content)
            if folder.is_dir():
                folder.rmdir()
            os.replace(part, folder)
            sync(folder.parent)
    # Also after an interrupt: what is left would be nobody's.
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sync(folder: Path) -> None:
    """Wait until the names of the files in a folder are on the disk."""
    portable.sync_folder(folder)


def ensure_folder(folder: Path) -> Path:
    """A subfolder of a run, created if it is missing."""
    # It can be missing in a copied run: git and some archives leave out empty folders.
    with storage(folder):
        folder.mkdir(exist_ok=True)
    return folder


def read(root: Path, name: str, most: int) -> bytes:
    """The content of `name` ("a/b/c") below `root`, a regular file of at most `most` bytes.

    Each part of the name is opened inside the one before it and no link is followed, so nothing
    outside `root` is read. It never waits for a pipe, and checks the size before it allocates
    memory. Raises RunError.
    """
    path = root / name
    try:
        walk = _beneath if portable.BENEATH else _by_path
        return limits.content(walk(root, name.split("/")), most)
    except OSError as error:
        why: Sentence = text("runs.unreadable", why=error.strerror or error)
    except ValueError as error:
        why = cause(error)
    raise RunError(text("runs.damaged", path=path, why=why))


def _beneath(root: Path, parts: list[str]) -> int:
    """A handle of root/parts. Raises OSError, or ValueError for a link or an unsafe name."""
    at = os.open(root, os.O_RDONLY | portable.FOLDER)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        try:
            _named_inside(part)
            # Checked before it is opened, because opening a device can have effects; the caller
            # checks the open handle again, because the entry may have been exchanged in between.
            _judge(part, os.stat(part, dir_fd=at, follow_symlinks=False), last)
            flags = os.O_RDONLY | portable.NO_LINK | portable.NO_WAIT
            below = os.open(part, flags | (0 if last else portable.FOLDER), dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _by_path(root: Path, parts: list[str]) -> int:
    """As `_beneath`, for Windows, where files cannot be opened relative to an open folder."""
    # Each part is checked by its path, so another process could exchange one for a link in between.
    at = root
    for number, part in enumerate(parts, 1):
        _named_inside(part)
        at = at / part
        _judge(part, os.lstat(at), last=number == len(parts))
    return portable.open_to_read(at)


def _named_inside(part: str) -> None:
    """Raise InvalidValue for a part of a name that could lead out of the run."""
    if part in ("", ".", "..") or "/" in part or (portable.WINDOWS and set(part) & set("\\:")):
        raise InvalidValue(text("runs.name_outside", name=part))


def _judge(part: str, status: os.stat_result, last: bool) -> None:
    """Raise InvalidValue unless this is a file (last) or a folder, and no link."""
    mode = stat.S_IFLNK if portable.is_link(status) else status.st_mode
    if last and not stat.S_ISREG(mode):
        raise InvalidValue(text("system.not_file", kind=limits.kind(mode)))
    if not last and not stat.S_ISDIR(mode):
        raise InvalidValue(text("runs.not_folder", name=part, kind=limits.kind(mode)))


def mapping(root: Path, name: str, most: int = limits.JSON) -> Plain:
    """The JSON object in a file of a run, read as `read` does. Raises RunError."""
    try:
        return limits.parse_json(read(root, name, most))  # type: ignore[no-any-return]
    except ValueError as error:
        raise RunError(text("runs.damaged", path=root / name, why=cause(error))) from None
