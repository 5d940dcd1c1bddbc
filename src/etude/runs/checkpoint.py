"""Checkpoints that are whole or absent.

Commit: a hidden folder beside the others; every file written and synced, the manifest with sizes
and SHA-256 last; the folder synced, renamed, its parent synced. Only then is it reported, and only
then are older ones pruned - never the best, never the last two. Load: the newest whose manifest
verifies; what was passed over is named. After P. Pillai et al., "All File Systems Are Not Created
Equal", OSDI 2014.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as dump_tensors

from etude.errors import RunError, StorageError
from etude.runs.files import mapping, read, storage, sync, write
from etude.system import limits

FORMAT = 1
HIDDEN = ".tmp-"
NAME = re.compile(r"[0-9]{8,}", re.ASCII)
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")
STATE = 16 << 20
HEADER = 8 << 20
"""Bytes of a safetensors file's list of tensors: a thousand blocks under Adam take 5 MB."""
COPIES = 4
"""How many times the weights are in memory while they are loaded: as bytes, as arrays, as tensors,
in the model. (In training: weights, gradients, two moments.)"""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """model: parameters and buffers by name. optimizer: its tensors as phase/i/parameter/slot.
    state: everything else, as plain JSON."""

    step: int
    model: Arrays
    optimizer: Arrays
    state: Mapping[str, Any]


def commit(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint below `folder`; when this returns it survives a power cut.

    Raises StorageError, and leaves the older checkpoints as they were.
    """
    final = folder / f"{checkpoint.step:08d}"
    if final.exists():
        try:
            verified(final, checkpoint.step)
            return final
        except RunError:  # passed over by `newest`, and reached again: write it anew
            with storage(final):
                shutil.rmtree(final)
    hidden = folder / f"{HIDDEN}{checkpoint.step:08d}-{os.getpid()}"
    contents = {
        "model.safetensors": dump_tensors(_flat(checkpoint.model)),
        "optimizer.safetensors": dump_tensors(_flat(checkpoint.optimizer)),
        "state.json": canonical(checkpoint.state),
    }
    manifest = {
        "format": FORMAT,
        "step": checkpoint.step,
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        },
    }
    try:
        with storage(hidden):
            hidden.mkdir(parents=True)
        for name, content in contents.items():
            write(hidden / name, content)
        write(hidden / "MANIFEST.json", canonical(manifest))
        with storage(final):
            sync(hidden)
            os.rename(hidden, final)
            sync(folder)
    except StorageError:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return final


def canonical(value: Any) -> bytes:
    """JSON with sorted keys: equal values give equal bytes."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def _flat(arrays: Arrays) -> dict[str, np.ndarray]:
    """In C order and sorted by name; safetensors takes nothing else. (ascontiguousarray would give
    a scalar an axis.)"""
    return {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}


def steps(folder: Path) -> list[int]:
    """The steps of all checkpoints that have a name, oldest first; whole or not. Names alone are
    looked at: a writer may prune between a look at a name and one behind it."""
    if not folder.is_dir():
        return []
    try:
        return sorted(int(name) for name in os.listdir(folder) if NAME.fullmatch(name))
    except OSError as error:
        raise RunError(f"{folder}: cannot be read ({error.strerror}).") from None


def load(folder: Path, step: int) -> Checkpoint:
    """One checkpoint, verified against its manifest. Raises RunError saying what is wrong."""
    place = folder / f"{step:08d}"
    contents = verified(place, step)
    try:
        state = limits.parsed(contents["state.json"])
        model = tensors(contents["model.safetensors"])
        optimizer = tensors(contents["optimizer.safetensors"])
    except ValueError as error:
        raise RunError(f"{place}: is damaged ({str(error)[:300]}).") from None
    bad = [n for n, x in model.items() if x.dtype.kind == "f" and not np.isfinite(x).all()]
    if bad:
        raise RunError(f"{place}: is damaged ({bad[0][:100]} has values that are not finite).")
    return Checkpoint(step, model, optimizer, state)


def tensors(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file. Raises ValueError."""
    head = int.from_bytes(content[:8], "little")
    if head > HEADER:
        raise ValueError(f"its list of tensors has {head:,} bytes; {HEADER:,} is the most read")
    try:
        found = parse_tensors(content)
        if any(array.dtype.kind == "c" for array in found.values()):
            raise ValueError("complex numbers, which no network of ours has")
        return found
    except KeyError as error:
        raise ValueError(f"a tensor of type {error}, which is not read") from None
    except (SafetensorError, OverflowError) as error:
        raise ValueError(str(error)) from None


def verified(place: Path, step: int) -> dict[str, bytes]:
    """The bytes of a checkpoint's files, each as the manifest promises. Raises RunError."""
    root, inside = place.parent.parent, f"{place.parent.name}/{place.name}"
    manifest = mapping(root, f"{inside}/MANIFEST.json")
    try:
        entries = {
            name: (int(manifest["files"][name]["bytes"]), str(manifest["files"][name]["sha256"]))
            for name in FILES
        }
        promised = manifest["format"], manifest["step"]
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise RunError(f"{place}: its manifest is not whole ({error}).") from None
    if promised != (FORMAT, step):
        raise RunError(f"{place}: its manifest is of another step or format.")
    contents = {}
    for name, (size, digest) in entries.items():
        most = STATE if name == "state.json" else limits.memory() // COPIES
        content = read(root, f"{inside}/{name}", min(size, most))
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError(f"{place / name}: is damaged (its SHA-256 is not the manifest's).")
        contents[name] = content
    return contents


def newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and why newer ones were passed over.

    A writer at work may prune what was just listed: then what is there now is looked at again.
    """
    known: list[int] = []
    skipped: list[str] = []
    while known != (known := steps(folder)):
        skipped = []
        for step in reversed(known):
            try:
                return load(folder, step), skipped
            except RunError as error:
                skipped.append(error.what)
    return None, skipped


def prune(folder: Path, keep: set[int], last: int = 2) -> None:
    """Delete all checkpoints but the `last` ones and those in `keep`; rename first, then delete."""
    known = steps(folder)
    for step in set(known[:-last]) - keep:
        if not (folder / f"{step:08d}").is_dir():
            continue  # something of the user's
        doomed = folder / f"{HIDDEN}del-{step:08d}"
        with storage(doomed):
            os.rename(folder / f"{step:08d}", doomed)
            shutil.rmtree(doomed)


def sweep(folder: Path) -> None:
    """Remove what an interrupted commit or prune left. Only for the holder of the lock."""
    with storage(folder):
        for left in sorted(folder.iterdir()) if folder.is_dir() else ():
            if left.name.startswith(HIDDEN):
                shutil.rmtree(left)
