"""A worker: one process that has torch loaded, and judges each submission in a caged child of it.

in:  {"files": [[path, how it is shown], ...], "name": ..., "role": ..., "given": {name: as Python
      writes it, ...},
      "adapter": path or null, "seconds": ..., "scratch": folder}
out: {"verdicts": [...], "holds": [...], "seconds": ...} or {"why": code, "values": {...}}

Started by `pool.py`. A child costs milliseconds where a new interpreter with torch costs seconds.
Where a system cannot fork, a worker cages itself, judges one submission and ends.
"""

import ast
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from etude.checking.judge import judge_file
from etude.checking.roles import NAMES, role
from etude.checking.sandbox import landlock, limits
from etude.checking.verdict import Verdict, told
from etude.workers.process import answer_stream

MOST = 4 << 20
"""Bytes of an answer that are read."""
CRASHES = ("check_import", "check_crashed", "check_construct", "check_ask")
REFUSALS = ("Forbidden", "PermissionError", "BlockingIOError", "Operation not permitted")
NO_MEMORY = ("MemoryError", "can't allocate memory", "out of memory", "OutOfMemoryError")
Job = Mapping[str, Any]


def chosen(files: Sequence[Path], wanted: str) -> list[Path]:
    """Of a student's several files those that define what has the role; all, if none does."""
    if not wanted or len(files) == 1:
        return list(files)
    return [file for file in files if any(map(role(wanted).is_name, defined(file)))] or list(files)


def defined(file: Path) -> list[str]:
    """Names of the classes and functions of a file, which is read and not run."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return []
    return [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]


def judged(job: Job, held: limits.Cage) -> list[Verdict]:
    """All verdicts on a submission; what has no role counts only where nothing has one."""
    adapter = Path(job["adapter"]) if job["adapter"] else None
    given = {name: ast.literal_eval(written) for name, written in job["given"].items()}
    asked = (job["name"], job["role"], given, adapter, stage)
    shown = {Path(file): name for file, name in job["files"]}
    found = [
        replace(verdict, file=shown[file])
        for file in chosen(list(shown), job["role"])
        for verdict in judge_file(file, *asked)
    ]
    known = [each for each in found if not (each.why and each.why[0] == "check_no_role")]
    return [explained(each, held) for each in known or found[:1]]


STAGE = "etude judges "
"""Begins the line on stderr that says what is being judged."""


def stage(name: str) -> None:
    """Say what is being judged, so that a submission that takes too long can be told where."""
    print(f"{STAGE}{name}", file=sys.__stderr__, flush=True)


def explained(verdict: Verdict, held: limits.Cage) -> Verdict:
    """A crash that the cage is the cause of, as that."""
    code, values = verdict.why or ("", {})
    if code not in CRASHES:
        return verdict
    # A library may have been refused something before, which it can do without.
    refused = any(word in str(values.get("error", "")) for word in REFUSALS)
    if held.tried and refused:
        kind, what = held.tried
        return replace(verdict, why=(f"check_forbidden_{kind}", {**values, "what": what}))
    if any(word in str(values.get("error", "")) for word in NO_MEMORY):
        return replace(verdict, why=("check_memory", values))
    return verdict


def answer(job: Job, scratch: Path) -> str:
    """Shut the cage, and judge."""
    start = time.monotonic()
    held = limits.shut(scratch, limits.Caps(seconds=job["seconds"]))
    verdicts = [verdict.plain() for verdict in judged(job, held)]
    took = round(time.monotonic() - start, 3)
    return json.dumps({"verdicts": verdicts, "holds": held.holds, "seconds": took}, default=str)


def child(job: Job, scratch: Path, out: int, errors: int) -> None:
    """Judge one submission and end; nothing of the worker's own is left open but the answer."""
    code = 1
    try:
        os.setsid()
        landlock.die_with_parent()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, to in ((nothing, 0), (nothing, 1), (errors, 2), (out, 3)):
            os.dup2(number, to)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        sys.stdin, sys.stdout = open(os.devnull), open(os.devnull, "w")  # noqa: SIM115
        sys.dont_write_bytecode = True
        text = answer(job, scratch).encode()
        while text:
            text = text[os.write(3, text) :]
        code = 0
    finally:
        if code:
            traceback.print_exc(limit=-8)
            sys.stderr.flush()
        os._exit(code)  # without a word of what the submission has registered for the end


def caged(job: Job) -> str:
    """One submission in a child of its own, killed when its time is up."""
    scratch = Path(tempfile.mkdtemp(dir=job["scratch"]))
    with tempfile.TemporaryFile() as errors:
        out, into = os.pipe()
        process = os.fork()
        if process == 0:
            child(job, scratch, into, errors.fileno())
        os.close(into)
        try:
            text, status = _heard(process, out, time.monotonic() + job["seconds"])
        finally:
            os.close(out)
            shutil.rmtree(scratch, ignore_errors=True)
        return _ended(text, status, errors, job)


def _heard(process: int, out: int, until: float) -> tuple[bytes, int | None]:
    """What a child says, and how it ends; None where it had to be killed."""
    text, status = b"", None
    while time.monotonic() < until and len(text) <= MOST:
        if select.select([out], [], [], min(0.5, max(0.0, until - time.monotonic())))[0]:
            more = os.read(out, 1 << 16)
            text += more
            if not more:
                break
    while status is None and time.monotonic() < until and len(text) <= MOST:
        ended, how = os.waitpid(process, os.WNOHANG)
        status = how if ended else None
        if status is None:
            time.sleep(0.005)
    if status is not None:
        return text, status
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return text, None


def _ended(text: bytes, status: int | None, errors: IO[bytes], job: Job) -> str:
    """The answer, or why there is none."""
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4000))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    last = lines[-1:] or [""]
    if len(text) > MOST:
        return _why("check_died", how=f"said more than {MOST >> 20} MB")
    code = None if status is None else os.waitstatus_to_exitcode(status)
    if code is None or code == -signal.SIGXCPU:
        stages = [line.removeprefix(STAGE) for line in lines if line.startswith(STAGE)]
        seconds = f"{job['seconds']:g}"
        if stages:
            return _why("check_time_part", seconds=seconds, part=stages[-1][:80])
        return _why("check_time", seconds=seconds)
    if code == 0 and (found := told(text)) is not None:
        return json.dumps(found)
    if any(word in last[0] for word in NO_MEMORY):
        return _why("check_memory")
    if code < 0:
        with suppress(ValueError):
            return _why("check_died", how=signal.Signals(-code).name)
    return _why("check_died", how=f"exit code {code}{': ' if last[0] else ''}{last[0][:300]}")


def _why(code: str, **values: Any) -> str:
    return json.dumps({"why": code, "values": values})


def main() -> None:
    """Answer jobs until there are no more."""
    answers = answer_stream()
    for name in NAMES:
        role(name)
    for line in sys.stdin:
        job = json.loads(line)
        if hasattr(os, "fork"):
            print(caged(job), file=answers, flush=True)
            continue
        print(answer(job, Path(tempfile.mkdtemp(dir=job["scratch"]))), file=answers, flush=True)
        os._exit(0)


if __name__ == "__main__":
    main()
