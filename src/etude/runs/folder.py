"""RunFolder: one run on the disk. It names, reads and writes files; callers interpret them."""

import io
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from etude.errors import RunError, TakenError, cause
from etude.locale.texts import Sentence, Text, text
from etude.results import AnyRow, Row, RunResult, TimeRow
from etude.runs import checkpoint
from etude.runs.checkpoint import Checkpoint, canonical
from etude.runs.files import ensure_folder, mapping, read, replace, storage, sync
from etude.runs.jsonl import append, cut, cut_damaged_lines, lines, size
from etude.runs.lock import Lock
from etude.runs.recorder import epochs_of, result_of
from etude.runs.snapshot import MAX_PACKED, unpack
from etude.system import limits
from etude.system.limits import Plain

FOLDERS = ("checkpoints", "snapshots", "pictures")
FILES = (
    "recipe.json", "provenance.json", "best.json", "LOCK", "metrics.jsonl", "timing.jsonl",
    "report.html",
)  # fmt: skip
ALLOWED_BEFORE_RECIPE = {
    "LOCK", "checkpoints", "snapshots", "pictures", "provenance.json", "metrics.jsonl",
    "timing.jsonl",
}  # fmt: skip
"""What a folder may contain before its recipe is written, which makes it a run."""


def candidates(path: Path) -> Iterator[Path]:
    """Yields a path, the same with "-2" and so on."""
    return (path.with_name(f"{path.name}-{n}") if n > 1 else path for n in range(1, 100_000))


def unused_path(path: Path) -> Path:
    """The first of the `candidates` that is not in use."""
    return next(place for place in candidates(path) if not is_taken(place))


def is_run(path: Path) -> bool:
    """Whether there is a run in this folder."""
    return (path / "recipe.json").exists()


def is_taken(path: Path) -> bool:
    """Whether `path` exists and holds more than the remains of a killed `create`."""
    # Remains do not count, because `create` would otherwise refuse a name forever for a run that
    # never started. Its subfolders are empty until the recipe is written, so a subfolder with
    # content is the user's.
    if not path.is_dir():
        return path.exists()
    for entry in path.iterdir():
        remains = entry.name in ALLOWED_BEFORE_RECIPE or entry.name.startswith(checkpoint.HIDDEN)
        if not remains or (entry.is_dir() and any(entry.iterdir())):
            return True
    return False


