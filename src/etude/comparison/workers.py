"""Engines that train runs on this machine: in worker processes of one thread each, or in this one.

An engine is called as `engine(specs, place, workers)` and yields the Outcomes of the runs as they
finish; `engine.engine_for` chooses one.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Protocol

import etude
from etude import errors
from etude.comparison.run_spec import Outcome, RunSpec
from etude.errors import EtudeError, RunError, Stopped, StorageError
from etude.system import portable
from etude.training.signals import Signals

Note = Callable[[str], None]
"""Receives a line of progress or a warning."""
# Two: a death may be an accident of the machine, but a run that always kills its worker must end.
MAX_ATTEMPTS = 2
"""Attempts to train a run whose worker dies."""
SAVE_TIMEOUT = 60.0
"""Seconds that workers have to save the current run before they are killed."""
POLL = 0.1
"""Seconds to wait for a message before signals are looked at again."""


class Engine(Protocol):
    """Trains runs and yields their outcomes."""

    def __call__(self, specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
        """Train each run in its folder below `place`; outcomes in the order in which runs finish.

        Raises Interrupted or Stopped after saving; EtudeError if a run cannot be trained.
        """
        ...


def in_this_process(specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
    """The engine that trains one run after another in this process."""
    from etude.comparison.worker import outcome

    for spec in specs:
        yield outcome(spec, place)


def start_module(module: str, *words: str, **streams: Any) -> "subprocess.Popen[bytes]":
    """Start a module of this package in a process of one thread."""
    home = str(Path(etude.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    # In the environment, because these libraries read it once, when they are loaded.
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    return subprocess.Popen(
        # -P: a file in the working folder, say random.py, must not shadow a package.
        [sys.executable, "-P", "-m", module, *words],
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)},
        **portable.own_group(),  # Ctrl-C reaches only us; we pass it on, once
        **streams,
    )


class Worker:
    """A worker process. Its lines go to `messages` as (worker, line), its end as (worker, None)."""

    def __init__(self, messages: "SimpleQueue[tuple[Worker, bytes | None]]") -> None:
        self.spec: RunSpec | None = None
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as it lives)
        pipe = subprocess.PIPE
        self.process = start_module(
            "etude.comparison.worker", stdin=pipe, stdout=pipe, stderr=self.errors
        )
        # A thread per worker, because Windows cannot wait for several pipes at once.
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()

    def _listen(self, messages: "SimpleQueue[tuple[Worker, bytes | None]]") -> None:
        with self._pipe("stdout") as answers:
            for line in answers:
                messages.put((self, line))
        self.process.wait()
        messages.put((self, None))

    def _pipe(self, name: str) -> IO[bytes]:
        pipe = getattr(self.process, name)
        assert pipe is not None
        return pipe  # type: ignore[no-any-return]

    def assign(self, spec: RunSpec, place: Path) -> None:
        """Send a run to the worker."""
        self.spec = spec
        line = json.dumps({"place": str(place), "member": spec.plain()}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # it died; its end is in `messages`
            pipe = self._pipe("stdin")
            pipe.write(line.encode())
            pipe.flush()

    def stop(self, number: int) -> None:
        """Ask the worker to save and exit."""
        portable.ask_to_stop(self.process, number)

    def exit_description(self) -> str:
        """How a dead worker ended, as part of a sentence."""
        code = self.process.returncode
        if code is None or code >= 0:
            self.errors.seek(0)
            last = self.errors.read()[-4000:].decode(errors="replace").strip().splitlines()
            return f"ended with code {code}: {last[-1][:300] if last else 'it printed nothing'}"
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
        return f"was killed by signal {-code}"

    def close(self) -> None:
        """Close the pipes; an idle worker exits at the end of its input."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe("stdin").close()
        self.errors.close()


