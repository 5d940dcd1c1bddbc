"""What the fault proofs share: reference runs, their digest, and rows of what was tried."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

# Each has dropout, augmentation, a shuffled order, a changing rate and momentum; batch norm where
# the architecture has it; the autoencoder plays all three phases, with noise in its codes.
FAMILIES = {
    "mlp": "model.hidden=32 model.dropout=0.2 data.augment=noise optimizer=momentum lr=0.02",
    "cnn": "model.channels=4,8 model.hidden=16 data.augment=translate optimizer=adamw",
    "lstm": "model.hidden=12 model.dropout=0.2 data.augment=noise optimizer=adam",
    "transformer": "model.width=16 model.depth=1 data.augment=noise optimizer=nesterov lr=0.02",
    "vit": "model.width=16 model.depth=1 data.augment=translate optimizer=muon",
    "aae": "model.hidden=32,32 model.critic=16,16 model.dropout=0.2 model.encoder=gaussian "
    "data.augment=noise",
}
CHOICES = {
    "mlp, bf16": FAMILIES["mlp"] + " precision=bf16",
    "cnn, bf16": FAMILIES["cnn"] + " precision=bf16",
    "lstm, bf16": FAMILIES["lstm"] + " precision=bf16",
    "vit, bf16": FAMILIES["vit"] + " precision=bf16",
    "aae, bf16": FAMILIES["aae"] + " precision=bf16",
    "cnn, contiguous": FAMILIES["cnn"] + " memory_format=contiguous",
    "cnn, two threads": FAMILIES["cnn"] + " threads=2",
    "mlp, compiled": FAMILIES["mlp"] + " compile=on",
}
"""What the engine may choose, where it is not what the families have."""
COMMON = (
    "epochs=4 batch_size=64 schedule=onecycle warmup=0.3 precision=fp32 compile=off device=cpu "
    "threads=1 save_seconds=0.03"
)
LEFT_OUT = {"timing.jsonl", "LOCK", "report.html"}
"""Clock times, who holds it, and the report: nothing else is left out of a comparison."""


@dataclass(frozen=True)
class Row:
    """One thing tried. hit: whether the fault really happened; ok: whether the promise held."""

    part: str
    case: str
    hit: bool
    ok: bool
    detail: str = ""


def command(*words: str) -> list[str]:
    """The command line as a user's."""
    return [sys.executable, "-m", "etude", *words]


def train_words(family: str, name: str, *more: str) -> list[str]:
    """`train` for a reference run of a family, or of one with a choice, with `more` fields
    (key=value) in place of its own."""
    words = [*COMMON.split(), *{**FAMILIES, **CHOICES}[family].split(), *more]
    fields = dict(word.split("=", 1) for word in words)
    settings = [f"{key}={value}" for key, value in fields.items()]
    return ["train", family.split(",")[0], "--data", "digits", "--name", name, *settings]


def environment() -> dict[str, str]:
    """One thread, whatever else runs; and the source that this process has imported."""
    import etude

    source = str(Path(etude.__file__).parents[1])
    paths = f"{source}{os.pathsep}{REPOSITORY}"
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "PYTHONHASHSEED": "0"}


def start(words: Sequence[str], folder: Path, **other: object) -> subprocess.Popen:
    """Start a command of ours in a folder, in a process group of its own."""
    return subprocess.Popen(
        command(*words), cwd=folder, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **other,
    )  # fmt: skip


def digest(run: Path) -> dict[str, str]:
    """SHA-256 of every file of a finished run, but for what is LEFT_OUT."""
    kept = sorted(p for p in run.rglob("*") if p.is_file() and p.name not in LEFT_OUT)
    return {str(p.relative_to(run)): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def differing(one: dict[str, str], two: dict[str, str]) -> list[str]:
    """The files that are not the same in two digests."""
    return sorted(k for k in one.keys() | two.keys() if one.get(k) != two.get(k))


def reference(family: str, folder: Path) -> Path:
    """The unbroken run of a family, trained once in `folder`."""
    run = folder / "runs" / "run"
    if not (run / "report.html").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        child = start(train_words(family, "run"), folder)
        _, errors = child.communicate()
        if child.returncode:
            raise RuntimeError(f"the reference run of {family} failed: {errors}")
    return run


def references(folder: Path, families: Sequence[str]) -> dict[str, Path]:
    """The unbroken runs of several families, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda family: reference(family, folder / _plain(family)), families)
        return dict(zip(families, found))


def _plain(family: str) -> str:
    """A family's name as a folder's."""
    return family.replace(", ", "-").replace(" ", "-")


def missing(tool: str, package: str) -> list[Row]:
    """A check that cannot be made here has failed; say what would make it possible."""
    if shutil.which(tool):
        return []
    return [Row("tools", tool, False, False, f"not here: apt-get install {package}")]
