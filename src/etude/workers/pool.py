"""A pool of worker processes. Two rooms use it: `comparison` trains runs in it, and
`checking.sandbox` judges submissions in it. How a worker process is started, and so what it may do,
is theirs to decide."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Generic, Self

from etude.locale.texts import Text
from etude.system import portable
from etude.workers.process import JobT, Start, Worker

POLL = 0.1
"""Seconds to wait for a message before time limits, and the caller's signals, are looked at."""


@dataclass(frozen=True)
class Answer(Generic[JobT]):
    """A line that a worker answered to a job. The pool does not parse it: the sandbox's workers run
    code that may forge it."""

    job: JobT
    line: bytes


@dataclass(frozen=True)
class Lost(Generic[JobT]):
    """A job without an answer, because its worker died or, if `late`, hung and was killed.

    how: how the worker ended, as part of a sentence.
    """

    job: JobT
    how: Text
    late: bool


class Pool(Generic[JobT]):
    """Worker processes, started when there is work; as a context manager it kills them at the end.

    They stay alive between jobs, because each needs seconds to load torch. timeout: seconds that a
    worker has for one job, its own start included.
    """

    def __init__(self, start: Start, timeout: float) -> None:
        self.start, self.timeout = start, timeout
        self.workers: list[Worker[JobT]] = []
        # Not SimpleQueue: in CPython 3.11 its `get` never ends if a signal's handler runs past the
        # timeout, and then no Ctrl-C stops a comparison.
        self.messages: Queue[tuple[Worker[JobT], bytes | None]] = Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def run(self, waiting: deque[JobT], count: int) -> Iterator[Answer[JobT] | Lost[JobT] | None]:
        """Do all jobs with at most `count` workers; yields what becomes of each, in the order in
        which it happens.

        Yields None at least every POLL seconds in which nothing happens. The caller may add jobs to
        `waiting` meanwhile, for instance one that was lost.
        """
        while True:
            self._assign(waiting, count)
            if all(worker.job is None for worker in self.workers):
                return
            yield self._next()

    def stop(self, number: int, timeout: float) -> Iterator[Answer[JobT]]:
        """Ask all workers by a signal to save and exit, and yield the answers that still arrive.
        Workers that are alive after `timeout` seconds are killed."""
        for worker in self.workers:
            portable.ask_to_stop(worker.process, number)
        end = time.monotonic() + timeout
        while self.workers and time.monotonic() < end:
            if isinstance(event := self._next(), Answer):
                yield event
        self.kill()

    def kill(self) -> None:
        """Kill all workers and wait for them."""
        while self.workers:
            self.workers.pop().end()

    def _assign(self, waiting: deque[JobT], count: int) -> None:
        """Give every idle worker a job while there are jobs, and start more workers if needed."""
        for worker in [one for one in self.workers if one.job is None]:
            if worker.process.poll() is not None:
                self._remove(worker, late=False)
        idle = deque(one for one in self.workers if one.job is None)
        while waiting and (idle or len(self.workers) < count):
            if not idle:
                idle.append(Worker(self.start, self.messages))
                self.workers.append(idle[0])
            idle.popleft().assign(waiting.popleft(), self.timeout)

    def _next(self) -> Answer[JobT] | Lost[JobT] | None:
        """Wait at most POLL seconds for something to happen."""
        for worker in self.workers:
            if time.monotonic() > worker.deadline:
                return self._remove(worker, late=True)
        with suppress(Empty):
            worker, line = self.messages.get(timeout=POLL)
            if worker not in self.workers:  # it was removed before this message was read
                return None
            if line is None:
                return self._remove(worker, late=False)
            if (job := worker.release()) is not None:
                return Answer(job, line)
        return None

    def _remove(self, worker: Worker[JobT], late: bool) -> Lost[JobT] | None:
        """Remove a worker that is dead, or hangs; returns the job it had, if any, as lost."""
        self.workers.remove(worker)
        how = worker.end()
        return Lost(worker.job, how, late) if worker.job is not None else None
