"""What the kernel itself forbids a process, for the rest of its life: Landlock and seccomp (Linux).

Landlock: writing anywhere but in one folder, TCP, signals to others. seccomp: sockets, processes,
signals to others, and what only a system's owner needs. Each returns whether it holds; where a
kernel refuses, or there is none of this kind, `fence.py` is what remains.

Sources: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of Linux.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

NO_NEW_PRIVILEGES, SECCOMP, FILTER, DIE_WITH_PARENT = 38, 22, 2, 1  # prctl.h
CREATE, ADD, RESTRICT = 444, 445, 446
"""Landlock's calls, of one number on every machine."""
WRITE_FILE, MAKE, REFER, TRUNCATE = 1 << 1, sum(1 << bit for bit in range(4, 13)), 1 << 13, 1 << 14
TCP, OTHERS = 0b11, 0b11
"""Binding and connecting; abstract sockets and signals of others."""
ALLOW, REFUSE, NO_SUCH = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
"""A filter's answers: EPERM; ENOSYS, upon which the C library takes the older call."""
LOAD, EQUAL, ABOVE, BITS, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCH, FIRST, THIRD = 0, 4, 16, 32
"""Where the number of a call, the machine, and the first and third argument lie."""
THREAD = 0x10000

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
DENIED = {
    "x86_64": {
        "socket": 41, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59, "ptrace": 101,
        "syslog": 103, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93, "lchown": 94,
        "mknod": 133, "pivot_root": 155, "adjtimex": 159, "setrlimit": 160, "chroot": 161,
        "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167,
        "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172,
        "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "tkill": 200, "clock_settime": 227,
        "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "fchownat": 260,
        "fchmodat": 268, "unshare": 272, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
        "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "finit_module": 313, "bpf": 321, "execveat": 322,
        "userfaultfd": 323,
    },
    "aarch64": {
        "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "mknodat": 33, "umount2": 39, "mount": 40,
        "pivot_root": 41, "chroot": 51, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55,
        "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105,
        "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117, "tkill": 130,
        "rt_sigqueueinfo": 138, "reboot": 142, "sethostname": 161, "setdomainname": 162,
        "setrlimit": 164, "settimeofday": 170, "adjtimex": 171, "socket": 198, "socketpair": 199,
        "add_key": 217, "request_key": 218, "keyctl": 219, "execve": 221, "swapon": 224,
        "swapoff": 225, "rt_tgsigqueueinfo": 240, "perf_event_open": 241,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
        "finit_module": 273, "bpf": 280, "execveat": 281, "userfaultfd": 282,
    },
}  # fmt: skip
LATER = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442, "fchmodat2": 452,
}  # fmt: skip
"""Calls of one number on every machine."""
OWN = {
    "x86_64": {"clone": 56, "kill": 62, "tgkill": 234, "prlimit64": 302},
    "aarch64": {"clone": 220, "kill": 129, "tgkill": 131, "prlimit64": 261},
}
"""Allowed for threads, for oneself, or to ask alone."""
CLONE3 = 435


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))


def _prctl(*arguments: int) -> bool:
    words = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:5]]
    return bool(ctypes.CDLL(None, use_errno=True).prctl(*words) == 0)


def die_with_parent() -> None:
    """Be killed when the process that made this one ends."""
    if sys.platform == "linux":
        _prctl(DIE_WITH_PARENT, 9)


def write_only_in(places: Sequence[Path]) -> bool:
    """Landlock: nothing outside of these is written, made, renamed, cut short or removed."""
    if sys.platform != "linux":
        return False
    version = _call(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    writes = WRITE_FILE | MAKE | (REFER if version > 1 else 0) | (TRUNCATE if version > 2 else 0)
    words = [writes, *([TCP] if version > 3 else ()), *([OTHERS] if version > 5 else ())]
    asked = struct.pack(f"={len(words)}Q", *words)
    rules = _call(CREATE, asked, ctypes.c_size_t(len(asked)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for place in places:
            handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
            allowed = writes if place.is_dir() else writes & (WRITE_FILE | TRUNCATE)
            rule = struct.pack("=Qi", allowed, handle)
            added = _call(ADD, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0))
            os.close(handle)
            if added:
                return False
        if not _prctl(NO_NEW_PRIVILEGES, 1):
            return False
        return _call(RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0)) == 0
    finally:
        os.close(rules)


def no_network_no_processes() -> bool:
    """seccomp: no sockets, no further processes, no signals to others, nothing of an owner's."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in MACHINES or struct.calcsize("P") != 8:
        return False
    program = list(_program(machine))
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(buffer)))
    return _prctl(NO_NEW_PRIVILEGES, 1) and _prctl(SECCOMP, FILTER, ctypes.addressof(head))


def _program(machine: str) -> Iterator[tuple[int, int, int, int]]:
    """Lines (what, steps if so, steps if not, with what). A jump skips the line after it."""
    own = OWN[machine]
    yield LOAD, 0, 0, ARCH
    yield EQUAL, 1, 0, MACHINES[machine]
    yield ANSWER, 0, 0, REFUSE
    yield LOAD, 0, 0, NUMBER
    yield ABOVE, 0, 1, 0x40000000  # the other numbers that x86_64 has
    yield ANSWER, 0, 0, REFUSE
    yield EQUAL, 0, 1, CLONE3  # its flags lie where a filter cannot look
    yield ANSWER, 0, 0, NO_SUCH
    for number in (*DENIED[machine].values(), *LATER.values()):
        yield EQUAL, 0, 1, number
        yield ANSWER, 0, 0, REFUSE
    for name, place, test in (
        ("clone", FIRST, (BITS, THREAD)),
        ("kill", FIRST, (EQUAL, os.getpid())),
        ("tgkill", FIRST, (EQUAL, os.getpid())),
    ):
        yield EQUAL, 0, 4, own[name]
        yield LOAD, 0, 0, place
        yield test[0], 1, 0, test[1]
        yield ANSWER, 0, 0, REFUSE
        yield ANSWER, 0, 0, ALLOW
    yield EQUAL, 0, 6, own["prlimit64"]
    for half in (THIRD, THIRD + 4):  # a new limit's address: to ask, there is none
        yield LOAD, 0, 0, half
        yield EQUAL, 1, 0, 0
        yield ANSWER, 0, 0, REFUSE
    yield ANSWER, 0, 0, ALLOW
