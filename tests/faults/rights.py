"""To be refused a file even as root, who may read whatever its mode says.

On Linux that right is a capability of the thread, which can be laid aside and taken up again; for
a command that is started, it must be taken from what the command can have at most.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.kinds import NotHit

DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
VERSION = 0x20080522
DROP_FROM_BOUND = 24  # PR_CAPBSET_DROP
HELP = "run this as another user than root, or on Linux with CAP_SETPCAP"


@contextmanager
def laid_aside(closed: Path) -> Iterator[None]:
    """Without root's right to read what it may not. Raises NotHit if `closed` is still readable."""
    if os.geteuid():
        _must_be_closed(closed)
        yield
        return
    if sys.platform != "linux":
        raise NotHit(f"root reads everything here; {HELP}")
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    if libc.capget(head, sets):
        raise NotHit(f"capabilities cannot be read; {HELP}")
    before = sets[0]
    try:
        sets[0] = before & ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
        if libc.capset(head, sets):
            raise NotHit(f"capabilities cannot be laid aside; {HELP}")
        _must_be_closed(closed)
        yield
    finally:
        sets[0] = before
        libc.capset(head, sets)


def _must_be_closed(path: Path) -> None:
    try:
        path.open("rb").close()
    except PermissionError:
        return
    raise NotHit(f"{path.name} can be read whatever its mode; {HELP}")


def dropped() -> None:
    """The same for a command, called between fork and exec (subprocess's preexec_fn)."""
    if os.geteuid() == 0 and sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            libc.prctl(DROP_FROM_BOUND, capability, 0, 0, 0)
