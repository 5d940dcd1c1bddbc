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
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as dump_tensors

from etude.errors import RunError, StorageError
from etude.runs.files import storage, sync, write

FORMAT = 1
HIDDEN = ".tmp-"
NAME = re.compile(r"[0-9]{8,}", re.ASCII)
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")

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
        state = json.loads(contents["state.json"])
        model = parse_tensors(contents["model.safetensors"])
        optimizer = parse_tensors(contents["optimizer.safetensors"])
    except (SafetensorError, ValueError, RecursionError) as error:
        raise RunError(f"{place}: is damaged ({error}).") from None
    if not isinstance(state, dict):
        raise RunError(f"{place}: is damaged (its state is no JSON object).")
    return Checkpoint(step, model, optimizer, state)


def verified(place: Path, step: int) -> dict[str, bytes]:
    """The bytes of a checkpoint's files, each as the manifest promises. Raises RunError."""
    try:
        manifest = json.loads(_read(place / "MANIFEST.json", 1 << 20))
        entries = {
            name: (int(manifest["files"][name]["bytes"]), str(manifest["files"][name]["sha256"]))
            for name in FILES
        }
        promised = manifest["format"], manifest["step"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"{place}: its manifest cannot be read ({error}).") from None
    if promised != (FORMAT, step):
        raise RunError(f"{place}: its manifest is of another step or format {promised}.")
    contents = {}
    for name, (size, digest) in entries.items():
        try:
            content = _read(place / name, size)
        except (OSError, ValueError) as error:
            raise RunError(f"{place / name}: cannot be read ({error}).") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError(f"{place / name}: is damaged (its SHA-256 is not the manifest's).")
        contents[name] = content
    return contents


def _read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes; links are not followed."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than the {most:,} bytes it should have")
    return content


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
