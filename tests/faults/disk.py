"""A disk that is full, turned read-only, or a machine out of memory.

    python -m tests.faults.disk FOLDER SOURCE     (inside `unshare -rm`, where it may mount)

A small file system in memory stands for the disk. Saves meet its end at sixty-four sizes; a real
run meets it, and a read-only remount, in the middle of training. The old checkpoint stays, the
exit code is 4, the message names path and bytes; and once there is room the run goes on to the
same bytes.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from etude.runs.folder import RunFolder
from tests.faults.common import (
    Row,
    command,
    differing,
    digest,
    environment,
    missing,
    references,
    start,
    train_words,
)
from tests.faults.kills import await_start

SIZES = 64
MEMORY = 3 << 30


def mount(place: Path, options: str) -> None:
    """A file system in memory; or, remounted, with other options."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)


def unmount(place: Path) -> None:
    """Away with it."""
    subprocess.run(["umount", "-l", str(place)], check=True)


def told(child: subprocess.CompletedProcess[str], reason: str) -> list[str]:
    """What is wrong with how the end of the disk was told."""
    problems = []
    if child.returncode != 4:
        problems.append(f"exit {child.returncode}: {child.stderr.strip()[-200:]}")
    for words in (reason, "/", "cannot be written"):
        if words not in child.stderr:
            problems.append(f"{words!r} is not in: {child.stderr.strip()[-200:]}")
    if "Traceback" in child.stderr:
        problems.append("a traceback")
    return problems


def starve(place: Path, source: Path) -> list[Row]:
    """Three saves on disks of sixty-four sizes, from too small for one to large enough for all."""
    whole = sum(p.stat().st_size for p in (source / "checkpoints").rglob("*") if p.is_file())
    bad, full = [], 0
    for i in range(SIZES):
        size = 16 * 1024 + i * whole * 6 // SIZES
        mount(place, f"size={size}")
        try:
            words = [str(source), str(place / "run"), "3", "6", "9"]
            done = subprocess.run(
                [sys.executable, "-m", "tests.faults.save", *words],
                env=environment(), capture_output=True, text=True, check=False,
            )  # fmt: skip
            safe = [int(x.split()[1]) for x in done.stdout.splitlines() if x.startswith("ackn")]
            if done.returncode:
                full += 1
                bad += [f"{size}: {problem}" for problem in told(done, "the disk is full")]
            if safe:
                newest, _ = RunFolder.open(place / "run").newest()
                if newest is None or newest.step < safe[-1]:
                    bad.append(f"{size}: {safe[-1]} was acknowledged and is lost")
        finally:
            unmount(place)
    detail = f"{SIZES} sizes, {full} of them too small {bad[:3] or ''}".strip()
    return [Row("disk", "full, at every size", 0 < full < SIZES, not bad, detail)]


def midway(place: Path, source: Path, kind: str) -> Row:
    """A real run whose disk fills up, or turns read-only, while it trains; then is mended."""
    mount(place, "size=64m")
    try:
        child = start(train_words("mlp", "run"), place)
        await_start(child, place)
        run = place / "runs" / "run"
        while child.poll() is None and not any((run / "checkpoints").glob("[0-9]*")):
            time.sleep(0.002)
        filler, saved = place / "filler", str(run / "checkpoints")
        if kind == "full":
            subprocess.run(["dd", "if=/dev/zero", f"of={filler}"], capture_output=True, check=False)
        else:
            # The folder of checkpoints alone: a file system with a file open cannot be turned.
            subprocess.run(["mount", "--bind", saved, saved], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", saved], check=True)
        out, errors = child.communicate()
        done = subprocess.CompletedProcess([], child.returncode, out, errors)
        reason = "the disk is full" if kind == "full" else "read-only"
        problems = told(done, reason) if child.returncode else []
        if kind != "full":
            subprocess.run(["umount", saved], check=True)
        filler.unlink(missing_ok=True)
        again = start(["resume", "runs/run"], place)
        _, said = again.communicate()
        if again.returncode:
            problems.append(f"resume gave {again.returncode}: {said[-200:]}")
        wrong = differing(digest(source), digest(run))
        problems += [f"differ: {wrong}"] if wrong else []
        return Row("disk", f"{kind} while training", child.returncode == 4, not problems,
                   "; ".join(problems))  # fmt: skip
    finally:
        unmount(place)


def memory(folder: Path) -> Row:
    """A model for which there is no memory: said, with exit code 4, and nothing is left."""
    # So large that the first step cannot end: a run with a checkpoint would rightly be kept.
    words = command("train", "mlp", "--data", "digits", "model.hidden=20000,20000", "--name", "big")
    limit = f"import resource as r; r.setrlimit(r.RLIMIT_AS, ({MEMORY}, {MEMORY}))"
    code = f"{limit}; import sys; from etude.cli import main; main({words[3:]!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stderr
    ok = done.returncode in (2, 4) and "emory" in said and "Traceback" not in said
    left = (folder / "runs" / "big").exists()
    detail = f"exit {done.returncode}{', a run is left' if left else ''}: {said.strip()[-160:]}"
    return Row("disk", "out of memory", True, ok and not left, "" if ok and not left else detail)


def check(folder: Path) -> list[Row]:
    """All of it; what mounts runs in a namespace of its own."""
    lacking = missing("unshare", "util-linux")
    if lacking:
        return lacking
    source = references(folder / "references", ["mlp"])["mlp"]
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-m", "tests.faults.disk", str(folder), str(source)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return [Row("disk", "mounting", False, False, done.stderr.strip()[-300:])]
    rows = [Row(**entry) for entry in json.loads(done.stdout)]
    return [*rows, memory(folder)]


def main() -> None:
    """Inside the namespace: rows as JSON."""
    folder, source = Path(sys.argv[1]), Path(sys.argv[2])
    place = folder / "disk"
    shutil.rmtree(place, ignore_errors=True)
    rows = [*starve(place, source)]
    rows += [midway(place, source, kind) for kind in ("full", "read-only")]
    print(json.dumps([asdict(row) for row in rows]))


if __name__ == "__main__":
    main()
