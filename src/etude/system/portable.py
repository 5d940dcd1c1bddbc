"""Where operating systems differ: opening, syncing, locking, memory, stopping a process.

The only module that asks which system this is. It imports on Linux, macOS and Windows; a name that
one of them lacks (`fcntl`, `resource`, `os.O_DIRECTORY`, `os.fork`, `signal.SIGKILL`) is looked up
here and nowhere else. The examiner's sandbox is the exception: see checking/sandbox/limits.py.
"""

import ctypes
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import lock_descriptor

WINDOWS = os.name == "nt"
BINARY: int = getattr(os, "O_BINARY", 0)
"""Without it Windows translates line ends in what is read and written through a descriptor."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
"""A pipe without a reader or writer is refused at once. Windows has no pipes among files."""
FOLDER: int = getattr(os, "O_DIRECTORY", 0)
BENEATH = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
"""Whether a file can be opened inside an open folder."""
SIGNALS: tuple[int, ...] = (
    signal.SIGINT,
    signal.SIGTERM,
    *filter(None, [getattr(signal, "SIGBREAK", None)]),
)
"""Signals that ask a command to stop. SIGBREAK is what one Windows process can send to another."""
REPARSE_POINT = 0x400
"""FILE_ATTRIBUTE_REPARSE_POINT: links and junctions of Windows."""


def open_to_read(path: Path | str) -> int:
    """A descriptor on a file, without waiting should it be a pipe. Raises OSError."""
    return os.open(path, os.O_RDONLY | NO_WAIT | BINARY)


def open_to_write(path: Path, *, empty: bool) -> int:
    """A descriptor to write a file, which is made if it is missing; a link is not followed, and a
    pipe is not waited for. empty: cut it to nothing, and do not read it. Raises OSError."""
    if not NO_LINK and path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    flags = os.O_WRONLY | os.O_TRUNC if empty else os.O_RDWR
    return os.open(path, flags | os.O_CREAT | NO_LINK | NO_WAIT | BINARY, 0o644)


def is_link(status: os.stat_result) -> bool:
    """Whether `os.lstat` describes a link, or a junction of Windows, which leads elsewhere too."""
    attributes = getattr(status, "st_file_attributes", 0)
    return stat.S_ISLNK(status.st_mode) or bool(attributes & REPARSE_POINT)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError.

    Windows cannot do this for a folder, and NTFS keeps a journal of names: nothing is done there.
    """
    if WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY | FOLDER)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(handle: int, *, wait: bool) -> bool:
    """Take the exclusive lock of an open file; whether it was free. Raises OSError where the file
    system has no locks.

    The kernel frees it when the descriptor is closed, so also when the process dies. It is
    `flock` on POSIX and `LockFileEx` of the first byte on Windows, where others cannot read that
    byte meanwhile.
    """
    return lock_descriptor(handle, blocking=wait)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file that exists only for this; wait for whoever has it. Raises OSError.

    It is removed at the end, where an open file can be (not on Windows, where it stays). Whoever
    waited for one that is removed would hold a lock that guards nothing, and asks again.
    """
    while True:
        handle = open_to_write(path, empty=False)
        lock(handle, wait=True)
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def after_fork(action: Callable[[], None]) -> None:
    """Call `action` in every process that this one forks, where processes are forked."""
    register = getattr(os, "register_at_fork", None)
    if register:
        register(after_in_child=action)


def memory() -> int:
    """Bytes of memory that the machine has, or that this process may take if that is less."""
    least = _machine_memory()
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        least = least if soft == resource.RLIM_INFINITY else min(least, soft)
    return least


def _machine_memory() -> int:
    sysconf = getattr(os, "sysconf", None)
    if sysconf:
        return int(sysconf("SC_PAGE_SIZE")) * int(sysconf("SC_PHYS_PAGES"))
    kernel = getattr(getattr(ctypes, "windll", None), "kernel32", None)
    kilobytes = ctypes.c_ulonglong(0)
    if kernel and kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)):
        return kilobytes.value << 10
    return 8 << 30  # a laptop of today: nothing here says how much there is


def own_group() -> dict[str, Any]:
    """Arguments of Popen for a child that a terminal's Ctrl-C does not reach."""
    if WINDOWS:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"process_group": 0}


def own_session() -> dict[str, Any]:
    """As `own_group`, and apart from the terminal too where there are sessions."""
    return own_group() if WINDOWS else {"start_new_session": True}


def ask_to_stop(process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> None:
    """Ask a child that was started with `own_group` to save and end; it may have ended already.

    Windows has no SIGTERM between processes (`terminate` would not let it save), so there it is
    CTRL_BREAK, which arrives as SIGBREAK."""
    sent = getattr(signal, "CTRL_BREAK_EVENT", number) if WINDOWS else number
    with suppress(ProcessLookupError, PermissionError):
        process.send_signal(sent)


def stop_myself() -> None:
    """What `ask_to_stop` does, to this process and from any of its threads."""
    if WINDOWS:  # where os.kill ends a process without a word
        signal.raise_signal(signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a child that leads a session of its own, and on POSIX all that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def fill_standard_streams() -> None:
    """Open the null device where stdin, stdout or stderr were closed when this process started.

    Else the next file that is opened, a checkpoint say, would get the number of stdout, and what
    a child prints would land in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            os.dup2(handle, number)
            if handle != number:
                os.close(handle)
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
