"""Limits for files from strangers: their type, their size and the nesting depth of JSON.

A size is checked before memory is allocated for it. Imports no torch.
"""

import ctypes
import json
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from etude.errors import InvalidValue
from etude.locale.texts import Text, text
from etude.system import portable

Plain = dict[str, Any]
"""A JSON object. Any: whoever reads a key knows the type of its value."""
JSON = 1 << 20
"""Largest size in bytes of a recipe and of every other small JSON file of a run."""
DEPTH = 32
"""Largest nesting depth of JSON: recursive functions later make one call per level."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
MAX_FREE_BYTES, LARGE_BLOCK = 1 << 28, 1 << 25
"""Settings of glibc's allocator: bytes of free memory that it may keep, and the size from which it
returns each freed block to the system."""
KINDS = {
    stat.S_IFLNK: text("system.kind.link"),
    stat.S_IFIFO: text("system.kind.pipe"),
    stat.S_IFSOCK: text("system.kind.socket"),
    stat.S_IFDIR: text("system.kind.folder"),
    stat.S_IFCHR: text("system.kind.device"),
    stat.S_IFBLK: text("system.kind.device"),
    stat.S_IFREG: text("system.kind.file"),
}
JSON_TYPES = {
    list: text("system.json.list"),
    dict: text("system.json.object"),
    str: text("system.json.text"),
    type(None): text("system.json.null"),
    bool: text("system.json.bool"),
}


def cores() -> int:
    """The number of cores that this process may use."""
    # Not the cores of the machine: in a container or a batch job a process often has fewer.
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this process can use: the machine's, or the limit of a container."""
    least = portable.memory()
    # In a container the machine's memory is a number that the process can never have. This file is
    # that of cgroup v2; where it is missing, there is no such limit.
    with suppress(OSError, ValueError):  # "max" (no limit) is not a number
        least = min(least, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return least


def kind(mode: int) -> Text:
    """The type of a file in words, from its `st_mode`."""
    return KINDS.get(stat.S_IFMT(mode), text("system.kind.unknown"))


def content(handle: int, most: int) -> bytes:
    """All bytes of an open file; closes it. Raises InvalidValue if it is not a regular file or has
    more than `most` bytes."""
    # fstat of the open file, not stat of a path: the path could change in between.
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidValue(text("system.not_file", kind=kind(status.st_mode)))
        if status.st_size > most:
            raise InvalidValue(text("system.too_large", size=status.st_size, most=most))
        with open(handle, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(handle)


def parse_json(content: bytes, form: type = dict) -> Any:
    """Parse a JSON object (form=list: a list). Raises ValueError for anything else, for too deep
    nesting and for text that is not valid Unicode."""
    try:
        value = json.loads(content.decode("utf-8"))
    except RecursionError:
        raise InvalidValue(text("system.json.too_deep")) from None
    if not isinstance(value, form):
        actual = JSON_TYPES.get(type(value), text("system.json.number"))
        if form is dict:
            raise InvalidValue(text("system.json.not_object", actual=actual))
        raise InvalidValue(text("system.json.not_list", actual=actual))
    # Level by level instead of recursively, so that the check itself cannot nest too deep.
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [x for box in level for x in (box.values() if isinstance(box, dict) else box)]
        level = [x for x in level if isinstance(x, dict | list)]
    if level:
        raise InvalidValue(text("system.json.deep", most=DEPTH))
    if b"\\ud" in content.lower():  # an unpaired surrogate cannot be encoded
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


@cache
def hold_memory() -> None:
    """Make glibc keep freed memory for the next training step; does nothing on other systems.

    By default glibc returns large blocks to the system and requests them again in every step, and
    the kernel clears each page first: 6,400 page faults per step of an LSTM and almost half of its
    time on a CPU (3,100 samples/s; 5,000 to 5,500 with these settings).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        # Setting either value also stops glibc from adapting both by itself.
        mallopt(M_TRIM_THRESHOLD, MAX_FREE_BYTES)
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
