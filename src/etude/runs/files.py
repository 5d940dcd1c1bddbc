"""Writing so that it is there after a power cut, or not at all.

A file: write, fsync, check its size. A name: rename, then fsync of the folder. An operating
system's error becomes a StorageError that names path and bytes.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from etude.errors import StorageError

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
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
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
