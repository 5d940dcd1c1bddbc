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

from pydantic import TypeAdapter

from etude.locale.texts import Lang, Sentence, Text, render, say, text

SAFE = text("os.safe")
MAX_SHOWN = 20
"""Single faults that a message lists."""
REASONS = frozenset({
    "ENOSPC", "EDQUOT", "EFBIG", "EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "EISDIR",
    "EEXIST", "ENOTEMPTY", "ELOOP", "ENXIO", "ENAMETOOLONG", "EMFILE", "ENFILE", "EBUSY", "ETXTBSY",
    "EIO", "ESTALE", "ENOLCK", "ENOSYS", "EOPNOTSUPP",
})  # fmt: skip
"""Errors of the operating system that have a sentence and an advice of their own."""


def plain(text: str) -> str:
    """A text that is safe to print on a terminal: control characters become escapes, because the
    text may come from a stranger's file and could steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


class EtudeError(Exception):
    """Base of all errors that a user can cause.

    what: what is wrong and where. do: the next step. items: the single faults that one check found.
    `str(error)` is the message in English, `error.message(lang)` in either language.
    """

    exit_code = 70

    def __init__(
        self, what: Sentence, *, do: Sentence = "", items: Iterable[Sentence] = ()
    ) -> None:
        self.what = what
        self.do = do
        self.items = tuple(items)
        super().__init__(self.message("en"))

    def message(self, lang: Lang) -> str:
        """The whole message: what is wrong, the first faults, and the next step."""
        shown = self.items[:MAX_SHOWN]
        lines = [render(lang, self.what), *(f"  - {render(lang, item)}" for item in shown)]
        if more := len(self.items) - len(shown):
            lines.append(f"  {say(lang, 'error.more', count=more)}")
        if self.do:
            lines.append(f"-> {render(lang, self.do)}")
        return "\n".join(lines)


class InvalidValue(ValueError):
    """A value that a function cannot use, in words: `what`. Who calls the function turns it into an
    error of a user, or lets it pass as the ValueError that it is."""

    def __init__(self, what: Text) -> None:
        self.what = what
        super().__init__(render("en", what))


def cause(error: BaseException) -> Sentence:
    """What an exception says: a sentence of ours in either language, else its own words."""
    return error.what if isinstance(error, EtudeError | InvalidValue) else str(error)


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


def write_error(path: object, error: OSError, size: int = 0, safe: Sentence = SAFE) -> StorageError:
    """The StorageError for an OSError from writing `path`, with the reason and the advice for its
    number. size: bytes to write; safe: what is not lost, in words."""
    why, do = reason(error)
    return StorageError(
        text("os.write", path=path, why=why)
        if not size
        else text("os.write.bytes", path=path, size=size, why=why),
        do=text("os.advice", do=do, safe=safe),
    )


def reason(error: OSError) -> tuple[Sentence, Text]:
    """(reason, advice) for an error of the operating system."""
    name = errno.errorcode.get(error.errno or 0, "")
    if name in REASONS:
        return text(f"os.{name}"), text(f"os.{name}.do")
    return error.strerror or str(error) or text("os.unknown"), text("os.unknown.do")


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


Parts = tuple[str, Sentence, Sentence, tuple[Sentence, ...]]
_PARTS: TypeAdapter[Parts] = TypeAdapter(Parts)


def to_json(error: EtudeError) -> str:
    """An error as JSON, for another process, which reads it by `from_json`."""
    # A plugin's own kind of error becomes the kind of this module that it is.
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == __name__)
    return _PARTS.dump_json((kind, error.what, error.do, error.items)).decode()


def from_json(content: str) -> EtudeError:
    """The error that `to_json` wrote."""
    kind, what, do, items = _PARTS.validate_json(content)
    found: type[EtudeError] = globals()[kind]
    return found(what, do=do, items=items)
