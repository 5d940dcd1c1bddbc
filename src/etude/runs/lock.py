"""One writer a run: a flock that the kernel frees when its owner dies, however it dies."""

import fcntl
import json
import os
import socket
from pathlib import Path

from etude.errors import LockedError
from etude.runs.files import storage


class Lock:
    """Held from `Lock(path)` to `release()`. The text in the file is for messages only.

    Raises LockedError, naming the holder, if another process has it.
    """

    def __init__(self, path: Path) -> None:
        with storage(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._handle, 4096).decode(errors="replace")
            os.close(self._handle)
            raise LockedError(
                f"{path.parent}: another process works on this run ({_holder(holder)}).",
                do="Wait for it, stop it, or choose another --name.",
            ) from None
        # A child that outlives us (a worker) must not keep the lock.
        os.register_at_fork(after_in_child=self._close)
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        with storage(path):
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def release(self) -> None:
        """Let the next one in."""
        self._close()


def _holder(text: str) -> str:
    try:
        known = json.loads(text)
        return f"process {known['pid']} on {known['host']}"
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it has not said which"
