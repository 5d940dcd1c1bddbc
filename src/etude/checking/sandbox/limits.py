"""The cage: what a process may take and touch, from here to its end, with a stranger's code in it.

    limits   processor time, memory, size of a file, processes, no core dump     POSIX
    kernel   Landlock and seccomp: see landlock.py                                  Linux
    fence    an audit hook: see fence.py                                          everywhere

What a submission does to its own process, the examiner's judgement included, is beyond any cage:
this keeps a machine safe from code that is careless or spiteful, and marks fair only among the
honest.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from etude.checking.sandbox import landlock
from etude.checking.sandbox.audit_hook import Fence

KEPT = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT", "TZ",
    "LD_LIBRARY_PATH",
)  # fmt: skip
"""Variables of the environment that are handed on."""


@dataclass(frozen=True)
class Caps:
    """seconds: on the clock; memory: bytes above what torch takes; file: bytes of one written."""

    seconds: float = 10.0
    memory: int = 3 << 30
    file: int = 64 << 20


@dataclass
class Cage:
    """What holds: names among limits, files, network, fence. `tried`: what was first refused."""

    holds: tuple[str, ...]
    fence: Fence

    @property
    def tried(self) -> tuple[str, str] | None:
        """The kind and the name of the first thing that the fence refused."""
        return self.fence.tried


def environment(scratch: Path) -> dict[str, str]:
    """What a worker's environment has: nothing that is a secret, one thread, no GPU."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    home = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"), str(scratch))
    fixed = {"PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": "", "USER": "student"}
    return {**kept, **threads, **home, **fixed}


def shut(scratch: Path, caps: Caps) -> Cage:
    """Shut the cage around this process, whose one place to write is `scratch`."""
    os.chdir(scratch)
    os.environ.update(environment(scratch))
    tempfile.tempdir = str(scratch)
    limited = _limit(caps)
    places = (scratch, Path(os.devnull))
    files = landlock.write_only_in(places)
    network = landlock.no_network_no_processes()
    fence = Fence(places, raw_memory=files and network)
    fence.set_up()
    named = {"limits": limited, "files": files, "network": network, "fence": True}
    return Cage(tuple(name for name, holds in named.items() if holds), fence)


def _limit(caps: Caps) -> bool:
    try:
        import resource
    except ImportError:
        return False
    seconds = int(2 * caps.seconds) + 1
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": caps.file}
    if sys.platform == "linux":  # elsewhere libraries reserve address space that they never use
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        wanted["RLIMIT_AS"] = pages * resource.getpagesize() + caps.memory
    for name, most in wanted.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(getattr(resource, name), (most, most))
    return True
