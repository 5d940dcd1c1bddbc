"""RunFolder: one run on the disk. It opens and names things; what they mean is others' business."""

import io
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from etude.config import nearest
from etude.errors import LockedError, RunError, TakenError, UsageError, quantity
from etude.runs import checkpoint, rows
from etude.runs.checkpoint import Checkpoint, canonical
from etude.runs.files import made, mapping, read, replace, storage, sync
from etude.runs.lock import Lock
from etude.runs.snapshot import PACKED, unpack
from etude.system import limits

ROOT = Path("runs")
LONGEST = 4000
LINES = 32 << 20
"""Bytes of metrics.jsonl or timing.jsonl: a hundred thousand epochs."""
FOLDERS = ("checkpoints", "snapshots", "pictures")
FILES = (
    "recipe.json", "provenance.json", "best.json", "LOCK", "metrics.jsonl", "timing.jsonl",
    "report.html",
)  # fmt: skip
BEFORE_A_RUN = {
    "LOCK", "checkpoints", "snapshots", "pictures", "provenance.json", "metrics.jsonl",
    "timing.jsonl",
}  # fmt: skip
"""What a folder can hold before its recipe makes it a run."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def free(name: str, root: Path = ROOT) -> Path:
    """`root/name`, or `root/name-2` and so on: the first that is not taken."""
    return next(place for place in candidates(name, root) if not _taken(place))


def candidates(name: str, root: Path = ROOT) -> Iterator[Path]:
    """`root/name`, `root/name-2` and so on."""
    return (root / (name if n == 1 else f"{name}-{n}") for n in range(1, 100_000))


def reserved(name: str, root: Path = ROOT) -> Path:
    """A new, empty folder of the first of these names that is there in no form: of several
    processes that ask in one instant each gets its own."""
    for place in candidates(name, root):
        with storage(place), suppress(FileExistsError):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir()
            return place
    raise RunError(f"{root / name}: a hundred thousand folders have this name.")


def named(name: str, root: Path = ROOT) -> Path:
    """`root/name`. Raises UsageError if the name could lead elsewhere."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a run: use letters, digits, '.', '_' and '-' only, "
            "a letter or digit first, at most 100."
        )
    return root / name


def begun(path: Path) -> bool:
    """Whether there is a run in this folder."""
    return (path / "recipe.json").exists()


def _taken(path: Path) -> bool:
    """Whether something is there that is not what a start that was killed has left."""
    if not path.is_dir():
        return path.exists()
    for entry in path.iterdir():
        left = entry.name in BEFORE_A_RUN or entry.name.startswith(checkpoint.HIDDEN)
        if not left or (entry.is_dir() and any(entry.iterdir())):
            return True
    return False


