"""Exact resume, proven by violence: runs are killed, resumed, and must end with the same bytes.

A victim is killed by SIGKILL at random moments, a fifth of them at least three times, also while
resuming and while drawing; others get SIGTERM or Ctrl-C, once or twice, alone or as a group. Then
every byte of weights, optimizers, metrics and pictures must be that of the run that never stopped.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults.common import (
    CHOICES,
    FAMILIES,
    Row,
    differing,
    digest,
    references,
    start,
    train_words,
)  # fmt: skip

SIGNALS = {
    "SIGTERM": ([signal.SIGTERM], {75}),
    "SIGINT": ([signal.SIGINT], {130}),
    "SIGTERM to the group": ([signal.SIGTERM], {75}),
    "SIGINT to the group": ([signal.SIGINT], {130}),
    "SIGINT twice": ([signal.SIGINT] * 2, {130, -signal.SIGINT}),
    "SIGTERM twice": ([signal.SIGTERM] * 2, {75, -signal.SIGTERM}),
}
SOON = 10.0
"""Seconds within which a stopped run has saved and left."""


@dataclass(frozen=True)
class Victim:
    """A family's run to be killed `times`, at moments drawn from `seed`."""

    family: str
    seed: int
    times: int


def victims(count: int) -> Iterator[Victim]:
    """`count` over all families; every fifth is killed three times or more."""
    names = list(FAMILIES)
    for i in range(count):
        yield Victim(names[i % len(names)], i, 3 + i % 3 if i % 5 == 4 else 1)


def begun(run: Path) -> bool:
    """Whether there is something to resume."""
    return (run / "recipe.json").exists()


def go_on(family: str, folder: Path) -> subprocess.Popen:
    """Resume the run in a folder, or begin it anew where it had not become one."""
    run = folder / "runs" / "run"
    words = ["resume", "runs/run"] if begun(run) else train_words(family, "run")
    return start(words, folder)


def await_start(child: subprocess.Popen, folder: Path) -> None:
    """Wait until a child trains: its lock names it, and the run is there."""
    lock = folder / "runs" / "run" / "LOCK"
    while child.poll() is None:
        held = lock.exists() and str(child.pid) in lock.read_text()
        if held and begun(lock.parent):
            return
        time.sleep(0.002)


def seconds_of(run: Path) -> float:
    """From the beginning of an unbroken run to its report."""
    began = (run / "recipe.json").stat().st_mtime
    return (run / "report.html").stat().st_mtime - began


def kill(victim: Victim, folder: Path, seconds: float) -> tuple[int, list[str]]:
    """(kills that hit, what the resuming commands complained of)."""
    draw, hits, complaints = random.Random(victim.seed), 0, []
    folder.mkdir(parents=True)
    while hits < victim.times:
        child = go_on(victim.family, folder)
        if draw.random() < 0.1:  # also before anything has begun
            time.sleep(draw.uniform(0, 2.0))
        else:
            await_start(child, folder)
            time.sleep(draw.uniform(0, seconds))
        child.kill()
        _, said = child.communicate()
        hits += child.returncode == -signal.SIGKILL
        if child.returncode not in (0, -signal.SIGKILL):
            complaints.append(said.strip()[-300:])
            break
        if child.returncode == 0:  # it was quicker: begin again, and strike sooner
            shutil.rmtree(folder / "runs")
            hits, seconds = 0, seconds * 0.7
    return hits, complaints


def finish(family: str, folder: Path, whole: dict[str, str]) -> str:
    """Let the run end; how it differs from the unbroken one, "" if it does not."""
    child = go_on(family, folder)
    _, said = child.communicate()
    if child.returncode:
        return f"resume gave {child.returncode}: {said.strip()[-300:]}"
    wrong = differing(whole, digest(folder / "runs" / "run"))
    return f"differ: {', '.join(wrong)}" if wrong else ""


def possible_choices() -> list[str]:
    """The choices that the engine can make on this processor: without bf16 instructions oneDNN has
    no LSTM in bf16, and étude refuses to begin such a run."""
    import torch

    able = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return [choice for choice in CHOICES if able or choice != "lstm, bf16"]


