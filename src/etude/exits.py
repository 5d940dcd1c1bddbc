"""How a command ends: with the exit code of its error and one message on stderr."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from etude.errors import EtudeError, StorageError, plain, reason
from etude.locale.texts import Lang, say, text
from etude.system import portable

NO_MEMORY = ("can't allocate memory", "out of memory")
"""Parts of the message of the RuntimeError that torch raises when memory runs out."""
CODES: dict[int, int] = {n: 130 if n == signal.SIGINT else 75 for n in portable.SIGNALS}
"""The exit code of each signal that asks a command to stop."""
_caught: list[int] = []
"""The exit code of a signal that has arrived and is not reported yet."""


@contextmanager
def exits(lang: Lang) -> Iterator[None]:
    """Context manager: report errors and signals on stderr and raise SystemExit with their code.

    The codes are those of errors.py. Any other exception passes through: it is a bug, and its
    traceback is wanted.
    """
    # Python allows signal handlers in the main thread only.
    if threading.current_thread() is threading.main_thread():
        sys.unraisablehook = handle_unraisable
        for number in portable.SIGNALS:
            # A shell starts background jobs with SIGINT ignored: Ctrl-C is for the job in front.
            ignored = number == signal.SIGINT and (
                signal.getsignal(number) is not signal.default_int_handler
            )
            if not ignored:
                signal.signal(number, handle_signal)
    try:
        with _errors_as_exits(lang):
            yield
    # Out here, because a signal can also arrive while an error is being reported. Any exception
    # after a signal counts as the signal: see `handle_signal`.
    except (Exception, KeyboardInterrupt, SystemExit):
        if not _caught:
            raise
        leave(_caught[-1], say(lang, "exit.stopped"), lang)


@contextmanager
def _errors_as_exits(lang: Lang) -> Iterator[None]:
    """Context manager: report errors that a user can cause, and exit; signals pass through."""
    try:
        # Flushed here and not at Python's exit, where a full disk would end in exit code 120
        # instead of 4. `--help` and `--version` end with a SystemExit of their own.
        try:
            yield
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except EtudeError as error:
        leave(error.exit_code, error.message(lang), lang)
    except MemoryError as error:
        leave(4, _out_of_memory(str(error)).message(lang), lang)
    except RuntimeError as error:
        if not any(words in str(error) for words in NO_MEMORY):
            raise
        leave(4, _out_of_memory(str(error).splitlines()[0]).message(lang), lang)
    except OSError as error:
        why, do = reason(error)
        what = text("exit.system", file=error.filename or text("exit.system.none"), why=why)
        leave(4, StorageError(what, do=text("exit.system.do", do=do)).message(lang), lang)


def _out_of_memory(why: str) -> StorageError:
    return StorageError(text("exit.memory", why=why), do=text("exit.memory.do"))


def is_silent() -> bool:
    """Whether this process prints no results, because it is not rank 0 of its job."""
    # From torchrun's environment and not from World, which would import the training package.
    return int(os.environ.get("RANK", "0")) > 0


def leave(code: int, message: str, lang: Lang) -> None:
    """Print the message on stderr and raise SystemExit with this code."""
    # Everything is saved by now, so a further signal may end the process at once.
    restore_default_signals()
    _caught.clear()
    with suppress(StorageError):  # a failed flush must not hide the error being reported
        sys.stdout.flush()
    # Every process of a job prints its own error: torchrun ends the others as soon as one exits,
    # perhaps before rank 0 could print.
    who = say(lang, "exit.who", rank=os.environ["RANK"]) if is_silent() else "etude"
    print(f"{who}: {plain(message)}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def restore_default_signals() -> None:
    """Let a further signal end the process at once, without a message or a traceback."""
    if threading.current_thread() is threading.main_thread():
        for number in portable.SIGNALS:
            if number != signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)


def handle_unraisable(args: "sys.UnraisableHookArgs") -> None:
    """End the process for a signal whose exception was raised where Python discards it, as in
    `__del__`; report any other such exception as Python does."""
    # os._exit, because raising here would be discarded again.
    if _caught and isinstance(args.exc_value, SystemExit | KeyboardInterrupt):
        os._exit(_caught[-1])
    sys.__unraisablehook__(args)


def handle_signal(number: int, frame: FrameType | None) -> None:
    """Handle a signal outside training, which installs its own handler: unwind the command.

    Unwinding takes a moment, and code on the way can replace the exception: an extension module
    that is being imported turns it into an ImportError. So the exit code is stored first.
    """
    restore_default_signals()
    _caught.append(CODES[number])
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(CODES[number])
