"""One writer per run: a file lock that the kernel releases when its owner ends, also by a kill."""

import json
import os
import socket
from pathlib import Path

from etude.errors import LockedError
from etude.locale.texts import Text, text
from etude.runs.files import storage
from etude.system import portable


class Lock:
    """A lock held from `Lock(path)` to `release()`.

    The text in the file is for messages only; its presence does not mean that the lock is held.
    Raises LockedError, with the holder's process, if another process has it.
    """

    def __init__(self, path: Path) -> None:
        with storage(path):
            self._handle = portable.open_to_write(path, empty=False)
        try:
            with storage(path):  # fails on a file system without locks
                acquired = portable.lock(self._handle, wait=False)
        except BaseException:
            self._close()
            raise
        if not acquired:
            holder = _text(self._handle)
            self._close()
            raise LockedError(
                text("runs.locked", path=path.parent, holder=_holder(holder)),
                do=text("runs.locked.do"),
            )
        # The lock belongs to the open file, not to the process: a forked child inherits it, and a
        # worker that outlives us would keep it.
        portable.after_fork(self._close)
        # Written after the lock is taken, so the text is always that of the last holder.
        us = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        with storage(path):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            # On Windows no other process can read the locked byte, the first, so it is a space.
            os.write(self._handle, f" {us}".encode())

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def release(self) -> None:
        """Release the lock. The file stays, because removing it would be a race: a process that has
        opened it would lock a file that no longer has a name."""
        self._close()


def _text(handle: int) -> str:
    """The text that the holder wrote, on Windows without the locked first byte."""
    try:
        os.lseek(handle, 1 if portable.WINDOWS else 0, os.SEEK_SET)
        return os.read(handle, 4096).decode(errors="replace")
    except OSError:
        return ""


def _holder(content: str) -> Text:
    """The holder in words. The content of the file may be empty or cut: it is written after the
    lock is taken."""
    try:
        holder = json.loads(content)
        return text("runs.locked.process", process=holder["pid"], machine=holder["host"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return text("runs.locked.unknown")
