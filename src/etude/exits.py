"""How a command ends: with the exit code of what went wrong, and one message on stderr."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from etude.errors import EtudeError, StorageError, plain, reason
from etude.system import portable

NO_MEMORY = ("can't allocate memory", "out of memory")
"""How torch says it, in a RuntimeError."""
MEMORY_ADVICE = "-> Use a smaller batch, model or data.size."
CODES: dict[int, int] = {n: 130 if n == signal.SIGINT else 75 for n in portable.SIGNALS}
_caught: list[int] = []
"""The exit code of a signal that is not told yet."""
STOPPED = "Stopped. If a run was begun, etude list names it, and etude resume goes on."


@contextmanager
def exits() -> Iterator[None]:
    """Turn what can go wrong for a user into SystemExit, its code from errors.py."""
    if threading.current_thread() is threading.main_thread():
        sys.unraisablehook = handle_unraisable
        for number in portable.SIGNALS:
            ignored = number == signal.SIGINT and (
                signal.getsignal(number) is not signal.default_int_handler
            )
            if not ignored:
                signal.signal(number, handle_signal)
    try:
        with _errors_as_exits():
            yield
    except (Exception, KeyboardInterrupt, SystemExit):
        if not _caught:
            raise
        leave(_caught[-1], STOPPED)


@contextmanager
def _errors_as_exits() -> Iterator[None]:
    """Every error but Ctrl-C, which may also come while another error is being told."""
    try:
        try:
            yield
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except EtudeError as error:
        leave(error.exit_code, str(error))
    except MemoryError as error:
        leave(4, f"Out of memory: {error}\n{MEMORY_ADVICE}")
    except RuntimeError as error:
        if not any(words in str(error) for words in NO_MEMORY):
            raise
        leave(4, f"Out of memory: {str(error).splitlines()[0]}\n{MEMORY_ADVICE}")
    except OSError as error:
        why, do = reason(error)
        leave(4, f"{error.filename or 'The system'}: {why}.\n-> {do}.")


def is_silent() -> bool:
    """Whether another process of this job (its rank 0) says what there is to say."""
    return int(os.environ.get("RANK", "0")) > 0


def leave(code: int, message: str) -> None:
    """Say why on stderr, and exit. Every process of a job does: the first to leave ends the others,
    maybe before they could. Nothing is left to save: a signal from here on ends it at once."""
    restore_default_signals()
    _caught.clear()
    with suppress(StorageError):  # this error is the one to tell
        sys.stdout.flush()
    who = f"etude (process {os.environ['RANK']})" if is_silent() else "etude"
    print(f"{who}: {plain(message)}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def restore_default_signals() -> None:
    """From here on a signal ends the process at once, without a word and without a traceback."""
    if threading.current_thread() is threading.main_thread():
        for number in portable.SIGNALS:
            if number != signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)


def handle_unraisable(args: "sys.UnraisableHookArgs") -> None:
    """What was raised where nobody can catch it, as in `__del__`: a signal's word ends the process
    all the same."""
    if _caught and isinstance(args.exc_value, SystemExit | KeyboardInterrupt):
        os._exit(_caught[-1])
    sys.__unraisablehook__(args)


def handle_signal(number: int, frame: FrameType | None) -> None:
    """A signal while nothing is under way that could be saved; training has a handler of its own.

    What it unwinds may take a moment, and may change the exception: an extension module that is
    just being imported makes an ImportError of it. So the code is kept.
    """
    restore_default_signals()
    _caught.append(CODES[number])
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(CODES[number])
