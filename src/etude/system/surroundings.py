"""The surroundings of a command: the standard streams and the warnings of libraries.

A command must not fail because of its surroundings, and a function must not change them for its
caller: what is replaced here is put back.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from etude.errors import StorageError, reason
from etude.system import portable


@contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore what libraries warn of, whatever filters are set: a warning about scikit-learn's or
    PyTorch's own affairs is neither shown nor (`-W error`) the end of a run.

    As a decorator too. The caller's filters are back afterwards.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Stream:
    """A standard stream that outlives its reader. What cannot be encoded is written as escapes.

    A reader that has left (`| head`) is no error: the rest goes nowhere, and the command ends with
    the code that it would have had.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text; its length."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError) as error:
            self._failed(error)
        return len(text)

    def flush(self) -> None:
        """Wait until all that was written has gone out."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """From here on what is written goes nowhere, also what is still in a buffer."""
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class Output(Stream):
    """Standard output: results go there, so what cannot be written is an error."""

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        # Windows says EINVAL where a pipe has lost its reader.
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise StorageError(
                f"The output cannot be written to standard output: {reason(error)[0]}. "
                "Runs and files that were saved are complete."
            ) from None


@contextmanager
def streams() -> Iterator[None]:
    """While entered, standard output and error cannot harm a command.

    Closed ones are as the null device. Where one has no letters for a text (LC_ALL=C), escapes are
    written: \\xe9, \\u2713.
    """
    portable.fill_standard_streams()
    before = sys.stdout, sys.stderr
    policies = [getattr(stream, "errors", None) for stream in before]
    for stream in before:
        _escaping(stream, "backslashreplace")
    sys.stdout, sys.stderr = Output(before[0]), Stream(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, policy in zip(before, policies):
            _escaping(stream, policy)


def _escaping(stream: Any, policy: str | None) -> None:
    if policy and hasattr(stream, "reconfigure"):
        with suppress(OSError, ValueError):  # it flushes first; what fails there fails again later
            stream.reconfigure(errors=policy)


def is_unicode() -> bool:
    """Whether standard output has all letters."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "ascii")
    return encoding.lower().replace("-", "").startswith("utf")
