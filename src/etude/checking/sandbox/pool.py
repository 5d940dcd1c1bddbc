"""Judges submissions in worker processes; each has a verdict even if a worker crashes or hangs.

Needs no torch: only the workers load it.
"""

import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from etude.checking.sandbox.limits import Caps, environment
from etude.checking.verdict import Verdict, told
from etude.system import portable
from etude.workers.pool import Answer, Lost, Pool
from etude.workers.process import start_module

START = 120.0
"""Seconds a worker may take to load torch."""


@dataclass(frozen=True)
class Submission:
    """What is to be judged: a file, or the files of one student; they are shown as below `home`.
    name: of the one thing of it that is asked for; given, adapter: as `judge_file` has them."""

    label: str
    files: Sequence[Path]
    home: Path
    name: str = ""
    role: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    adapter: Path | None = None

    def shown(self, file: Path) -> str:
        """A file as the folder of submissions has it."""
        return file.relative_to(self.home).as_posix()

    def unknown(self, code: str, **values: Any) -> Verdict:
        """That it could not be judged."""
        file = self.shown(self.files[0]) if len(self.files) == 1 else ""
        return Verdict("unknown", self.name or self.label, self.role, file, why=(code, values))


@dataclass(frozen=True)
class Marked:
    """A submission judged. holds: which protections the cage had; seconds: what it took."""

    submission: Submission
    verdicts: tuple[Verdict, ...]
    holds: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The one that counts: the first that is wrong, else the first that could not be judged,
        else the last, which is of the widest thing."""
        for status in ("wrong", "unknown"):
            for each in self.verdicts:
                if each.status == status:
                    return each
        return self.verdicts[-1]


@dataclass(frozen=True)
class Check:
    """A job: the submission at this position of its list, to be judged within `seconds`, with a
    temporary folder below `scratch`."""

    position: int
    submission: Submission
    seconds: float
    scratch: Path

    def message(self) -> dict[str, Any]:
        """Plain JSON values. Values of parameters are written as Python has them: JSON knows no
        tuples."""
        submission = self.submission
        return {
            "files": [[str(file.resolve()), submission.shown(file)] for file in submission.files],
            "name": submission.name,
            "role": submission.role,
            "given": {name: repr(each) for name, each in submission.given.items()},
            "adapter": str(submission.adapter.resolve()) if submission.adapter else None,
            "seconds": self.seconds,
            "scratch": str(self.scratch),
        }


class Sandbox:
    """Judges submissions in worker processes; a context manager that kills them at the end."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.scratch = Path(tempfile.mkdtemp(prefix="etude-check-")).resolve()
        self.pool: Pool[Check] = Pool(self._start, timeout=caps.seconds + START)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def judge(
        self, submissions: Sequence[Submission], workers: int
    ) -> Iterator[tuple[int, Marked]]:
        """Judge all with at most `workers` processes; yields the position and the result of each as
        it is ready. Each has a result, even if its worker crashes or hangs."""
        waiting = deque(
            Check(position, each, self.caps.seconds, self.scratch)
            for position, each in enumerate(submissions)
        )
        for event in self.pool.run(waiting, workers):
            match event:
                case Answer(job=job, line=line):
                    yield job.position, _read(job.submission, line)
                case Lost(job=job, late=True):
                    seconds = f"{job.seconds:g}"
                    yield job.position, _failed(job.submission, "check_time", seconds=seconds)
                case Lost(job=job):
                    how = "its worker ended"
                    yield job.position, _failed(job.submission, "check_died", how=how)

    def _start(self, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a worker process. What it prints is discarded: where a system cannot fork, a
        submission runs in the worker itself and could fill the disk."""
        return start_module(
            "etude.checking.sandbox.worker",
            environment=environment(self.scratch),
            cwd=self.scratch,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **portable.own_session(),  # a terminal's Ctrl-C is ours, and we kill the worker
        )


def _read(submission: Submission, line: bytes) -> Marked:
    """The result that a worker answered, or why the answer is none."""
    found = told(line)
    if found is None:
        return _failed(submission, "check_died", how="its answer is none")
    if "why" in found:
        return _failed(submission, found["why"], **found["values"])
    verdicts = tuple(Verdict.read(each) for each in found["verdicts"])
    return Marked(submission, verdicts, tuple(found["holds"]), float(found["seconds"]))


def _failed(submission: Submission, code: str, **values: Any) -> Marked:
    return Marked(submission, (submission.unknown(code, **values),))
