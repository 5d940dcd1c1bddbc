"""Many processes on one run: torchrun with two of them, on the CPU.

    torchrun --nproc-per-node N -m tests.faults.ranks FAMILY TYPE OUT

trains a family for some steps in float64 or float32, without dropout and batch norm, on a global
batch shared by N, and writes the weights to OUT: N processes must equal one.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.faults.common import Row, differing, digest, environment, missing, train_words

FIELDS = {
    "mlp": {"model.hidden": [32], "model.dropout": 0.0},
    "lstm": {"model.hidden": 12, "model.dropout": 0.0},
    "transformer": {"model.width": 16, "model.depth": 2, "model.dropout": 0.0},
    "vit": {"model.width": 16, "model.depth": 2, "model.dropout": 0.0},
    "aae": {
        "model.hidden": [32, 32], "model.critic": [16, 16], "model.encoder": "gaussian",
        "model.batch_norm": False, "model.code_norm": False,
    },
}  # fmt: skip
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}
"""Largest difference of a weight after 30 steps, in shares of the largest weight."""
STEPS, BATCH = 30, 63
SOON = 60.0


def torchrun(processes: int, *words: str, restarts: int = 0) -> list[str]:
    """The launcher, on a port of its own choosing."""
    options = [f"--nproc-per-node={processes}", f"--max-restarts={restarts}", "--standalone"]
    return [sys.executable, "-m", "torch.distributed.run", *options, "-m", *words]


def launch(folder: Path, words: list[str]) -> subprocess.Popen:
    """Start a job in a folder; what it says goes to a file there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "said").open("w") as said:
        return subprocess.Popen(
            words, cwd=folder, env=environment(), start_new_session=True, stdout=said, stderr=said
        )


def equal(
    folder: Path, families: Sequence[str] = tuple(FIELDS), kinds: Sequence[str] = tuple(TOLERANCE)
) -> list[Row]:
    """Two processes with one global batch beside one process."""
    rows: list[Row] = []
    for family in families:
        for kind in kinds:
            tolerance = TOLERANCE[kind]
            weights = []
            for count in (1, 2):
                out = folder / f"{family}-{kind}-{count}.npz"
                words = torchrun(count, "tests.faults.ranks", family, kind, str(out))
                child = launch(folder / "equal", words)
                if child.wait():
                    said = errors_in(folder / "equal" / "said")
                    return [*rows, Row("processes", f"{family}, {kind}", True, False, said)]
                with np.load(out) as found:
                    weights.append({name: found[name] for name in found.files})
            apart = max(
                float(np.abs(weights[0][k] - weights[1][k]).max() / np.abs(weights[0][k]).max())
                for k in weights[0]
                if weights[0][k].any()
            )
            detail = f"apart by {apart:.1e}, {tolerance:.0e} allowed"
            rows.append(
                Row(
                    "processes",
                    f"two equal one, {family}, {kind}",
                    apart > 0 or kind == "float64",
                    apart <= tolerance,
                    detail,
                )
            )
    return rows


def errors_in(said: Path) -> str:
    """The lines of what a job said that name an error."""
    lines = said.read_text(errors="replace").splitlines()
    return " / ".join([line.strip() for line in lines if "rror" in line][:6])[-600:]


def uneven(folder: Path) -> list[Row]:
    """A batch that does not divide ends, and rank 0 alone has written."""
    place = folder / "uneven"
    words = torchrun(2, "etude", *train_words("cnn", "run", "batch_size=63", "epochs=2"))
    trace = ["strace", "-ff", "-qq", "-e", "trace=openat,rename,mkdir", "-o", str(folder / "who")]
    child = launch(place, [*trace, *words])
    code = child.wait()
    writers = set()
    for path in folder.glob("who.*"):
        if re.search(r'"runs/run[^"]*", O_(WRONLY|RDWR)', path.read_text(errors="replace")):
            writers.add(path.name)
        path.unlink()
    done = (place / "runs" / "run" / "report.html").exists()
    said = "" if done else (place / "said").read_text()[-300:]
    return [
        Row("processes", "uneven shares end", True, code == 0 and done, said),
        Row("processes", "one alone writes", bool(writers), len(writers) == 1, f"{writers}"),
    ]


