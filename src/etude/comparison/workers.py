"""Engines that train runs on this machine: in worker processes of one thread each, or in this one.

An engine is called as `engine(specs, place, workers)` and yields the Outcomes of the runs as they
finish; `engine.engine_for` chooses one.
"""

import json
import math
import os
import signal
import subprocess
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, Self

from etude import errors
from etude.comparison.run_spec import Outcome, RunSpec, read_sentence
from etude.comparison.worker import outcome
from etude.errors import EtudeError, RunError, Stopped, StorageError
from etude.locale.texts import Sentence, Text, render, text
from etude.system import portable
from etude.training.signals import Signals
from etude.workers.pool import Answer, Lost, Pool
from etude.workers.process import start_module

Note = Callable[[Sentence], None]
"""Receives a line of progress or a warning."""
MAX_ATTEMPTS = 2
"""Attempts to train a run whose worker dies."""
SAVE_TIMEOUT = 60.0
"""Seconds that workers have to save the current run before they are killed."""


class Engine(Protocol):
    """Trains runs and yields their outcomes."""

    def __call__(self, specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
        """Train each run in its folder below `place`; outcomes in the order in which runs finish.

        Raises Interrupted or Stopped after saving; EtudeError if a run cannot be trained.
        """
        ...


def in_this_process(specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
    """The engine that trains one run after another in this process."""
    for spec in specs:
        yield outcome(spec, place)


@dataclass(frozen=True)
class TrainingJob:
    """A run to train in its folder below `place`."""

    spec: RunSpec
    place: Path

    def message(self) -> dict[str, object]:
        """Plain JSON values."""
        return {"place": str(self.place), "member": self.spec.plain()}


def start_worker(stderr: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a worker process that trains runs."""
    return start_module(
        "etude.comparison.worker",
        environment=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        **portable.own_group(),  # Ctrl-C reaches only us; we pass it on, once
    )


class ProcessEngine:
    """An engine of worker processes, used as a context manager that stops them at the end.

    note: receives warnings about workers that died.
    """

    def __init__(self, note: Note) -> None:
        self.note = note
        self.pool: Pool[TrainingJob] = Pool(start_worker, timeout=math.inf)
        self.attempts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        list(self._stop(signal.SIGTERM))

    def __call__(self, specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
        waiting = deque(TrainingJob(spec, place) for spec in specs)
        with Signals() as signals:
            for event in self.pool.run(waiting, workers):
                match event:
                    case Answer(line=line):
                        yield _outcome(line)
                    case Lost(job=job, how=how):
                        self._record_death(job.spec, how)
                        waiting.appendleft(job)  # first: it may be resumed from a checkpoint
                if signals.caught:
                    yield from self._stop(signals.caught)
                    raise signals.error(text("comparison.stopped", path=place))

    def _record_death(self, spec: RunSpec, how: Text) -> None:
        """Count the death of a worker and report it. Raises EtudeError at the last attempt."""
        self.attempts[spec.label] += 1
        if self.attempts[spec.label] < MAX_ATTEMPTS:
            self.note(text("comparison.worker.again", label=spec.label, how=how))
            return
        words = render("en", how)
        # Linux ends a process with SIGKILL when memory runs out.
        if "SIGKILL" in words or "memory" in words.lower():
            raise StorageError(
                text("comparison.worker.memory", label=spec.label, how=how),
                do=text("comparison.worker.memory.do"),
            )
        raise RunError(
            text("comparison.worker.died", label=spec.label, how=how, times=MAX_ATTEMPTS),
            do=text("comparison.worker.died.do"),
        )

    def _stop(self, number: int) -> Iterator[Outcome]:
        """Stop all workers and wait until they have saved; yields the outcomes of runs that finish
        meanwhile. A worker that does not save in time is killed; its last checkpoint remains."""
        for event in self.pool.stop(number, SAVE_TIMEOUT):
            if "outcome" in (message := json.loads(event.line)):
                yield Outcome.read(message["outcome"])


def _outcome(line: bytes) -> Outcome:
    """The outcome that a worker answered. Raises the EtudeError that it reports instead."""
    message = json.loads(line)
    if "error" in message:
        kind: type[EtudeError] = getattr(errors, message["error"])
        what, do, *items = map(read_sentence, (message["what"], message["do"], *message["items"]))
        raise kind(what, do=do, items=items)
    if "stopped" in message:  # by another program: we have not stopped any worker yet
        raise Stopped(text("comparison.worker.stopped", label=message["stopped"]))
    return Outcome.read(message["outcome"])
