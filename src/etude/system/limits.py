"""Limits on what a file may ask of us, whoever wrote it: its kind, its size, how deep it nests.

A size is judged before memory is taken for it. Imports no torch.
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
"""Bytes of a recipe, and of every small JSON file of a run."""
DEPTH = 32
"""How deep JSON may nest: what walks through it later goes one call deeper a level."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
HELD, BLOCK = 1 << 28, 1 << 25
"""Bytes of freed memory that are not given back; and of a block, from which on it always is."""
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
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this process can have: the machine's, or less where it is given less."""
    least = portable.memory()
    with suppress(OSError, ValueError):  # a container's share, where there is one
        least = min(least, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return least


def kind(mode: int) -> str:
    """What a file is, in words."""
    return KINDS.get(stat.S_IFMT(mode), "something unknown")


def content(handle: int, most: int) -> bytes:
    """All of an open file, which is closed. Raises ValueError if it is no regular file of at most
    `most` bytes."""
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


def parsed(text: bytes, form: type = dict) -> Any:
    """A JSON object (form=list: a list). Raises ValueError for anything else, and for what nests
    too deep or has text that cannot be printed."""
    try:
        value = json.loads(text.decode("utf-8"))
    except RecursionError:
        raise ValueError("nests too deep") from None
    if not isinstance(value, form):
        wanted = "JSON object" if form is dict else "JSON list"
        raise ValueError(f"is no {wanted} but {_word(value)}")
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [x for box in level for x in (box.values() if isinstance(box, dict) else box)]
        level = [x for x in level if isinstance(x, dict | list)]
    if level:
        raise ValueError(f"nests more than {DEPTH} deep")
    if b"\\ud" in text.lower():  # half of a pair of surrogates is no text
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
    """Keep what is freed for what comes next. Left to itself glibc gives large blocks back to the
    system and takes them anew in every step, each page of which is cleared first: almost half of
    the time of an LSTM's step on a CPU. Elsewhere nothing is done."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(M_TRIM_THRESHOLD, HELD)
        mallopt(M_MMAP_THRESHOLD, BLOCK)