class Pool:
    """An engine of worker processes, used as a context manager that stops them at the end.

    The processes stay alive between calls, because each needs seconds to load torch. note: receives
    warnings about workers that died.
    """

    def __init__(self, note: Note) -> None:
        self.note = note
        self.messages: SimpleQueue[tuple[Worker, bytes | None]] = SimpleQueue()
        self.workers: list[Worker] = []
        self.attempts: Counter[str] = Counter()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: Any) -> None:
        list(self._stop(signal.SIGTERM))

    def warm(self, count: int) -> None:
        """Start workers until there are `count`; they load torch meanwhile."""
        while len(self.workers) < count:
            self.workers.append(Worker(self.messages))

    def __call__(self, specs: Sequence[RunSpec], place: Path, workers: int) -> Iterator[Outcome]:
        waiting = deque(specs)
        with Signals() as signals:
            while True:
                if signals.caught:
                    yield from self._stop(signals.caught)
                    raise signals.error(f"{place}: stopped; the current runs are saved.")
                self._assign_waiting(waiting, place, workers)
                if not any(worker.spec for worker in self.workers):
                    return
                with contextlib.suppress(Empty):
                    worker, line = self.messages.get(timeout=POLL)
                    if outcome := self._handle(worker, line, waiting):
                        yield outcome

    def _assign_waiting(self, waiting: deque[RunSpec], place: Path, workers: int) -> None:
        """Give every idle worker a run while there are runs, and start more workers if needed."""
        idle = sum(worker.spec is None for worker in self.workers)
        self.warm(min(workers, len(self.workers) + max(0, len(waiting) - idle)))
        for worker in self.workers:
            if waiting and worker.spec is None:
                worker.assign(waiting.popleft(), place)

    def _handle(
        self, worker: Worker, line: bytes | None, waiting: deque[RunSpec]
    ) -> Outcome | None:
        """Handle a message of a worker, or its end; returns an outcome if there is one. Raises the
        EtudeError that the worker reports."""
        spec = worker.spec
        if line is None:
            self.workers.remove(worker)
            how = worker.exit_description()
            worker.close()
            if spec:
                self._record_death(spec, how)
                waiting.appendleft(spec)  # first in line: it may be resumed from a checkpoint
            return None
        message = json.loads(line)
        worker.spec = None
        if "error" in message:
            kind: type[EtudeError] = getattr(errors, message["error"])
            raise kind(message["what"], do=message["do"], items=message["items"])
        if "stopped" in message:  # by another program: we have not stopped any worker yet
            raise Stopped(f"{message['stopped']}: its worker was stopped by another program.")
        return Outcome.read(message["outcome"])

    def _record_death(self, spec: RunSpec, how: str) -> None:
        """Count the death of a worker and report it. Raises EtudeError at the last attempt."""
        self.attempts[spec.label] += 1
        if self.attempts[spec.label] < MAX_ATTEMPTS:
            self.note(f"{spec.label}: its worker {how}; trying once more")
            return
        # Linux ends a process with SIGKILL when memory runs out.
        if "SIGKILL" in how or "memory" in how.lower():
            raise StorageError(
                f"{spec.label}: its worker {how}, twice; often the machine is out of memory.",
                do="Try fewer --workers, or a smaller batch, model or data.size.",
            )
        raise RunError(
            f"{spec.label}: its worker {how}, {MAX_ATTEMPTS} times.",
            do="Train it alone to see the whole error: etude train, with its recipe.json.",
        )

    def _stop(self, number: int) -> Iterator[Outcome]:
        """Stop all workers and wait until they have saved; yields the outcomes of runs that finish
        meanwhile."""
        for worker in self.workers:
            worker.stop(number)
        running, end = list(self.workers), time.monotonic() + SAVE_TIMEOUT
        while running and time.monotonic() < end:
            with contextlib.suppress(Empty):
                worker, line = self.messages.get(timeout=POLL)
                if line is None:
                    running = [one for one in running if one is not worker]
                elif "outcome" in (message := json.loads(line)):
                    yield Outcome.read(message["outcome"])
        for worker in running:  # it did not save in time; its last checkpoint remains
            worker.process.kill()
        for worker in self.workers:
            worker.process.wait()
            worker.close()
        self.workers = []
