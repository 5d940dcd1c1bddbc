"""Members side by side on this machine: worker processes of one thread each, or none at all.

An engine is anything that is called as `engine(members, place, workers)` and gives their Outcomes
as they end; see `engine.engine_for`, which chooses one.
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
from etude.comparison.run_spec import Member, Outcome
from etude.errors import EtudeError, RunError, Stopped, StorageError
from etude.system import portable
from etude.training.signals import Signals

Note = Callable[[str], None]
"""Receives a line of progress or a warning."""
TRIES = 2
"""How often a member is begun whose worker dies."""
SAVING = 60.0
"""Seconds that workers have to save what they are at."""
POLL = 0.1


class Engine(Protocol):
    """What runs members."""

    def __call__(self, members: Sequence[Member], place: Path, workers: int) -> Iterator[Outcome]:
        """Their outcomes as they end, each in its folder below `place`. Raises Interrupted or
        Stopped after saving; EtudeError for what no member can be run with."""
        ...


def here(members: Sequence[Member], place: Path, workers: int) -> Iterator[Outcome]:
    """One after the other, in this process."""
    from etude.comparison.worker import outcome

    for member in members:
        yield outcome(member, place)


def process(module: str, *words: str, **streams: Any) -> "subprocess.Popen[bytes]":
    """A process of one thread that runs a module of this étude."""
    home = str(Path(etude.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    return subprocess.Popen(
        # -P: what lies in the working folder is not imported in the place of a package.
        [sys.executable, "-P", "-m", module, *words],
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)},
        **portable.own_group(),  # a terminal's Ctrl-C is ours to pass on, once
        **streams,
    )


class Worker:
    """One process; what it says goes to `heard` as (worker, line); (worker, None) at its end."""

    def __init__(self, heard: "SimpleQueue[tuple[Worker, bytes | None]]") -> None:
        self.member: Member | None = None
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as it lives)
        pipe = subprocess.PIPE
        self.process = process(
            "etude.comparison.worker", stdin=pipe, stdout=pipe, stderr=self.errors
        )
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def _listen(self, heard: "SimpleQueue[tuple[Worker, bytes | None]]") -> None:
        with self._pipe("stdout") as answers:
            for line in answers:
                heard.put((self, line))
        self.process.wait()
        heard.put((self, None))

    def _pipe(self, name: str) -> IO[bytes]:
        pipe = getattr(self.process, name)
        assert pipe is not None
        return pipe  # type: ignore[no-any-return]

    def give(self, member: Member, place: Path) -> None:
        """Begin with a member."""
        self.member = member
        line = json.dumps({"place": str(place), "member": member.plain()}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # it has died, and we shall hear of that
            pipe = self._pipe("stdin")
            pipe.write(line.encode())
            pipe.flush()

    def stop(self, number: int) -> None:
        """Ask it to save and end."""
        portable.ask_to_stop(self.process, number)

    def how(self) -> str:
        """How a dead one died, in words."""
        code = self.process.returncode
        if code is None or code >= 0:
            self.errors.seek(0)
            last = self.errors.read()[-4000:].decode(errors="replace").strip().splitlines()
            return f"ended with code {code}: {last[-1][:300] if last else 'it said nothing'}"
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
        return f"was killed by signal {-code}"

    def close(self) -> None:
        """Let go of it: an idle one ends."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe("stdin").close()
        self.errors.close()


class Pool:
    """An engine of worker processes, which stay from call to call: to load torch takes each some
    seconds. `with` it, so that they end."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self.heard: SimpleQueue[tuple[Worker, bytes | None]] = SimpleQueue()
        self.all: list[Worker] = []
        self.tries: Counter[str] = Counter()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: Any) -> None:
        list(self._stop(signal.SIGTERM))

    def warm(self, count: int) -> None:
        """Have `count` workers, who begin to load while others think."""
        while len(self.all) < count:
            self.all.append(Worker(self.heard))

    def __call__(self, members: Sequence[Member], place: Path, workers: int) -> Iterator[Outcome]:
        waiting = deque(members)
        with Signals() as signals:
            while True:
                if signals.caught:
                    yield from self._stop(signals.caught)
                    raise signals.error(f"{place}: stopped; what was in training is saved.")
                self._share_out(waiting, place, workers)
                if not any(worker.member for worker in self.all):
                    return
                with contextlib.suppress(Empty):
                    worker, line = self.heard.get(timeout=POLL)
                    if found := self._told(worker, line, waiting):
                        yield found

    def _share_out(self, waiting: deque[Member], place: Path, workers: int) -> None:
        """Give every worker something to do while there is something."""
        idle = sum(worker.member is None for worker in self.all)
        self.warm(min(workers, len(self.all) + max(0, len(waiting) - idle)))
        for worker in self.all:
            if waiting and worker.member is None:
                worker.give(waiting.popleft(), place)

    def _told(self, worker: Worker, line: bytes | None, waiting: deque[Member]) -> Outcome | None:
        """What a worker has said, or that it has died. Raises EtudeError."""
        member = worker.member
        if line is None:
            self.all.remove(worker)
            how = worker.how()
            worker.close()
            if member:
                self._mourn(member, how)
                waiting.appendleft(member)
            return None
        said = json.loads(line)
        worker.member = None
        if "error" in said:
            kind: type[EtudeError] = getattr(errors, said["error"])
            raise kind(said["what"], do=said["do"], items=said["items"])
        if "stopped" in said:  # by somebody else, for we have stopped nobody yet
            raise Stopped(f"{said['stopped']}: its worker was told to stop.")
        return Outcome.read(said["outcome"])

    def _mourn(self, member: Member, how: str) -> None:
        """Say that a worker died. Raises EtudeError if it was not the first of this member."""
        self.tries[member.label] += 1
        if self.tries[member.label] < TRIES:
            self.note(f"{member.label}: its worker {how}; it is tried once again")
            return
        if "SIGKILL" in how or "memory" in how.lower():
            raise StorageError(
                f"{member.label}: its worker {how}, twice; often that is for want of memory.",
                do="Try fewer --workers, or a smaller batch, model or data.size.",
            )
        raise RunError(
            f"{member.label}: its worker {how}, {TRIES} times.",
            do="Run it alone, which says more: etude train, with its recipe.json.",
        )

    def _stop(self, number: int) -> Iterator[Outcome]:
        """Tell all to stop, and wait until what is in training is saved; what ended meanwhile."""
        for worker in self.all:
            worker.stop(number)
        left, end = list(self.all), time.monotonic() + SAVING
        while left and time.monotonic() < end:
            with contextlib.suppress(Empty):
                worker, line = self.heard.get(timeout=POLL)
                if line is None:
                    left = [one for one in left if one is not worker]
                elif "outcome" in (said := json.loads(line)):
                    yield Outcome.read(said["outcome"])
        for worker in left:
            worker.process.kill()
        for worker in self.all:
            worker.process.wait()
            worker.close()
        self.all = []
