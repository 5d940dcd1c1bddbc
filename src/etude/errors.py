"""Everything that can go wrong for a user, with the exit code of each.

    EtudeError                 70  a bug of ours if it is met bare
    ├── UsageError              2  a mistake in the command or the recipe
    │   └── RunError            2  a run that is missing, unfinished, damaged or already there
    ├── DataError               3  data that cannot be used as they are
    ├── StorageError            4  disk full, not writable, out of memory
    ├── NumericsError           5  a loss or gradient that is not a finite number
    ├── LockedError             6  another process works on this run
    ├── Stopped                75  SIGTERM: stopped, saved, resumable
    └── Interrupted           130  Ctrl-C: stopped, saved, resumable

A message says what is wrong and where (path, row, axis, numbers), what was expected, and what to
do next. `items` are the single bad things of one pass; the first twenty are shown, all are kept.
"""

import errno
from collections.abc import Iterable

SHOWN = 20
SPACE = "Free space, or choose another folder"
ACCESS = "Change its permissions, or choose another folder"
OTHER = "Choose another folder"
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
    "ENOENT": ("a folder on the way to it is missing", "Make that folder, or choose another"),
    "ENOTDIR": (
        "a file stands where a folder is needed",
        "Move that file, or choose another folder",
    ),
    "EISDIR": (
        "a folder stands where the file should go",
        "Move that folder, or choose another name",
    ),
    "EEXIST": ("something else has this name", "Move it, or choose another name"),
    "ENOTEMPTY": ("the folder in its place is not empty", "Move it, or choose another name"),
    "ELOOP": (
        "a link stands in its place, and links are not followed",
        "Replace the link by what it leads to",
    ),
    "ENXIO": ("a pipe stands in its place", "Remove the pipe, or choose another name"),
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
"""What an operating system's error means for who met it, and what to do about it."""


def plain(text: str) -> str:
    """A text for a terminal: what could steer one is written out, for it may be a stranger's."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def quantity(number: int, noun: str) -> str:
    """A number and its noun, which agree: "1 layer", "2 layers", "1,024 samples", "1 class". A noun
    whose plural no rule gives is written with it, as in "axis/axes"."""
    return f"{number:,} {noun.split('/')[0] if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun, or of the last word of a phrase; see `quantity`."""
    one, _, many = noun.partition("/")
    if many:
        return many
    if one.endswith("y") and one[-2:-1] not in "aeiou":
        return f"{one[:-1]}ies"
    return f"{one}es" if one.endswith(("s", "x", "tch", "sh")) else f"{one}s"


class EtudeError(Exception):
    """Base of all errors a user can meet. `do` is the next step; `items` the single bad things."""

    exit_code = 70

    def __init__(self, what: str, *, do: str = "", items: Iterable[str] = ()) -> None:
        self.what = what
        self.do = do
        self.items = tuple(items)
        lines = [what, *(f"  - {item}" for item in self.items[:SHOWN])]
        if len(self.items) > SHOWN:
            lines.append(f"  ... and {len(self.items) - SHOWN} more")
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
    """Data that cannot be used as they are."""

    exit_code = 3


class StorageError(EtudeError):
    """Disk full, not writable, input/output error, or out of memory."""

    exit_code = 4


def unwritable(
    path: object, error: OSError, size: int = 0, kept: str = "what was saved before is untouched"
) -> StorageError:
    """The StorageError for an OSError met while `path` was written, with the reason and the advice
    that belong to its number. size: bytes that were to be written; kept: what is not lost."""
    why, do = reason(error)
    amount = f" ({size:,} bytes)" if size else ""
    return StorageError(f"{path}{amount}: cannot be written: {why}.", do=f"{do}; {kept}.")


def reason(error: OSError) -> tuple[str, str]:
    """What an operating system's error means, and what to do about it."""
    name = errno.errorcode.get(error.errno or 0, "")
    return REASONS.get(name, (error.strerror or str(error) or "unknown error", OTHER))


class NumericsError(EtudeError):
    """A loss or a gradient that is not a finite number; the weights are untouched."""

    exit_code = 5


class LockedError(EtudeError):
    """Another process works on this run."""

    exit_code = 6


class Stopped(EtudeError):
    """Stopped by SIGTERM after saving; `etude resume` goes on."""

    exit_code = 75


class Interrupted(EtudeError):
    """Stopped by Ctrl-C after saving; `etude resume` goes on."""

    exit_code = 130
