"""The environment of a command: the standard streams and the warnings of libraries.

A closed stream or a warning must not make a command fail, and a function must not change streams or
filters for its caller, so everything replaced here is restored.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from etude.errors import StorageError, reason
from etude.locale.texts import text
from etude.system import portable


@contextmanager
def no_warnings() -> Iterator[None]:
    """Context manager or decorator: ignore warnings of libraries, whatever filters are set.

    A deprecation in scikit-learn or PyTorch is not shown and, with `-W error`, does not end a run.
    Restores the caller's filters.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Stream:
    """A standard stream whose reader may close it early.

    A closed reader (`| head`) is not an error: the rest of the output is discarded, and the command
    ends with its usual exit code.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        try:
            return self._stream.write(text)
        # Python raises ValueError for a stream that is closed on its own side.
        except (OSError, ValueError) as error:
            self._discard_output(error)
        return len(text)

    def flush(self) -> None:
        """Wait until everything written has left the buffer."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._discard_output(error)

    def _discard_output(self, error: Exception) -> None:
        """After an error, discard all further output, including the content of the buffer."""
        # dup2 replaces the descriptor itself: Python's flush at exit would fail on the old one.
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class Output(Stream):
    """Standard output: it carries results, so a failed write is an error, unless the reader closed
    it."""

    def _discard_output(self, error: Exception) -> None:
        super()._discard_output(error)
        # Windows reports EINVAL for a pipe without a reader.
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise StorageError(text("system.output", why=reason(error)[0])) from None


@contextmanager
def streams() -> Iterator[None]:
    """Within this context, standard output and error cannot make a command fail.

    A closed stream acts as the null device. Characters that an encoding lacks (LC_ALL=C) are
    written as escapes: \\xe9, \\u2713.
    """
    portable.fill_standard_streams()
    before = sys.stdout, sys.stderr
    policies = [getattr(stream, "errors", None) for stream in before]
    for stream in before:
        _set_error_policy(stream, "backslashreplace")
    sys.stdout, sys.stderr = Output(before[0]), Stream(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, policy in zip(before, policies):
            _set_error_policy(stream, policy)


def _set_error_policy(stream: object, policy: str | None) -> None:
    """Set what a stream does with characters that its encoding lacks, if it can be set."""
    # io.StringIO, which programs put in place of stdout, has no reconfigure().
    if policy and hasattr(stream, "reconfigure"):
        with suppress(OSError, ValueError):  # it flushes first; a failure there appears again later
            stream.reconfigure(errors=policy)


def is_unicode() -> bool:
    """Whether standard output can encode every character."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "ascii")
    return encoding.lower().replace("-", "").startswith("utf")
