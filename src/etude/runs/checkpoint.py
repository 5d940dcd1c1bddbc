"""Checkpoints that are either complete or absent, also after a crash or power cut.

To commit, `commit` writes all files to a hidden folder and syncs each, the manifest with sizes and
SHA-256 last; then it syncs the folder, renames it into place and syncs its parent. Only then is the
checkpoint reported, and only then may older ones be pruned, never the best and never the last two.
`newest` loads the newest checkpoint whose manifest verifies and names those it skipped.
Source: T. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as dump_tensors

from etude.errors import InvalidValue, RunError, StorageError, cause
from etude.locale.texts import Sentence, text
from etude.runs.files import mapping, read, storage, sync, write
from etude.system import limits
from etude.system.limits import Plain

FORMAT = 1
HIDDEN = ".tmp-"
"""Prefix of folders that are not checkpoints: being written, or being deleted."""
NAME = re.compile(r"[0-9]{8,}", re.ASCII)
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")
STATE = 16 << 20
HEADER = 8 << 20
"""Maximum size in bytes of a safetensors header; a thousand blocks under Adam take 5 MB."""
COPIES = 4
"""Copies of the weights in memory while they are loaded: as bytes, arrays, tensors, and in the
model. (Training holds as many: weights, gradients, two moments of Adam.)"""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """model: parameters and buffers by name. optimizer: its tensors as phase/i/parameter/slot.
    state: everything else, as plain JSON."""

    step: int
    model: Arrays
    optimizer: Arrays
    state: Plain


def commit(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint below `folder`. After this returns, it survives a power cut.

    Raises StorageError and then leaves older checkpoints unchanged.
    """
    final = folder / f"{checkpoint.step:08d}"
    if final.exists():
        try:
            verified(final, checkpoint.step)
            return final
        except RunError:  # `newest` skipped this damaged one, and training reached its step again
            with storage(final):
                shutil.rmtree(final)
    # Inside `folder`, because a rename is atomic only within one file system.
    hidden = folder / f"{HIDDEN}{checkpoint.step:08d}-{os.getpid()}"
    contents = {
        "model.safetensors": dump_tensors(flat(checkpoint.model)),
        "optimizer.safetensors": dump_tensors(flat(checkpoint.optimizer)),
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
        # The manifest last: where it verifies, everything before it was written.
        for name, content in contents.items():
            write(hidden / name, content)
        write(hidden / "MANIFEST.json", canonical(manifest))
        with storage(final):
            # A file's own fsync does not make its name durable; the folder needs one too. The
            # rename is atomic, so no reader sees a part of a checkpoint.
            sync(hidden)
            os.rename(hidden, final)
            sync(folder)
    except StorageError:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return final


def canonical(value: object) -> bytes:
    """Value as JSON with sorted keys, so that equal values give equal bytes."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def flat(arrays: Arrays) -> dict[str, np.ndarray]:
    """The arrays in C order, which safetensors requires, sorted by name."""
    # Not ascontiguousarray, which would turn a scalar into an array with one axis.
    return {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}


def steps(folder: Path) -> list[int]:
    """The steps of all checkpoint folders, oldest first, valid or not."""
    # Only names are read: a writer may prune a folder between listing it and opening it.
    if not folder.is_dir():
        return []
    try:
        return sorted(int(name) for name in os.listdir(folder) if NAME.fullmatch(name))
    except OSError as error:
        raise RunError(
            text("runs.checkpoint.unreadable", path=folder, why=error.strerror)
        ) from None


def load(folder: Path, step: int) -> Checkpoint:
    """Load one checkpoint and verify it against its manifest. Raises RunError with the reason."""
    place = folder / f"{step:08d}"
    contents = verified(place, step)
    try:
        state = limits.parse_json(contents["state.json"])
        model = tensors(contents["model.safetensors"])
        optimizer = tensors(contents["optimizer.safetensors"])
    except ValueError as error:
        raise RunError(text("runs.checkpoint.damaged", path=place, why=cause(error))) from None
    require_finite(model, place)
    return Checkpoint(step, model, optimizer, state)


def require_finite(model: Arrays, place: Path) -> None:
    """Raise RunError for weights from `place` that are not finite numbers."""
    # Training never saves such weights; a prediction from them would be NaN without an error.
    bad = [n for n, x in model.items() if x.dtype.kind == "f" and not np.isfinite(x).all()]
    if bad:
        raise RunError(text("runs.checkpoint.not_finite", path=place, name=bad[0][:100]))


def tensors(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file. Raises ValueError if it is damaged or of unknown types."""
    # The first 8 bytes are the header's length. A stranger's file may claim a huge header, whose
    # parsing would take far more memory than the file.
    head = int.from_bytes(content[:8], "little")
    if head > HEADER:
        raise InvalidValue(text("runs.checkpoint.header", size=head, most=HEADER))
    try:
        arrays = parse_tensors(content)
        if any(array.dtype.kind == "c" for array in arrays.values()):
            raise InvalidValue(text("runs.checkpoint.complex"))
        return arrays
    except KeyError as error:
        raise InvalidValue(text("runs.checkpoint.type", name=str(error)[:100])) from None
    except (SafetensorError, OverflowError) as error:
        raise ValueError(str(error)[:300]) from None


def verified(place: Path, step: int) -> dict[str, bytes]:
    """The bytes of a checkpoint's files, verified by size and SHA-256. Raises RunError."""
    root, inside = place.parent.parent, f"{place.parent.name}/{place.name}"
    manifest = mapping(root, f"{inside}/MANIFEST.json")
    try:
        entries = {
            name: (int(manifest["files"][name]["bytes"]), str(manifest["files"][name]["sha256"]))
            for name in FILES
        }
        identity = manifest["format"], manifest["step"]
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise RunError(text("runs.checkpoint.manifest", path=place, why=error)) from None
    if identity != (FORMAT, step):
        raise RunError(text("runs.checkpoint.other_manifest", path=place))
    contents = {}
    for name, (size, digest) in entries.items():
        # The manifest may be a stranger's, so its sizes are limited by this machine's memory.
        most = STATE if name == "state.json" else limits.memory() // COPIES
        content = read(root, f"{inside}/{name}", min(size, most))
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError(text("runs.checkpoint.sha", path=place / name))
        contents[name] = content  # returned, so that what is parsed is what was verified
    return contents


def newest(folder: Path) -> tuple[Checkpoint | None, list[Sentence]]:
    """The newest valid checkpoint, and the reasons why newer ones were skipped."""
    listed: list[int] = []
    skipped: list[Sentence] = []
    # A process that trains may prune what was just listed. If the list has changed after all of it
    # failed, it is read again.
    while listed != (listed := steps(folder)):
        skipped = []
        for step in reversed(listed):
            try:
                return load(folder, step), skipped
            except RunError as error:
                skipped.append(error.what)
    return None, skipped


def prune(folder: Path, keep: set[int], last: int = 2) -> None:
    """Delete all checkpoints except the newest `last` ones and the steps in `keep`."""
    # Two in a running run: if the newest turns out damaged, `newest` still has one to load.
    for step in set(steps(folder)[:-last]) - keep:
        if not (folder / f"{step:08d}").is_dir():
            continue  # a file of the user's with such a name
        # Renamed first, so that an interrupted deletion leaves no damaged checkpoint.
        doomed = folder / f"{HIDDEN}del-{step:08d}"
        with storage(doomed):
            os.rename(folder / f"{step:08d}", doomed)
            shutil.rmtree(doomed)


def sweep(folder: Path) -> None:
    """Remove the remains of an interrupted commit or prune. Only for the holder of the lock."""
    with storage(folder):
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            if entry.name.startswith(HIDDEN):
                shutil.rmtree(entry)
