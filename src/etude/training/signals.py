"""Ctrl-C and SIGTERM: finish the step, save, leave. The second one leaves at once."""

import signal
import threading
from types import FrameType, TracebackType

from etude.errors import Interrupted, Stopped
from etude.system import portable

TERMINATED = 1 << 16
"""Above any number of processes, so that a sum tells the kinds apart."""


def named(weight: float) -> int:
    """The signal that a sum of weights over processes stands for."""
    return signal.SIGTERM if weight >= TERMINATED else signal.SIGINT


class Signals:
    """While entered, the first signal is only noted in `caught`."""

    def __init__(self) -> None:
        self.caught: int | None = None
        self._before: dict[int, object] = {}

    @property
    def weight(self) -> float:
        """A number to add up over processes: 0 while nothing was caught. See `named`."""
        if self.caught is None:
            return 0.0
        return 1.0 if self.caught == signal.SIGINT else float(TERMINATED)

    @property
    def error(self) -> type[Interrupted] | type[Stopped]:
        """What to raise of the signal that was caught."""
        return Interrupted if self.caught == signal.SIGINT else Stopped

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            for number in portable.SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.caught = number
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
