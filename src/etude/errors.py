"""All errors that a user can cause, each with its exit code.

    EtudeError                 70  the base class; raised directly only by a bug of this package
    ├── UsageError              2  a mistake in the command or the recipe
    │   └── RunError            2  a run that is missing, unfinished, damaged or already there
    ├── DataError               3  data that cannot be used
    ├── StorageError            4  disk full, not writable, out of memory
    ├── NumericsError           5  a loss or gradient that is not a finite number
    ├── LockedError             6  another process uses this run
    ├── Stopped                75  SIGTERM: stopped, saved, resumable
    └── Interrupted           130  Ctrl-C: stopped, saved, resumable

A message says what is wrong and where (path, row, axis, numbers), what was expected, and what to
do next. `items` are the single faults that one check found; the message shows the first twenty, the
attribute has them all.
"""

import errno
from collections.abc import Iterable

MAX_SHOWN = 20
"""Single faults that a message lists."""
SPACE = "Free space, or choose another folder"
ACCESS = "Change its permissions, or choose another folder"
OTHER = "Choose another folder"
# By name and not by number: the numbers differ between systems, and some lack some of the names.
REASONS = {
    "ENOSPC": ("the disk is full", SPACE),
    "EDQUOT": ("the disk quota is used up", SPACE),
    "EFBIG": (
        "the file would be larger than is allowed here",
        "See `ulimit -f`, or choose another file system",
    ),
    "EACCES": ("permission denied", ACCESS),
    "EPERM": ("the operation is not permitted", ACCESS),
    "EROFS": ("the file system is read-only", "Choose a folder that can be written to"),
    "ENOENT": ("a parent folder is missing", "Create that folder, or choose another"),
    "ENOTDIR": (
        "a parent folder is a file",
        "Move that file, or choose another folder",
    ),
    "EISDIR": (
        "a folder has this name",
        "Move that folder, or choose another name",
    ),
    "EEXIST": ("this name already exists", "Move it, or choose another name"),
    "ENOTEMPTY": (
        "this folder exists and is not empty",
        "Move it, or choose another name",
    ),
    "ELOOP": (
        "it is a symbolic link, and links are not followed",
        "Replace the link with its target",
    ),
    "ENXIO": ("it is a pipe", "Remove the pipe, or choose another name"),
    "ENAMETOOLONG": ("the name is too long", "Choose a shorter name"),
    "EMFILE": ("this process has too many files open", "Raise the limit (`ulimit -n`)"),
    "ENFILE": ("the system has too many files open", "Close other programs"),
    "EBUSY": ("another program uses it", "Close that program, then try again"),
    "ETXTBSY": ("another program uses it", "Close that program, then try again"),
    "EIO": ("the disk reports an input/output error", "Check the disk, or choose another"),
    "ESTALE": ("the network folder is gone", "Connect it again, or choose another folder"),
    "ENOLCK": ("the file system has no file locks", "Choose a folder on a local disk"),
    "ENOSYS": ("the file system cannot do this", "Choose a folder on a local disk"),
    "EOPNOTSUPP": ("the file system cannot do this", "Choose a folder on a local disk"),
}
"""(reason, advice) for each error number of the operating system."""


def plain(text: str) -> str:
    """A text that is safe to print on a terminal: control characters become escapes, because the
    text may come from a stranger's file and could steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def quantity(number: int, noun: str) -> str:
    """A number and its noun, in agreement: "1 layer", "2 layers", "1,024 samples", "1 class".

    A noun with an irregular plural is passed as "axis/axes".
    """
    return f"{number:,} {noun.split('/')[0] if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun, or of the last word of a phrase; see `quantity`."""
    singular, _, irregular = noun.partition("/")
    if irregular:
        return irregular
    # -y after a consonant: "entries" but "arrays".
    if singular.endswith("y") and singular[-2:-1] not in "aeiou":
        return f"{singular[:-1]}ies"
    # "tch", not "ch": "batches" but "epochs".
    return f"{singular}es" if singular.endswith(("s", "x", "tch", "sh")) else f"{singular}s"


class EtudeError(Exception):
    """Base of all errors that a user can cause.

    what: what is wrong and where. do: the next step. items: the single faults that one check found.
    """

    exit_code = 70

    def __init__(self, what: str, *, do: str = "", items: Iterable[str] = ()) -> None:
        self.what = what
        self.do = do
        self.items = tuple(items)
        lines = [what, *(f"  - {item}" for item in self.items[:MAX_SHOWN])]
        if len(self.items) > MAX_SHOWN:
            lines.append(f"  ... and {len(self.items) - MAX_SHOWN} more")
        if do:
            lines.append(f"-> {do}")
        super().__init__("\n".join(lines))


class UsageError(EtudeError):
    """A mistake in the command or the recipe."""

    exit_code = 2


class RunError(UsageError):
    """A run that is missing, unfinished, damaged or already there."""


class TakenError(RunError):
    """The name of a new run, or comparison, is taken."""


class DataError(EtudeError):
    """Data that cannot be used."""

    exit_code = 3


class StorageError(EtudeError):
    """Disk full, not writable, input/output error, or out of memory."""

    exit_code = 4


def write_error(
    path: object, error: OSError, size: int = 0, safe: str = "files saved before are unchanged"
) -> StorageError:
    """The StorageError for an OSError from writing `path`, with the reason and the advice for its
    number. size: bytes to write; safe: what is not lost, in words."""
    why, do = reason(error)
    amount = f" ({size:,} bytes)" if size else ""
    return StorageError(f"{path}{amount}: cannot be written: {why}.", do=f"{do}; {safe}.")


def reason(error: OSError) -> tuple[str, str]:
    """(reason, advice) for an error of the operating system."""
    name = errno.errorcode.get(error.errno or 0, "")
    return REASONS.get(name, (error.strerror or str(error) or "unknown error", OTHER))


class NumericsError(EtudeError):
    """A loss or a gradient that is not a finite number; the weights were not changed."""

    exit_code = 5


class LockedError(EtudeError):
    """Another process uses this run."""

    exit_code = 6


class Stopped(EtudeError):
    """Stopped by SIGTERM after saving; `etude resume` continues the run."""

    exit_code = 75


class Interrupted(EtudeError):
    """Stopped by Ctrl-C after saving; `etude resume` continues the run."""

    exit_code = 130