class RunFolder:
    """Reads a run; writes to it while it holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.metrics = path / "metrics.jsonl"
        self.timing = path / "timing.jsonl"
        self.snapshots = path / "snapshots"
        self.pictures = path / "pictures"
        self.report = path / "report.html"
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """A new folder, locked. Raises RunError if it is taken."""
        if _taken(path):
            raise TakenError(
                f"{path} is already there; a run is never overwritten.",
                do=f"Choose another --name (free: {free(path.name, path.parent).name}), "
                f"or go on with it: etude resume {path}",
            )
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder._lock = Lock(path / "LOCK")
        if _taken(path):  # another starter was quicker, and is done
            folder.release()
            raise TakenError(f"{path} is already there; a run is never overwritten.")
        return folder

    @classmethod
    def fresh(cls, name: str, root: Path = ROOT) -> "RunFolder":
        """A new folder `root/name`, or `root/name-2` and so on: the first that is not taken and
        that no other process is about to take."""
        for place in candidates(name, root):
            if not _taken(place):
                with suppress(TakenError, LockedError):  # another starter was quicker
                    return cls.create(place)
        raise RunError(f"{root / name}: a hundred thousand runs have this name.")

    @classmethod
    def open(cls, path: Path | str) -> "RunFolder":
        """An existing run, to read. Raises RunError, suggesting a near name, if there is none."""
        place = Path(path)
        if len(str(path)) > LONGEST:
            raise RunError(f"{str(path)[:60]}...: no run has so long a name.")
        # os.path's answers are False where pathlib's raise: for a name too long, say.
        isfile = os.path.isfile
        if not isfile(place / "recipe.json") and isfile(ROOT / place / "recipe.json"):
            place = ROOT / place
        if not isfile(place / "recipe.json"):
            known = [str(run.path) for run in runs()]
            hint = nearest(str(path), known) if known else " There are no runs here yet."
            raise RunError(f"{path}: there is no run in this folder.{hint}")
        own(place, FOLDERS, FILES)
        return cls(place)

    def lock(self) -> None:
        """Take the lock of an existing run and clear what a dead writer left."""
        self._lock = Lock(self.path / "LOCK")
        checkpoint.sweep(self.checkpoints)

    def release(self) -> None:
        """Give the lock back."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def abandon(self) -> None:
        """Remove a folder in which nothing was begun, after a start that failed."""
        if (self.path / "recipe.json").exists():
            self.release()
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            self.release()  # after it is gone, so that nobody else can have begun in it
            with suppress(OSError):  # a folder for several runs, if this was to be its first
                self.path.parent.rmdir()

    def discard(self) -> bool:
        """Remove a run that has saved nothing, which could only begin anew; whether it was so."""
        empty = not checkpoint.steps(self.checkpoints)
        if empty:
            shutil.rmtree(self.path, ignore_errors=True)
        return empty

    def erase(self) -> None:
        """Remove a run that is to begin anew, and give the lock back."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def begin(self, recipe: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
        """Write what the run is. The recipe comes last: with it the folder is a run."""
        for folder in (self.checkpoints, self.snapshots, self.pictures):
            made(folder)
        # There from the start, so that no later power cut can take their names away.
        replace(self.metrics, b"")
        replace(self.timing, b"")
        replace(self.path / "provenance.json", canonical(provenance))
        replace(self.path / "recipe.json", canonical(recipe))
        with storage(self.path):
            sync(self.path.parent)

    def read(self, name: str) -> dict[str, Any]:
        """recipe.json, provenance.json or best.json. Raises RunError if it is damaged."""
        return mapping(self.path, name)

    def commit(self, point: Checkpoint) -> None:
        """Save a checkpoint; when this returns it is safe."""
        checkpoint.commit(self.checkpoints, point)

    def settle(self, best: int | None, finished: bool = False) -> None:
        """Say which step is the best so far, then prune; a finished run keeps best and last."""
        if best is not None:
            replace(self.path / "best.json", canonical({"step": best}))
        keep = set() if best is None else {best}
        checkpoint.prune(self.checkpoints, keep, last=1 if finished else 2)

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest whole checkpoint, and why newer ones were passed over."""
        return checkpoint.newest(self.checkpoints)

    def best(self) -> Checkpoint:
        """The best checkpoint. Raises RunError if there is none or it is damaged."""
        step = self._best_step()
        while True:
            try:
                return checkpoint.load(self.checkpoints, step)
            except RunError:
                if step == (step := self._best_step()):
                    raise  # else its writer was quicker, and has pruned it

    def _best_step(self) -> int:
        step = self.read("best.json").get("step")
        if not isinstance(step, int) or not 0 <= step < 2**63:
            raise RunError(f"{self.path / 'best.json'}: names no step; the run is damaged.")
        return step

    def snapshot(self, step: int, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays that exist only while training; equal arrays give equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        replace(made(self.snapshots) / f"{step:08d}-{kind}.npz", buffer.getvalue())

    def snapshots_of(self, kind: str) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """(step, arrays) of one kind, in order of steps. Raises RunError for one that is damaged,
        or whose arrays are others than those of the first."""
        known = re.compile(rf"([0-9]{{8,18}})-{re.escape(kind)}\.npz", re.ASCII)
        first: dict[str, tuple[int, ...]] | None = None
        there = self.snapshots.iterdir() if self.snapshots.is_dir() else ()
        for name in sorted(entry.name for entry in there):
            if not (match := known.fullmatch(name)):
                continue
            content = read(self.path, f"snapshots/{name}", PACKED)
            try:
                arrays = unpack(content)
            except ValueError as error:
                raise RunError(f"{self.snapshots / name}: {error}; it is damaged.") from None
            shapes = {key: array.shape for key, array in arrays.items()}
            first = shapes if first is None else first
            if shapes != first:
                raise RunError(f"{self.snapshots / name}: has other arrays than those before it.")
            yield int(match[1]), arrays

    def picture(self, name: str, content: bytes) -> Path:
        """Keep a picture."""
        path = made(self.pictures) / name
        replace(path, content)
        return path

    def kept(self, index: str) -> Iterator[tuple[tuple[str, str, str, str], bytes, bytes]]:
        """((name, title, alt, notice), light, dark) of each picture in the list that `index` keeps;
        an index of version 0.1.0 has no notices."""
        try:
            entries = limits.parsed(read(self.path, f"pictures/{index}", limits.JSON), list)
            words = [
                (
                    *(str(entry[key]) for key in ("name", "title", "alt")),
                    str(entry.get("notice", "")),
                )
                for entry in entries
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.pictures / index}: {error}; the run is damaged.") from None
        for name, title, alt, notice in words:
            light, dark = (
                read(self.path, f"pictures/{name}{end}.png", PACKED) for end in ("", "-dark")
            )
            yield (name, title, alt, notice), light, dark

    @property
    def result(self) -> dict[str, Any] | None:
        """The line that a finished run ends with: test metrics, baseline, cost. None before."""
        return next((row for row in lines(self.metrics) if row.get("event") == "end"), None)

    def finished(self) -> dict[str, Any]:
        """The result. Raises RunError if the run is not finished."""
        result = self.result
        if result is None:
            done = sum(row.get("event") == "epoch" for row in lines(self.metrics))
            raise RunError(
                f"{self.path}: this run is unfinished ({quantity(done, 'epoch')} done).",
                do=f"Go on with it: etude resume {self.path}",
            )
        return result


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add one JSON line."""
    line = (json.dumps(row, sort_keys=True, allow_nan=False) + "\n").encode()
    with storage(path, len(line)), path.open("ab") as file:
        file.write(line)


def size(path: Path) -> int:
    """Bytes in a file, 0 if there is none. For metrics it waits until they are on the disk."""
    if not path.exists():
        return 0
    with storage(path), path.open("rb") as file:
        os.fsync(file.fileno())
        return path.stat().st_size


def cut(path: Path, length: int) -> None:
    """Keep the first `length` bytes: what a checkpoint vouches for. Raises RunError if there are
    fewer."""
    found = path.stat().st_size if path.exists() else 0
    if found < length:
        raise RunError(f"{path}: has {found:,} bytes, {length:,} expected; the run is damaged.")
    if path.exists():
        with storage(path):
            os.truncate(path, length)


def whole_lines(path: Path) -> None:
    """Keep the lines before the first that a writer that died, or a power cut, left damaged."""
    good = 0
    text = read(path.parent, path.name, LINES) if path.exists() else b""
    for line in text.splitlines(keepends=True):
        try:
            limits.parsed(line)
            whole = line.endswith(b"\n")
        except ValueError:
            whole = False
        if not whole:
            break
        good += len(line)
    cut(path, good)


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a .jsonl file; a last line without its end is not there yet. Raises RunError for
    one that is none of ours."""
    if not os.path.lexists(path):
        return []
    text = read(path.parent, path.name, LINES)
    found = []
    for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
        try:
            found.append(rows.checked(limits.parsed(line)))
        except ValueError as error:
            raise RunError(f"{path}, line {number}: {error}; the run is damaged.") from None
    try:
        rows.agree(found)
    except ValueError as error:
        raise RunError(f"{path}: {error}; the run is damaged.") from None
    return found


def runs(root: Path = ROOT) -> list[RunFolder]:
    """All runs below a folder, two levels deep, newest last. Links below a run are not followed."""
    found: dict[Path, float] = {}
    for place in _folders(root, links=True):
        for inner in (place, *_folders(place, links=False)):
            with suppress(OSError):
                status = os.lstat(inner / "recipe.json")
                if stat.S_ISREG(status.st_mode):
                    found[inner] = status.st_mtime
    return [RunFolder(place) for place in sorted(found, key=lambda place: found[place])]


def _folders(place: Path, links: bool) -> list[Path]:
    """The folders in a folder, by name; links to folders too, where they are the user's own."""
    try:
        with os.scandir(place) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=links))
    except OSError:
        return []


def own(place: Path, folders: Sequence[str], files: Sequence[str]) -> None:
    """Raise RunError if one of a run's own names is a link, a pipe or another thing that is not
    its own: reading would lead out of the folder, or wait; resuming would write there."""
    for name in (*folders, *files):
        with suppress(FileNotFoundError):
            mode = os.lstat(place / name).st_mode
            wanted, known = (stat.S_ISDIR, "folder") if name in folders else (stat.S_ISREG, "file")
            if not wanted(mode):
                raise RunError(
                    f"{place / name}: is {limits.kind(mode)}, not a {known}; no run of ours has "
                    "such a thing.",
                    do="If you trust it, put what it stands for in its place.",
                )
