"""A folder that exists complete or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etude.runs.files import storage


@contextmanager
def building(path: Path) -> Iterator[Path]:
    """Context manager: a new folder beside `path`, which takes its name at the end.

    After an exception, also an interrupt, nothing is left of it. Raises StorageError.
    """
    part = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    with storage(part):
        part.mkdir()
    try:
        yield part
        with storage(path):
            part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
