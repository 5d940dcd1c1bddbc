"""Ctrl-C and SIGTERM: finish the current step, save and exit. A second signal exits at once."""

import signal
import threading
from types import FrameType, TracebackType

from etude.errors import Interrupted, Stopped
from etude.system import portable

TERMINATED = 1 << 16
"""Weight of SIGTERM: larger than any number of processes, so that in a sum over the processes it
cannot be confused with several Ctrl-C signals of weight 1."""


def signal_number(weight: float) -> int:
    """The signal number for a sum of `Signals.weight` over the processes."""
    return signal.SIGTERM if weight >= TERMINATED else signal.SIGINT


class Signals:
    """Context manager that stores the first signal in `caught` instead of ending the process."""

    def __init__(self) -> None:
        self.caught: int | None = None
        self._before: dict[int, object] = {}

    @property
    def weight(self) -> float:
        """A number to sum over the processes, 0 before any signal; `signal_number` decodes it."""
        if self.caught is None:
            return 0.0
        return 1.0 if self.caught == signal.SIGINT else float(TERMINATED)

    @property
    def error(self) -> type[Interrupted] | type[Stopped]:
        """The exception class for the caught signal."""
        return Interrupted if self.caught == signal.SIGINT else Stopped

    def __enter__(self) -> "Signals":
        # Python allows signal handlers in the main thread only; elsewhere nothing is caught.
        if threading.current_thread() is threading.main_thread():
            for number in portable.SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        # Only noted: the loop saves between two steps, never in the middle of one.
        self.caught = number
        # From now on the default action applies, so a second signal ends a process that hangs.
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The caller's handlers again: a program that trains in between has its own for Ctrl-C.
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
