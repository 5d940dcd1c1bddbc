"""One writer per run: a file lock that the kernel frees when its owner dies, however it dies."""

import json
import os
import socket
from pathlib import Path

from etude.errors import LockedError
from etude.runs.files import storage
from etude.system import portable


class Lock:
    """Held from `Lock(path)` to `release()`. The text in the file is for messages only.

    Raises LockedError, naming the holder, if another process has it.
    """

    def __init__(self, path: Path) -> None:
        with storage(path):
            self._handle = portable.open_to_write(path, empty=False)
        try:
            with storage(path):  # a file system without locks, which is no other process's doing
                free = portable.lock(self._handle, wait=False)
        except BaseException:
            self._close()
            raise
        if not free:
            holder = _text(self._handle)
            self._close()
            raise LockedError(
                f"{path.parent}: another process works on this run ({_holder(holder)}).",
                do="Wait for it, stop it, or choose another --name.",
            )
        # A child that outlives us (a worker) must not keep the lock.
        portable.after_fork(self._close)
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        with storage(path):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            # Windows lets nobody else read the byte that is locked, the first: it says nothing.
            os.write(self._handle, f" {text}".encode())

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def release(self) -> None:
        """Let the next one in."""
        self._close()


def _text(handle: int) -> str:
    """What the lock's holder has written, on Windows without its first byte."""
    try:
        os.lseek(handle, 1 if portable.WINDOWS else 0, os.SEEK_SET)
        return os.read(handle, 4096).decode(errors="replace")
    except OSError:
        return ""


def _holder(text: str) -> str:
    try:
        known = json.loads(text)
        return f"process {known['pid']} on {known['host']}"
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it has not said which"