class RunFolder:
    """Reads the folder of a run, and writes to it while it holds the lock."""

    keeps_snapshots = True

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
        """A new folder, locked. Raises TakenError if it is in use, LockedError if another process
        is creating it."""
        if is_taken(path):
            raise TakenError(
                text("runs.taken", path=path),
                do=text("runs.taken.do", path=path, free=unused_path(path).name),
            )
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
        folder = cls(path)
        folder._lock = Lock(path / "LOCK")
        if is_taken(path):  # another process created it and finished before we had the lock
            folder.release()
            raise TakenError(text("runs.taken", path=path))
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """An existing run, for reading. Raises RunError if there is none."""
        if not is_run(path):
            raise RunError(text("runs.none", path=path, near=""))
        require_regular(path, FOLDERS, FILES)
        return cls(path)

    def lock(self) -> None:
        """Take the lock of an existing run and remove the remains of a writer that died. Raises
        LockedError if another process has it."""
        # The lock first: without it, the remains could be the files of a writer at work.
        self._lock = Lock(self.path / "LOCK")
        checkpoint.sweep(self.checkpoints)

    def release(self) -> None:
        """Release the lock."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def abandon(self) -> None:
        """Remove the folder after a failed start, unless it has become a run."""
        if is_run(self.path):
            self.release()
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            self.release()  # after the removal, so that no other process starts a run in it
            with suppress(OSError):  # the parent too, if it is a comparison without another run
                self.path.parent.rmdir()

    def discard(self) -> bool:
        """Remove a run without any checkpoint, which could not be resumed; returns whether it
        did."""
        empty = not checkpoint.steps(self.checkpoints)
        if empty:
            shutil.rmtree(self.path, ignore_errors=True)
        return empty

    def erase(self) -> None:
        """Remove a run that will be started again, and release the lock."""
        # Removed before the release, so that no other process can resume the run in between.
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def begin(self, recipe: Mapping[str, object], provenance: Mapping[str, object]) -> None:
        """Write recipe and provenance of a new run, and create its files and subfolders."""
        for folder in (self.checkpoints, self.snapshots, self.pictures):
            ensure_folder(folder)
        # Created and synced now, because `append` never syncs the folder: otherwise a later power
        # cut could remove their names.
        replace(self.metrics, b"")
        replace(self.timing, b"")
        replace(self.path / "provenance.json", canonical(provenance))
        # The recipe comes last: with it the folder counts as a run.
        replace(self.path / "recipe.json", canonical(recipe))
        with storage(self.path):
            sync(self.path.parent)

    def read(self, name: str) -> Plain:
        """The contents of recipe.json, provenance.json or best.json. Raises RunError if damaged."""
        return mapping(self.path, name)

    def commit(self, point: Checkpoint) -> None:
        """Save a checkpoint durably. Raises StorageError."""
        checkpoint.commit(self.checkpoints, point)

    def settle(self, best: int | None, finished: bool = False) -> None:
        """Write the best step so far, then prune: a finished run keeps its best and last
        checkpoint, a running one its best and last two."""
        # best.json first: a reader that opens it must not be sent to a checkpoint already pruned,
        # and a process killed in between leaves one checkpoint too many, never one too few.
        if best is not None:
            replace(self.path / "best.json", canonical({"step": best}))
        keep = set() if best is None else {best}
        checkpoint.prune(self.checkpoints, keep, last=1 if finished else 2)

    def newest(self) -> tuple[Checkpoint | None, list[Sentence]]:
        """The newest valid checkpoint, and the reasons why newer ones were skipped."""
        return checkpoint.newest(self.checkpoints)

    def best(self) -> Checkpoint:
        """The best checkpoint. Raises RunError if there is none or it is damaged."""
        step = self._best_step()
        while True:
            try:
                return checkpoint.load(self.checkpoints, step)
            except RunError:
                # If best.json has changed, the writer has pruned this checkpoint; try the new one.
                if step == (step := self._best_step()):
                    raise

    def _best_step(self) -> int:
        step = self.read("best.json").get("step")
        if not isinstance(step, int) or not 0 <= step < 2**63:
            raise RunError(text("runs.best", path=self.path / "best.json"))
        return step

    @property
    def where(self) -> str:
        """The path, as messages call this run."""
        return str(self.path)

    @property
    def how_to_continue(self) -> Text:
        """The command that continues this run after it was stopped."""
        return text("runs.stopped.do", path=self.path)

    def stopped(self, done: int, total: int) -> Text:
        """The message that this run was stopped after `done` of `total` epochs."""
        return text("runs.stopped", path=self.path, done=done, total=total)

    def add(self, row: Row) -> None:
        """Append a row to metrics.jsonl. It is durable only after `flush`."""
        append(self.metrics, row.plain())

    def add_time(self, row: TimeRow) -> None:
        """Append a row to timing.jsonl."""
        append(self.timing, row.plain())

    def flush(self) -> int:
        """The size of metrics.jsonl in bytes, after syncing it to the disk."""
        return size(self.metrics)

    def rewind(self, position: int) -> None:
        """Cut metrics.jsonl to a size that `flush` returned, and timing.jsonl where a line is
        damaged; with 0, empty both. Raises RunError if metrics.jsonl is shorter."""
        # timing.jsonl has no recorded size: clock times of steps that are repeated are real times.
        cut(self.metrics, position)
        if position:
            cut_damaged_lines(self.timing)
        else:
            cut(self.timing, 0)

    @property
    def rows(self) -> list[AnyRow]:
        """The rows of metrics.jsonl. Raises RunError if it is damaged."""
        return lines(self.metrics)

    @property
    def times(self) -> list[TimeRow]:
        """The rows of timing.jsonl. Raises RunError if it is damaged."""
        return [row for row in lines(self.timing) if isinstance(row, TimeRow)]

    def snapshot(self, step: int, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store arrays that exist only during training; equal arrays give equal bytes."""
        # savez writes each entry with the zip format's earliest date, not with the time of day.
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        replace(ensure_folder(self.snapshots) / f"{step:08d}-{kind}.npz", buffer.getvalue())

    def snapshots_of(self, kind: str) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Yields (step, arrays) of one kind in order of steps. Raises RunError for a damaged file,
        or for one with names or shapes that differ from the first."""
        pattern = re.compile(rf"([0-9]{{8,18}})-{re.escape(kind)}\.npz", re.ASCII)
        first: dict[str, tuple[int, ...]] | None = None
        entries = self.snapshots.iterdir() if self.snapshots.is_dir() else ()
        # Sorted by name: eight digits with leading zeros, so the order is that of the steps.
        for name in sorted(entry.name for entry in entries):
            if not (match := pattern.fullmatch(name)):
                continue
            content = read(self.path, f"snapshots/{name}", MAX_PACKED)
            try:
                arrays = unpack(content)
            except ValueError as error:
                raise RunError(
                    text("runs.snapshot.damaged", path=self.snapshots / name, why=cause(error))
                ) from None
            shapes = {key: array.shape for key, array in arrays.items()}
            first = shapes if first is None else first
            if shapes != first:
                raise RunError(text("runs.snapshot.differs", path=self.snapshots / name))
            yield int(match[1]), arrays

    def picture(self, name: str, content: bytes) -> Path:
        """Store a picture and return its path."""
        path = ensure_folder(self.pictures) / name
        replace(path, content)
        return path

    def stored_pictures(
        self, index: str
    ) -> Iterator[tuple[tuple[str, str, str, str], bytes, bytes]]:
        """Yields ((name, title, alt, notice), light PNG, dark PNG) of each picture that the file
        `index` lists; an index of version 0.1.0 has no notices. Raises RunError if damaged."""
        try:
            entries = limits.parse_json(read(self.path, f"pictures/{index}", limits.JSON), list)
            words = [
                (
                    *(str(entry[key]) for key in ("name", "title", "alt")),
                    str(entry.get("notice", "")),
                )
                for entry in entries
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(
                text("runs.damaged", path=self.pictures / index, why=cause(error))
            ) from None
        for name, title, alt, notice in words:
            light, dark = (
                read(self.path, f"pictures/{name}{end}.png", MAX_PACKED) for end in ("", "-dark")
            )
            yield (name, title, alt, notice), light, dark

    @property
    def result(self) -> RunResult | None:
        """The last row of a finished run: test metrics, baseline, cost. None if unfinished."""
        return result_of(self)

    def finished(self) -> RunResult:
        """The result. Raises RunError if the run is not finished."""
        result = self.result
        if result is None:
            raise RunError(
                text("runs.unfinished", path=self.path, count=len(epochs_of(self))),
                do=self.how_to_continue,
            )
        return result


def require_regular(place: Path, folders: Sequence[str], files: Sequence[str]) -> None:
    """Raise RunError if one of these names in a run is a link, a pipe or anything else than a
    regular folder or file."""
    # Reading a link would lead out of the folder, reading a pipe would wait forever, and resuming
    # would write to whatever a link points at.
    for name in (*folders, *files):
        with suppress(FileNotFoundError):
            mode = os.lstat(place / name).st_mode
            path, kind = place / name, limits.kind(mode)
            if name in folders and not stat.S_ISDIR(mode):
                what = text("runs.irregular.folder", path=path, kind=kind)
            elif name in files and not stat.S_ISREG(mode):
                what = text("runs.irregular.file", path=path, kind=kind)
            else:
                continue
            raise RunError(what, do=text("runs.irregular.do"))
