"""Every system call of a save is killed, and every one that can fail is made to fail.

strace counts each kind of call by itself, so the sweep runs over (call, n) for every kind, from the
first call of the save on. After a SIGKILL the newest checkpoint is the old one or the new one,
whole, and never older than what was acknowledged; after an error the old one is there, and the
message names the path; then the same save is made again and succeeds.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from etude.errors import RunError
from etude.runs.folder import RunFolder
from etude.runs.jsonl import lines
from tests.faults.common import FAMILIES, Row, environment, missing, references
from tests.faults.save import MARK

CALLS = (
    "openat,read,pread64,write,pwrite64,fsync,ftruncate,truncate,mkdir,rename,rmdir,unlink,"
    "unlinkat,flock,lseek,close,newfstatat,getdents64"
)
ERRORS = {"ENOSPC": "the disk is full", "EIO": "input/output", "EROFS": "read-only"}
CAN_FAIL = {"openat", "write", "pwrite64", "fsync", "mkdir", "rename", "unlinkat", "rmdir"}
FIRST, NEXT = (3, 6, 9), 12


@dataclass(frozen=True)
class Point:
    """The n-th call of a kind, and what happens at it: "KILL" or the name of an error."""

    call: str
    n: int
    fault: str


def traced(arguments: list[str], words: list[str]) -> subprocess.CompletedProcess[str]:
    """The light process under strace."""
    return subprocess.run(
        ["strace", "-f", "-o", "/dev/stdout" if "-c" in arguments else words[1] + ".trace",
         *arguments, sys.executable, "-m", "tests.faults.save", *words],
        capture_output=True, text=True, env=environment(), check=False,
    )  # fmt: skip


def points(trace: Path) -> Iterator[Point]:
    """Every call from the mark on, and each fault it can have. What the light process itself says
    on stdout can be killed, but is no write of the save."""
    counts: Counter[str] = Counter()
    begun = False
    for line in trace.read_text(errors="replace").splitlines():
        match = re.match(r"(?:\d+ +)?(\w+)\((\S*)", line)
        if not match:
            continue
        call, first = match[1], match[2]
        counts[call] += 1
        if begun:
            yield Point(call, counts[call], "KILL")
            for error in ERRORS if call in CAN_FAIL and first != "1," else ():
                yield Point(call, counts[call], error)
        begun = begun or (call == "write" and f'"{MARK}\\n"' in line)


def template(source: Path, folder: Path) -> Path:
    """A run with three checkpoints, made without strace."""
    run = folder / "template"
    words = [str(source), str(run), *map(str, FIRST)]
    subprocess.run(
        [sys.executable, "-m", "tests.faults.save", *words],
        env=environment(), check=True, capture_output=True,
    )  # fmt: skip
    return run


def strike(point: Point, source: Path, run: Path) -> tuple[bool, list[str]]:
    """One save with one fault: (whether it came to the fault, what was wrong)."""
    fault = "signal=KILL" if point.fault == "KILL" else f"error={point.fault}"
    inject = ["-e", f"trace={CALLS}", "-e", f"inject={point.call}:{fault}:when={point.n}"]
    done = traced(inject, [str(source), str(run), str(NEXT)])
    told = Path(f"{run}.trace").read_text(errors="replace")
    hit = "(INJECTED)" in told or "+++ killed by SIGKILL" in told
    problems = after(run, f"acknowledged {NEXT}" in done.stdout)
    if point.fault != "KILL":
        problems += refusal(point, done)
    again = subprocess.run(
        [sys.executable, "-m", "tests.faults.save", str(source), str(run), str(NEXT)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if again.returncode:
        problems.append(f"saving again gave {again.returncode}: {again.stderr[-200:]}")
    problems += after(run, True)
    left = [p.name for p in (run / "checkpoints").glob(".tmp-*")]
    if left:
        problems.append(f"left behind: {left}")
    return hit, problems


def after(run: Path, acknowledged: bool) -> list[str]:
    """What is wrong with a run after a fault: its newest checkpoint, its best, its lines."""
    problems = []
    folder = RunFolder.open(run)
    newest, _ = folder.newest()
    wanted = {NEXT} if acknowledged else {FIRST[-1], NEXT}
    if newest is None or newest.step not in wanted or newest.state["step"] != newest.step:
        problems.append(f"newest is {newest and newest.step}, {sorted(wanted)} expected")
    try:
        if folder.best().step not in (FIRST[-1], NEXT):
            problems.append(f"best is {folder.best().step}")
        rows = lines(folder.metrics)
        if len(rows) < len(FIRST):
            problems.append(f"{len(rows)} lines of metrics are left")
    except RunError as error:
        problems.append(str(error))
    return problems


def refusal(point: Point, done: subprocess.CompletedProcess[str]) -> list[str]:
    """What is wrong with how an error of the disk was told."""
    if done.returncode == 0 and f"settled {NEXT}" in done.stdout:
        return []  # an error that was none: a file that may be missing, a read taken elsewhere
    said = done.stderr
    if done.returncode not in (2, 4, 6) or "Traceback" in said or "/" not in said:
        return [f"exit {done.returncode}: {said.strip()[-200:]!r}"]
    if done.returncode == 4 and ERRORS[point.fault] not in said:
        return [f"does not say why: {said.strip()[-200:]!r}"]
    return []


def check(folder: Path, families: tuple[str, ...] = tuple(FAMILIES)) -> list[Row]:
    """Kills for each family's state, errors for the first of them."""
    lacking = missing("strace", "strace")
    if lacking:
        return lacking
    rows: list[Row] = []
    for number, (family, source) in enumerate(references(folder / "references", families).items()):
        place = folder / f"sweep-{family}"
        place.mkdir()
        made = template(source, place)
        shutil.copytree(made, place / "whole")
        traced(["-e", f"trace={CALLS}"], [str(source), str(place / "whole"), str(NEXT)])
        todo = [p for p in points(place / "whole.trace") if p.fault == "KILL" or number == 0]

        def struck(
            point: Point, place: Path = place, made: Path = made, source: Path = source
        ) -> tuple[Point, bool, list[str]]:
            run = place / f"{point.call}-{point.n}-{point.fault}"
            shutil.copytree(made, run)
            hit, problems = strike(point, source, run)
            shutil.rmtree(run)
            Path(f"{run}.trace").unlink()
            return point, hit, problems

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(struck, todo))
        for fault in dict.fromkeys(point.fault for point in todo):
            some = [(p, hit, wrong) for p, hit, wrong in found if p.fault == fault]
            bad = [f"{p.call} {p.n}: {'; '.join(wrong)}" for p, _, wrong in some if wrong]
            missed = sum(not hit for _, hit, _ in some)
            rows.append(
                Row("sweep", f"{family}, {fault}", missed == 0, not bad,
                    f"{len(some)} points, {missed} not hit {bad[:3] or ''}".strip())
            )  # fmt: skip
    return rows
