"""Recorder: where a run writes what it computes, and from where it is read again.

There are two: `RunFolder` on the disk, from which a run can be resumed, and `MemoryRun`, which
lives as long as its process.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from etude.errors import RunError
from etude.locale.texts import Sentence, Text, text
from etude.results import AnyRow, EpochRow, Row, RunResult, TimeRow, parse
from etude.runs.checkpoint import Checkpoint
from etude.system.limits import Plain

KINDS = ("samples", "weights")
"""The kinds of snapshots: a task's own arrays, and histograms of weights and gradients."""


@runtime_checkable
class Recorder(Protocol):
    """One run: its recipe, rows of metrics and of time, snapshots and checkpoints."""

    @property
    def keeps_snapshots(self) -> bool:
        """Whether snapshots for later pictures are worth computing."""

    @property
    def where(self) -> Sentence:
        """How messages call this run: its path, or that it is in memory."""

    @property
    def how_to_continue(self) -> Text:
        """What a user does to continue this run after it was stopped."""

    def stopped(self, done: int, total: int) -> Text:
        """The message that this run was stopped after `done` of `total` epochs, and whether it was
        saved."""

    def begin(self, recipe: Mapping[str, object], provenance: Mapping[str, object]) -> None:
        """Store recipe and provenance of a new run, as plain JSON values."""

    def read(self, name: str) -> Plain:
        """The contents of "recipe.json" or "provenance.json"."""

    def add(self, row: Row) -> None:
        """Append a row of metrics."""

    def add_time(self, row: TimeRow) -> None:
        """Append a row of clock time."""

    def flush(self) -> int:
        """Make the rows of metrics durable, and return a position for `rewind`."""

    def rewind(self, position: int) -> None:
        """Remove the rows of metrics after a position; 0 also removes those of time."""

    @property
    def rows(self) -> list[AnyRow]:
        """The rows of metrics: one per epoch, and the result of a finished run."""

    @property
    def times(self) -> list[TimeRow]:
        """The rows of clock time."""

    def snapshot(self, step: int, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store arrays that exist only during training."""

    def snapshots_of(self, kind: str) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Yields (step, arrays) of one kind in order of steps."""

    def commit(self, point: Checkpoint) -> None:
        """Store a checkpoint. Raises StorageError."""

    def settle(self, best: int | None, finished: bool = False) -> None:
        """Store which step is best so far, and remove checkpoints that nobody needs any more."""

    def newest(self) -> tuple[Checkpoint | None, list[Sentence]]:
        """The newest valid checkpoint, and the reasons why newer ones were skipped."""

    def best(self) -> Checkpoint:
        """The best checkpoint. Raises RunError if there is none."""


def result_of(run: Recorder) -> RunResult | None:
    """The last row of a finished run: test metrics, baselines, cost. None if it is unfinished."""
    return next((row for row in run.rows if isinstance(row, RunResult)), None)


def epochs_of(run: Recorder) -> list[EpochRow]:
    """The rows of the epochs: training losses by phase, and validation metrics."""
    return [row for row in run.rows if isinstance(row, EpochRow)]


class MemoryRun:
    """A run without a folder. What it holds is what a folder would hold, as read from it."""

    keeps_snapshots = True
    where: Sentence = text("runs.memory")
    how_to_continue = text("runs.memory.stopped.do")

    def __init__(self) -> None:
        self.rows: list[AnyRow] = []
        self.times: list[TimeRow] = []
        self._files: dict[str, Plain] = {}
        self._snapshots: list[tuple[str, int, dict[str, np.ndarray]]] = []
        self._points: dict[int, Checkpoint] = {}
        self._best: int | None = None

    def stopped(self, done: int, total: int) -> Text:
        """See Recorder."""
        return text("runs.memory.stopped", done=done, total=total)

    def begin(self, recipe: Mapping[str, object], provenance: Mapping[str, object]) -> None:
        """See Recorder."""
        self._files = {"recipe.json": _as_stored(recipe), "provenance.json": _as_stored(provenance)}

    def read(self, name: str) -> Plain:
        """See Recorder."""
        return self._files[name]

    def add(self, row: Row) -> None:
        """See Recorder."""
        self.rows.append(parse(row.plain()))

    def add_time(self, row: TimeRow) -> None:
        """See Recorder."""
        self.times.append(row)

    def flush(self) -> int:
        """See Recorder; a position is a number of rows."""
        return len(self.rows)

    def rewind(self, position: int) -> None:
        """See Recorder."""
        del self.rows[position:]
        if not position:
            self.times.clear()

    def snapshot(self, step: int, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """See Recorder."""
        self._snapshots.append((kind, step, dict(arrays)))

    def snapshots_of(self, kind: str) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """See Recorder."""
        return ((step, arrays) for name, step, arrays in self._snapshots if name == kind)

    def commit(self, point: Checkpoint) -> None:
        """See Recorder."""
        self._points[point.step] = point

    def settle(self, best: int | None, finished: bool = False) -> None:
        """See Recorder."""
        self._best = best
        needed = {best, max(self._points)}
        self._points = {step: point for step, point in self._points.items() if step in needed}

    def newest(self) -> tuple[Checkpoint | None, list[Sentence]]:
        """See Recorder."""
        return (self._points[max(self._points)] if self._points else None), []

    def best(self) -> Checkpoint:
        """See Recorder."""
        if self._best is None:
            raise RunError(text("runs.memory.no_checkpoint"))
        return self._points[self._best]


def copy(source: Recorder, target: Recorder) -> None:
    """Write all that a finished run holds to another recorder."""
    target.begin(source.read("recipe.json"), source.read("provenance.json"))
    for row in source.rows:
        target.add(row)
    for row in source.times:
        target.add_time(row)
    for kind in KINDS:
        for step, arrays in source.snapshots_of(kind):
            target.snapshot(step, kind, arrays)
    best, (last, _) = source.best(), source.newest()
    for point in (best, last):
        if point is not None:
            target.commit(point)
    target.flush()
    target.settle(best.step, finished=True)


def _as_stored(mapping: Mapping[str, object]) -> Plain:
    """A copy as a file would give it back: lists for tuples, text for keys."""
    return json.loads(json.dumps(mapping, allow_nan=False))  # type: ignore[no-any-return]


def curves(run: Recorder, goal: str) -> dict[str, object]:
    """The validation goal after each epoch, and the training seconds up to that epoch."""
    val, times = [row.val[goal] for row in epochs_of(run)], run.times
    # An epoch that was interrupted and resumed has several rows of times. Their epochs count from
    # 1.
    spent = [sum(t.seconds for t in times if t.epoch <= e + 1) for e in range(len(val))]
    return {"val": tuple(val), "seconds": tuple(spent)}