def check(folder: Path, count: int) -> list[Row]:
    """`count` victims of SIGKILL over all families, one killed twice of each choice that the engine
    may make, and every kind of signal."""
    choices = possible_choices()
    runs = references(folder / "references", [*FAMILIES, *choices])
    whole = {family: digest(run) for family, run in runs.items()}
    seconds = {family: seconds_of(run) for family, run in runs.items()}

    def murder(victim: Victim) -> Row:
        place = folder / f"victim-{victim.seed}"
        hits, complaints = kill(victim, place, seconds[victim.family])
        wrong = complaints or finish(victim.family, place, whole[victim.family])
        case = f"{victim.family}, victim {victim.seed}"
        return Row("SIGKILL", case, hits > 0, not wrong, f"{hits} kills {wrong or ''}".strip())

    def stop(item: tuple[int, tuple[str, str]]) -> Row:
        number, (family, kind) = item
        place = folder / f"stopped-{number}"
        hit, wrong = signalled(family, kind, place, random.Random(number), seconds[family])
        wrong = wrong or finish(family, place, whole[family])
        return Row("signals", f"{family}, {kind}", hit, not wrong, wrong)

    kinds = list(SIGNALS)
    stops = [(f, kinds[i % len(kinds)]) for i, f in enumerate([*FAMILIES] * max(1, count // 50))]
    with ThreadPoolExecutor(2) as pool:
        chosen = [Victim(choice, count + i, 2) for i, choice in enumerate(choices)]
        rows = [*pool.map(murder, [*victims(count), *chosen]), *pool.map(stop, enumerate(stops))]
    return [*rows, *can_differ(folder, runs["mlp"])]


def signalled(
    family: str, kind: str, folder: Path, draw: random.Random, seconds: float
) -> tuple[bool, str]:
    """(whether it came in time, what was wrong with how the run took it)."""
    numbers, codes = SIGNALS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    child = start(train_words(family, "run"), folder)
    await_start(child, folder)
    time.sleep(draw.uniform(0, seconds * 0.5))
    sent = time.monotonic()
    for number in numbers:
        if child.poll() is None:
            send = os.killpg if "group" in kind else os.kill
            send(child.pid, number)
            time.sleep(draw.uniform(0, 0.02))
    _, said = child.communicate()
    took = time.monotonic() - sent
    if child.returncode == 0:  # it was quicker: begin again, and strike sooner
        shutil.rmtree(folder / "runs")
        return signalled(family, kind, folder, draw, seconds * 0.7)
    problems = []
    if child.returncode not in codes:
        problems.append(f"exit {child.returncode}, expected {codes}: {said.strip()[-200:]}")
    if took > SOON:
        problems.append(f"took {took:.1f} s")
    if "Traceback" in said:
        problems.append("a traceback")
    try:
        os.killpg(child.pid, 0)
        problems.append("left a process behind")
    except ProcessLookupError:
        pass
    return True, "; ".join(problems)


def can_differ(folder: Path, run: Path) -> list[Row]:
    """The comparison can fail: another seed, and one flipped bit of one weight, are told apart."""
    other = folder / "other-seed"
    other.mkdir()
    start(train_words("mlp", "run", "seed=1"), other).communicate()
    seed = differing(digest(run), digest(other / "runs" / "run"))
    weights = next((run / "checkpoints").glob("*/model.safetensors"))
    content = weights.read_bytes()
    try:
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        flipped = differing(digest(run), {**digest(run), **_of(run, weights, content)})
    finally:
        weights.write_bytes(content)
    return [
        Row("can fail", "another seed", True, "metrics.jsonl" in seed, f"{len(seed)} files differ"),
        Row("can fail", "one flipped bit", True, len(flipped) == 1, ", ".join(flipped)),
    ]


def _of(run: Path, path: Path, content: bytes) -> dict[str, str]:
    import hashlib

    return {str(path.relative_to(run)): hashlib.sha256(content).hexdigest()}
