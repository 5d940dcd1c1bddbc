"""What Python itself forbids: an audit hook, on every system, before the kernel is asked.

It names what was tried, which a kernel's bare refusal does not. Alone it is a fence, not a wall:
code that is out to climb it can.
"""

import os
import sys
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS = {
    "os.mkdir": ((0, 2),), "os.rmdir": ((0, 1),), "os.remove": ((0, 1),), "os.truncate": ((0, -1),),
    "os.rename": ((0, 2), (1, 3)), "os.link": ((1, 3),), "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),), "os.chown": ((0, 3),), "os.utime": ((0, 3),),
    "os.setxattr": ((0, -1),), "os.removexattr": ((0, -1),), "shutil.rmtree": ((0, 1),),
}  # fmt: skip
"""Events that change files: at which places their arguments have a path, and the folder it is
relative to."""
NETWORK = (
    "socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto",
    "socket.sendmsg", "socket.gethostbyname", "socket.gethostbyaddr",
)  # fmt: skip
PROCESSES = (
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
    "os.spawn", "os.startfile", "pty.spawn", "os.kill", "os.killpg",
)  # fmt: skip


class Forbidden(PermissionError):
    """What a caged submission may not do. what: a kind, files network processes memory."""


class Fence:
    """Refuses from when it is set up. tried: (kind, what) of the first refusal."""

    def __init__(self, places: tuple[Path, ...], raw_memory: bool) -> None:
        self.places = [os.path.realpath(place) for place in places]
        self.raw_memory = raw_memory
        self.tried: tuple[str, str] | None = None

    def set_up(self) -> None:
        """From here on; a hook cannot be taken away."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITES:
                self._path(path, -1)
        elif event in PATHS:
            for place, relative in PATHS[event]:
                at = arguments[relative] if 0 <= relative < len(arguments) else -1
                self._path(arguments[place], at)
        elif event in NETWORK:
            self._refuse("network", event)
        elif event in PROCESSES:
            self._refuse("processes", event)
        elif not self.raw_memory and event.startswith("ctypes."):
            self._refuse("memory", event)

    def _path(self, path: Any, at: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # an open file
        name = os.fsdecode(path)
        if isinstance(at, int) and at >= 0:
            name = os.path.join(_folder(at), name)
        # Where the last part is a link, it is the link that a change is of, not what it leads to;
        # but opening follows it: both must be inside.
        parent, last = os.path.split(os.path.abspath(name))
        both = (os.path.join(os.path.realpath(parent), last), os.path.realpath(name))
        if not all(any(_inside(each, place) for place in self.places) for each in both):
            self._refuse("files", name)

    def _refuse(self, kind: str, what: str) -> None:
        self.tried = self.tried or (kind, what[:200])
        raise Forbidden(kind)


def _folder(handle: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{handle}")
    except OSError:
        return os.sep


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip(os.sep) + os.sep)
