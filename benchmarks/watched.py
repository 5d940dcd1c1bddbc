"""étude on made data, watched from outside: time, and memory by kind, while it trains.

Memory is read from /proc (Linux): anonymous is what the process made and holds, file is what it has
mapped of files, which the system takes back when it needs room. Made data are written in blocks, so
that no more than one of them is ever in memory here.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.programs import ROOT, last_json, last_words

POLL = 0.05
BLOCK = 1 << 20
CLASSES = 10
TEST = 2000


def vectors(folder: Path, samples: int, width: int = 64) -> None:
    """Vectors [n 64] of bytes, which lean towards their class, as étude reads them: .npy files."""
    for part, count in (("train", samples), ("test", TEST)):
        rng = np.random.default_rng(len(part))
        y = rng.integers(0, CLASSES, count).astype(np.uint8)
        np.save(folder / f"y_{part}.npy", y)
        x = np.lib.format.open_memmap(
            folder / f"x_{part}.npy", "w+", np.dtype(np.uint8), (count, width)
        )
        for start in range(0, count, BLOCK):
            labels = y[start : start + BLOCK]
            block = rng.integers(0, 200, (len(labels), width), np.uint8)
            block[np.arange(len(labels)), labels] += 50
            x[start : start + BLOCK] = block
        x.flush()


def sequences(folder: Path, samples: int, length: int, features: int = 8) -> None:
    """Sequences [n L 8] of floats, whose mean leans towards their class."""
    for part, count in (("train", samples), ("test", samples // 4)):
        rng = np.random.default_rng(len(part))
        y = rng.integers(0, CLASSES, count)
        x = rng.normal(size=(count, length, features)).astype(np.float32)
        np.save(folder / f"x_{part}.npy", x + y[:, None, None].astype(np.float32) / CLASSES)
        np.save(folder / f"y_{part}.npy", y.astype(np.uint8))


def memory(pid: int) -> dict[str, float]:
    """Megabytes of each kind that are resident now; {} once it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    names = {"anonymous_mb": "RssAnon", "file_mb": "RssFile"}
    return {k: int(fields[v].split()[0]) / 1024 for k, v in names.items() if v in fields}


def train(words: Sequence[str], folder: Path) -> dict[str, Any]:
    """`etude train` in a folder: its speed, the most memory of each kind, and the anonymous memory
    after each epoch; or {"error": its last words}."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "etude", "train", *words, "--name", "run", "--json"]
    timing = folder / "runs" / "run" / "timing.jsonl"
    most: dict[str, float] = {}
    series: dict[int, float] = {}
    ended: dict[int, float] = {}
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=err)
        while child.poll() is None:
            now = memory(child.pid)
            most = {key: max(value, most.get(key, 0.0)) for key, value in now.items()} or most
            epochs = timing.read_bytes().count(b"\n") if timing.exists() else 0
            if epochs:
                ended.setdefault(epochs, time.perf_counter() - began)
                series |= {epochs: now["anonymous_mb"]} if "anonymous_mb" in now else {}
            time.sleep(POLL)
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        result, said = last_json(out.read()), last_words(err.read())
    if child.returncode or result is None:
        return {"error": f"exit code {child.returncode}: {said}"}
    rows = [json.loads(line) for line in timing.read_text(encoding="utf-8").splitlines()]
    series.pop(len(rows), None)  # after the last epoch come the test and the pictures
    later = rows[1:] or rows
    ended = ended or {len(rows): seconds}
    first, last = min(ended), max(ended)
    busy = sum(row["seconds"] for row in later) / sum(row["samples"] for row in later)
    return {
        "us": round(1e6 * busy, 3),
        "seconds_before": round(ended[first] - sum(row["seconds"] for row in rows[:first]), 3),
        "seconds_training": round(result["seconds"], 3),
        "seconds_after": round(seconds - ended[last], 3),
        "seconds_total": round(seconds, 3),
        "parameters": result["parameters"],
        **{key: round(value, 1) for key, value in most.items()},
        "series": [[epoch, round(value, 2)] for epoch, value in series.items()],
    }
