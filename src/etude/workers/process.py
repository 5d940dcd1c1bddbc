"""A worker process: it reads jobs from standard input and answers each one on standard output, both
as lines of JSON."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Queue
from typing import IO, Generic, Protocol, TextIO, TypeVar, Unpack

import etude
from etude.locale.texts import Text, text
from etude.system import portable

Start = Callable[[IO[bytes]], "subprocess.Popen[bytes]"]
"""Starts a worker process that leads a process group, with pipes as standard input and output. It
may connect standard error to the file, whose last line then describes how the process ended."""


class Job(Protocol):
    """Work for one worker."""

    def message(self) -> Mapping[str, object]:
        """The job as plain JSON values."""
        ...


JobT = TypeVar("JobT", bound=Job)


class Options(portable.Group, total=False):
    """Further arguments of Popen."""

    cwd: Path
    stdin: int
    stdout: int
    stderr: int | IO[bytes]


def start_module(
    module: str, *words: str, environment: Mapping[str, str], **options: Unpack[Options]
) -> "subprocess.Popen[bytes]":
    """Start a module of this package in a process of one thread. options: more for Popen."""
    home = str(Path(etude.__file__).parent.parent)
    paths = [home, *filter(None, [environment.get("PYTHONPATH")])]
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    return subprocess.Popen(
        # -P: a file in the working folder, say random.py, must not shadow a package.
        [sys.executable, "-P", "-m", module, *words],
        env={**environment, **threads, "PYTHONPATH": os.pathsep.join(paths)},
        **options,
    )


def answer_stream() -> TextIO:
    """The stream to which a worker writes its answers; for the worker process itself."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not write among the answers
    return answers


class Worker(Generic[JobT]):
    """A worker process and the job it works on, or None while it is idle.

    Its lines go to `messages` as (worker, line), its end as (worker, None).
    """

    def __init__(self, start: Start, messages: "Queue[tuple[Worker[JobT], bytes | None]]") -> None:
        self.job: JobT | None = None
        self.deadline = math.inf
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as it lives)
        self.process = start(self.errors)
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()

    def _listen(self, messages: "Queue[tuple[Worker[JobT], bytes | None]]") -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                messages.put((self, line))
        self.process.wait()
        messages.put((self, None))

    def assign(self, job: JobT, timeout: float) -> None:
        """Send a job to the worker, which has `timeout` seconds for it."""
        self.job, self.deadline = job, time.monotonic() + timeout
        assert self.process.stdin is not None
        with suppress(OSError):  # it died; its end is in `messages`
            self.process.stdin.write(json.dumps(job.message()).encode() + b"\n")
            self.process.stdin.flush()

    def release(self) -> JobT | None:
        """Make the worker idle and return the job it had."""
        job, self.job, self.deadline = self.job, None, math.inf
        return job

    def end(self) -> Text:
        """Kill the process group, wait for the process, and return how it ended, as part of a
        sentence."""
        portable.end_group(self.process)
        code = self.process.wait()
        assert self.process.stdin is not None
        with suppress(OSError):  # what it did not read is lost
            self.process.stdin.close()
        with self.errors:
            return _description(code, self.errors)


def _description(code: int, errors: IO[bytes]) -> Text:
    if code >= 0:
        return text("workers.ended", code=code, line=last_line(errors) or text("workers.silent"))
    with suppress(ValueError):
        return text("workers.killed", signal=signal.Signals(-code).name)
    return text("workers.killed.number", number=-code)


def last_line(errors: IO[bytes]) -> str:
    """The last line that a process which has ended wrote to its file of errors; "" if none."""
    errors.seek(0)
    lines = errors.read()[-4000:].decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
