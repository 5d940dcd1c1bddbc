"""Differences between operating systems: opening, syncing and locking files, memory, stopping a
process.

The only module that asks which system it runs on. It can be imported on Linux, macOS and Windows;
only this module uses names that one of them lacks (`fcntl`, `resource`, `os.O_DIRECTORY`,
`os.fork`, `signal.SIGKILL`). The sandbox of the checks is the exception: see
checking/sandbox/limits.py.
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
from typing import TypedDict

from filelock import lock_descriptor

WINDOWS = os.name == "nt"
BINARY: int = getattr(os, "O_BINARY", 0)
"""Without it Windows translates line ends in reads and writes through a descriptor."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
"""With it, opening a symbolic link fails. Windows lacks it."""
NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
"""With it, opening a pipe without a reader or writer does not block. Windows has no pipes among
files."""
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
    """A descriptor to read a file; does not block if the file is a pipe. Raises OSError."""
    return os.open(path, os.O_RDONLY | NO_WAIT | BINARY)


def open_to_write(path: Path, *, empty: bool) -> int:
    """A descriptor to write a file, which is created if it is missing. Does not follow a link and
    does not block on a pipe. empty: truncate the file and open it for writing only. Raises
    OSError."""
    # Without O_NOFOLLOW (Windows) the check comes before the open; a race remains there.
    if not NO_LINK and path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    flags = os.O_WRONLY | os.O_TRUNC if empty else os.O_RDWR
    return os.open(path, flags | os.O_CREAT | NO_LINK | NO_WAIT | BINARY, 0o644)


def is_link(status: os.stat_result) -> bool:
    """Whether a result of `os.lstat` describes a symbolic link or a Windows junction."""
    attributes = getattr(status, "st_file_attributes", 0)
    return stat.S_ISLNK(status.st_mode) or bool(attributes & REPARSE_POINT)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError.

    On Windows this does nothing: it cannot sync a folder, and NTFS keeps a journal of names.
    """
    if WINDOWS:
        return
    # fsync of a file writes its content, not its entry in the folder: a new or renamed file can
    # vanish in a power cut until the folder itself is synced.
    handle = os.open(folder, os.O_RDONLY | FOLDER)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(handle: int, *, wait: bool) -> bool:
    """Take the exclusive lock of an open file; returns whether this succeeded. Raises OSError if
    the file system has no locks.

    The kernel releases the lock when the descriptor is closed, so also when the process dies. It
    is `flock` on POSIX, and on Windows `LockFileEx` of the first byte, which other processes cannot
    read meanwhile.
    """
    return lock_descriptor(handle, blocking=wait)


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Context manager: hold the lock of the lock file `path`; wait if another process holds it.
    Raises OSError.

    The lock file is removed at the end, except on Windows, which cannot remove an open file.
    """
    while True:
        handle = open_to_write(path, empty=False)
        lock(handle, wait=True)
        # If the previous owner removed the file meanwhile, this lock guards nothing: a third
        # process can lock a new file of the same name. So try again with the new file.
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # before the lock is released, so that a waiting process notices
        os.close(handle)


def after_fork(action: Callable[[], None]) -> None:
    """Call `action` in every process that this one forks; does nothing on systems without fork."""
    register = getattr(os, "register_at_fork", None)
    if register:
        register(after_in_child=action)


def memory() -> int:
    """Bytes of memory of the machine, or this process's address-space limit if that is less."""
    least = _machine_memory()
    # Batch systems and `ulimit -v` limit the address space; allocations fail there long before the
    # machine's memory is used up.
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
    return 8 << 30  # unknown: assume a small laptop


class Group(TypedDict, total=False):
    """Arguments of Popen that decide which signals reach a child."""

    creationflags: int
    process_group: int
    start_new_session: bool


def own_group() -> Group:
    """Arguments of Popen for a child that does not receive the terminal's Ctrl-C."""
    if WINDOWS:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    # The terminal sends Ctrl-C to all processes of its foreground group, and to no other.
    return {"process_group": 0}


def own_session() -> Group:
    """As `own_group`, but on POSIX the child also leaves the terminal's session."""
    return own_group() if WINDOWS else {"start_new_session": True}


def ask_to_stop(process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> None:
    """Ask a child that was started with `own_group` to save and end; it may have ended already.

    Windows has no SIGTERM between processes, and `terminate` would not let the child save. There
    the signal is CTRL_BREAK, which arrives as SIGBREAK.
    """
    stop_signal = getattr(signal, "CTRL_BREAK_EVENT", number) if WINDOWS else number
    with suppress(ProcessLookupError, PermissionError):
        process.send_signal(stop_signal)


def stop_myself() -> None:
    """Ask this process to save and end, from any of its threads."""
    if WINDOWS:  # os.kill would end the process at once, without its signal handlers
        signal.raise_signal(signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a child that leads its own session, and on POSIX all processes of its group."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            # The id of a session's leader is that of its group, so its children end with it.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def fill_standard_streams() -> None:
    """Open the null device for stdin, stdout or stderr if they were closed at the start.

    Otherwise the next open file, for example a checkpoint, would get the descriptor of stdout, and
    the output of a child process would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            os.dup2(handle, number)
            if handle != number:
                os.close(handle)
        # Python sets the stream to None if its descriptor was closed at the start.
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
