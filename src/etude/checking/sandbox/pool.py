"""Who keeps workers: gives a submission to one, and has its verdicts whatever becomes of it.

Needs no torch: that is loaded in the worker alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import etude
from etude.checking.sandbox.limits import Caps, environment
from etude.checking.verdict import Verdict, told
from etude.system import portable

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


class Keeper:
    """One worker, started when first asked and again when it is gone."""

    def __init__(self, caps: Caps | None = None) -> None:
        self.caps = caps or Caps()
        self.scratch = Path(tempfile.mkdtemp(prefix="etude-check-")).resolve()
        self.process: subprocess.Popen[bytes] | None = None
        self.heard: SimpleQueue[bytes] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, submission: Submission) -> Marked:
        """Judge one. It always has an answer."""
        job = {
            "files": [[str(file.resolve()), submission.shown(file)] for file in submission.files],
            "name": submission.name,
            "role": submission.role,
            "given": dict(submission.given),
            "adapter": str(submission.adapter.resolve()) if submission.adapter else None,
            "seconds": self.caps.seconds,
            "scratch": str(self.scratch),
        }
        worker = self._worker()
        pipe = worker.stdin
        assert pipe is not None
        with suppress(BrokenPipeError, OSError):  # it has died, and we shall hear of that
            pipe.write(json.dumps(job).encode() + b"\n")
            pipe.flush()
        try:
            line = self.heard.get(timeout=self.caps.seconds + START)
        except Empty:
            self._end()
            return self._failed(submission, "check_time", seconds=f"{self.caps.seconds:g}")
        if not line:
            self._end()
            return self._failed(submission, "check_died", how="its worker ended")
        return self._read(submission, line)

    def _read(self, submission: Submission, line: bytes) -> Marked:
        found = told(line)
        if found is None:
            return self._failed(submission, "check_died", how="its answer is none")
        if "why" in found:
            return self._failed(submission, found["why"], **found["values"])
        verdicts = tuple(Verdict.read(each) for each in found["verdicts"])
        return Marked(submission, verdicts, tuple(found["holds"]), float(found["seconds"]))

    @staticmethod
    def _failed(submission: Submission, code: str, **values: Any) -> Marked:
        return Marked(submission, (submission.unknown(code, **values),))

    def _worker(self) -> "subprocess.Popen[bytes]":
        if self.process is not None and self.process.poll() is None:
            return self.process
        self._end()
        home = str(Path(etude.__file__).parent.parent)
        kept = environment(self.scratch)
        paths = os.pathsep.join([home, *filter(None, [kept.get("PYTHONPATH")])])
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            # -P: what lies in the working folder is not imported in the place of a package.
            [sys.executable, "-P", "-m", "etude.checking.sandbox.worker"],
            env={**kept, "PYTHONPATH": paths}, cwd=self.scratch, stdin=pipe, stdout=pipe,
            stderr=subprocess.DEVNULL,
            **portable.own_session(),  # a terminal's Ctrl-C is ours, and we end it
        )  # fmt: skip
        self.heard = SimpleQueue()
        self.ear = threading.Thread(target=_listen, args=(self.process, self.heard), daemon=True)
        self.ear.start()
        return self.process

    def _end(self) -> None:
        if self.process is None:
            return
        portable.end_group(self.process)
        self.process.wait()
        self.ear.join(START)
        with suppress(BrokenPipeError):
            if self.process.stdin:
                self.process.stdin.close()
        self.process = None

    def close(self) -> None:
        """End the worker and what it is at, and remove its scratch folder."""
        self._end()
        shutil.rmtree(self.scratch, ignore_errors=True)


def _listen(process: "subprocess.Popen[bytes]", heard: "SimpleQueue[bytes]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            heard.put(line)
    heard.put(b"")