def killed(folder: Path) -> list[Row]:
    """A killed rank ends the job soon; torchrun's restart, and resume, go on to the same bytes."""
    whole = folder / "both"
    if launch(whole, torchrun(2, "etude", *train_words("cnn", "run"))).wait():
        return [Row("processes", "two", True, False, (whole / "said").read_text()[-300:])]
    wanted = digest(whole / "runs" / "run")
    rows = []
    for restarts, case in ((0, "then resumed"), (1, "torchrun restarts")):
        for rank in (0, 1):
            place = folder / f"killed-{restarts}-{rank}"
            words = torchrun(2, "etude", *train_words("cnn", "run"), restarts=restarts)
            child = launch(place, words)
            hit = murder(child, place, rank)
            began = time.monotonic()
            code = child.wait()
            took = time.monotonic() - began
            problems = [] if restarts or (code and took < SOON) else [f"{code} after {took:.0f} s"]
            if not restarts:
                again = launch(place, torchrun(2, "etude", "resume", "runs/run"))
                problems += [f"resume gave {again.returncode}"] if again.wait() else []
            wrong = differing(wanted, digest(place / "runs" / "run"))
            problems += [f"differ: {wrong}"] if wrong else []
            detail = f"the job ended after {took:.1f} s {'; '.join(problems)}".strip()
            rows.append(Row("processes", f"rank {rank} killed, {case}", hit, not problems, detail))
    return rows


def murder(child: subprocess.Popen, place: Path, rank: int) -> bool:
    """SIGKILL for a rank's process once a checkpoint is there; whether it was alive."""
    saved = place / "runs" / "run" / "checkpoints"
    while child.poll() is None and not any(saved.glob("[0-9]*")):
        time.sleep(0.005)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        ours = f"PWD={place}".encode() in words or os.path.realpath(process / "cwd") == str(place)
        if ours and f"RANK={rank}".encode() in words and b"etude" in command:
            os.kill(int(process.name), signal.SIGKILL)
            return True
    return False


def check(folder: Path) -> list[Row]:
    """All of it."""
    lacking = missing("strace", "strace")
    if lacking:
        return lacking
    folder = folder / "ranks"
    shutil.rmtree(folder, ignore_errors=True)
    return [*uneven(folder), *killed(folder), *equal(folder)]


def train(family: str, kind: str, out: str) -> None:
    """Some steps of a family, this process's share of each batch; rank 0 writes the weights."""
    import torch

    from etude import assembly, pipeline
    from etude.layers.gaussian import BatchNoise
    from etude.recipe import draft
    from etude.training.distributed import ALONE, World
    from etude.training.randomness import order
    from etude.training.step import Step

    fields = {
        **FIELDS[family], "train.lr": 1e-2, "train.optimizer": "momentum", "train.clip": 1.0,
        "train.device": "cpu", "train.batch_size": BATCH,
    }  # fmt: skip
    recipe = assembly.read_draft(draft(family, "digits", fields=fields))
    world = World.here()
    world.join("cpu")
    parts = assembly.prepare(recipe, ALONE)
    held, _ = pipeline.training_data(parts)
    parts.model.to(getattr(torch, kind))
    step = Step(parts.model, parts.task.phases(), parts.recipe.train, STEPS, world)
    samples = order(0, 0, len(held))
    for number in range(STEPS):
        start = number * BATCH % (len(held) - BATCH)
        batch = held.take(world.share(samples[start : start + BATCH]))
        batch = batch._replace(x=batch.x.to(getattr(torch, kind)))
        step(batch, number, BATCH, BatchNoise(number, world.rank, world.size, BATCH))
    if world.first:
        np.savez(out, **{k: p.detach().numpy() for k, p in parts.model.named_parameters()})


if __name__ == "__main__":
    train(*sys.argv[1:4])
