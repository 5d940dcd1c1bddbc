"""Digests of what a refactoring must leave as it is, to the byte.

    python -m tests.digests write FILE      before the change
    python -m tests.digests compare FILE    after it, on the same machine; 1 if they differ

Covered: weights, test metrics, baselines and predictions of a short run of every architecture,
preset and task; the grade of every submission under tests/check; the exit codes of mistakes.
Message texts and clock times are left out. Bytes are those of one kind of processor and one version
of torch, so the file names both.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch

import etude
from tests.check.test_corpus import FILES, OPEN, judged
from tests.faults.common import FAMILIES, environment

EXACT = "epochs=2 batch_size=32 precision=fp32 compile=off device=cpu threads=1 seed=3"
RUNS = {
    **{name: f"train {name} --data digits {words}" for name, words in FAMILIES.items()},
    **{
        f"{name}, {preset}": f"train {name} --data digits model.preset={preset}"
        for name in ("mlp", "cnn", "lstm", "transformer", "vit", "aae")
        for preset in ("default", "notes")
    },
    "resnet": "train resnet --data digits model.mirrored=true",
    "function": "train mlp --data curve",
    "regression": "train mlp --data vectors.npz",
    "sequences": "train cnn --data sequences.npz",
    "images": "train cnn --data images.npz data.augment=translate",
    "lstm, forecast": "train lstm --data series",
    "transformer, forecast": "train transformer --data series",
    "cnn, forecast": "train cnn --data series",
}
MISTAKES = (
    "train", "train mpl", "train mlp --data digitz", "train mlp digits", "train mlp --lr nought",
    "train mlp --data nowhere.npz", "train mlp --data broken.npz", "train mlp --data text.txt",
    "train mlp model.hiden=3", "train mlp --epochs 0", "train mlp --epochs -1",
    "train mlp --seed x",
    "train cnn --data vectors.npz", "train vit --data sequences.npz", "train mlp --name a/b",
    "train mlp --preset best", "train mlp --device cuda:7", "train mlp --root sequences.npz",
    "resume runs/nothing", "resume sequences.npz", "evaluate runs/nothing", "look runs/nothing",
    "predict runs/nothing 1,2", "report runs/nothing", "generate runs/nothing", "check nothing.py",
    "check broken.py", "check empty.py", "compare", "compare mlp", "compare mlp mpl", "nothing",
    "tune mlp", "train nothing.json", "train broken.json", "train other.json", "--nothing",
)  # fmt: skip


def main() -> int:
    task, file = sys.argv[1:]
    torch.set_num_threads(1)
    found = collect()
    if task == "write":
        Path(file).write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
        return 0
    before = json.loads(Path(file).read_text(encoding="utf-8"))
    keys = sorted(before.keys() | found.keys())
    differing = [key for key in keys if before.get(key) != found.get(key)]
    for key in differing:
        print(f"{key}\n  before {before.get(key)}\n  now    {found.get(key)}")
    print(f"{len(keys) - len(differing)} of {len(keys)} equal")
    return int(bool(differing))


def collect() -> dict[str, object]:
    """Every digest by name."""
    found: dict[str, object] = {"machine": f"{platform.machine()}, torch {torch.__version__}"}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            write_data()
            for name, words in RUNS.items():
                found[f"run: {name}"] = run_digest(f"run-{len(found)}", words)
            found |= {f"grade: {path.parent.name}/{path.stem}": grade(path) for path in SUBMITTED}
            found |= {f"exit: {words}": exit_code(words) for words in MISTAKES}
        finally:
            os.chdir(home)
    return found


SUBMITTED = [*FILES, *OPEN]


def write_data() -> None:
    """Small data sets of each kind, and files that are none, in the working folder."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 3
    np.savez("vectors.npz", x=rng.normal(size=(200, 5)), y=rng.normal(7, 100, (200, 2)))
    np.savez("sequences.npz", x=rng.normal(size=(200, 24, 2)) + y[:, None, None], y=y)
    np.savez("images.npz", x=rng.integers(0, 255, (200, 12, 12, 3), np.uint8), y=y)
    for name in ("broken.npz", "text.txt", "broken.py", "broken.json"):
        Path(name).write_text("{ this is ( nothing", encoding="utf-8")
    Path("empty.py").write_text("", encoding="utf-8")
    Path("other.json").write_text('{"model": 5}', encoding="utf-8")


def run_digest(name: str, words: str) -> dict[str, object]:
    """Of one run: the hash of its weights and of its predictions, and its numbers."""
    settings = dict(word.split("=") for word in EXACT.split())
    plain = [word for word in words.split() if word.partition("=")[0] not in settings]
    ended = command(*plain, "--name", name, "--json", *EXACT.split())
    if ended.returncode:
        raise RuntimeError(f"{words} gave {ended.returncode}: {ended.stderr}")
    run = etude.load(f"runs/{name}")
    weights = hashlib.sha256()
    for key, value in sorted(run.model.state_dict().items()):
        weights.update(key.encode() + value.contiguous().numpy().tobytes())
    row = json.loads((run.path / "metrics.jsonl").read_text().splitlines()[-1])
    numbers = {split: digest_of(row[split]) for split in ("test", "val")}
    predictions = digest_of(predictions_of(run, row))
    return {"weights": weights.hexdigest(), "predictions": predictions, **numbers}


def predictions_of(run: etude.Run, row: dict) -> object:
    """What the run predicts for a few inputs like those that it was trained on."""
    if row["task"] == "autoencode":
        return np.asarray(run.generate(3, seed=1)).tolist()
    if row["data"] in ("digits", "curve", "series"):
        shape = {"digits": (4, 8, 8), "curve": (4, 1), "series": (4, 60)}[row["data"]]
        return run.predict(np.arange(np.prod(shape), dtype=np.float64).reshape(shape) % 16 + 1)
    return run.predict(row["data"] + ".npz" if "." not in row["data"] else row["data"])


def digest_of(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def grade(path: Path) -> str:
    """Status and fault of a submission, judged without the head that says what it is."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = judged(path, Path(folder))
    return f"{verdict.status} {verdict.finding.code if verdict.finding else ''}".strip()


def command(*words: str) -> subprocess.CompletedProcess:
    """A command line of étude, in a process of its own."""
    line = [sys.executable, "-m", "etude", *words]
    return subprocess.run(line, env=environment(), capture_output=True, text=True)


def exit_code(words: str) -> int:
    ended = command(*words.split())
    return -1 if "Traceback" in ended.stderr else ended.returncode


if __name__ == "__main__":
    sys.exit(main())
