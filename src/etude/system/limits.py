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

from etude.system import portable

JSON = 1 << 20
"""Largest size in bytes of a recipe and of every other small JSON file of a run."""
DEPTH = 32
"""Largest nesting depth of JSON: recursive functions later make one call per level."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
MAX_FREE_BYTES, LARGE_BLOCK = 1 << 28, 1 << 25
"""Settings of glibc's allocator: bytes of free memory that it may keep, and the size from which it
returns each freed block to the system."""
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFREG: "a file",
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


def kind(mode: int) -> str:
    """The type of a file in words, from its `st_mode`."""
    return KINDS.get(stat.S_IFMT(mode), "something unknown")


def content(handle: int, most: int) -> bytes:
    """All bytes of an open file; closes it. Raises ValueError if it is not a regular file or has
    more than `most` bytes."""
    # fstat of the open file, not stat of a path: the path could change in between.
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"is {kind(status.st_mode)}, not a file")
        if status.st_size > most:
            raise ValueError(f"has {status.st_size:,} bytes; {most:,} is the most read")
        with open(handle, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(handle)


def parse_json(text: bytes, form: type = dict) -> Any:
    """Parse a JSON object (form=list: a list). Raises ValueError for anything else, for too deep
    nesting and for text that is not valid Unicode."""
    try:
        value = json.loads(text.decode("utf-8"))
    except RecursionError:
        raise ValueError("nests too deep") from None
    if not isinstance(value, form):
        expected = "a JSON object" if form is dict else "a JSON list"
        raise ValueError(f"is {_word(value)}, not {expected}")
    # Level by level instead of recursively, so that the check itself cannot nest too deep.
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [x for box in level for x in (box.values() if isinstance(box, dict) else box)]
        level = [x for x in level if isinstance(x, dict | list)]
    if level:
        raise ValueError(f"nests more than {DEPTH} deep")
    if b"\\ud" in text.lower():  # an unpaired surrogate cannot be encoded
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _word(value: Any) -> str:
    words = {
        list: "a list",
        dict: "an object",
        str: "text",
        type(None): "null",
        bool: "true or false",
    }
    return words.get(type(value), "a number")


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
