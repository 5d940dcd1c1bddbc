"""Trains the network of an estimator on arrays in memory: the engine of `etude.train` without what
belongs to a run.

A fit needs no test split, no baselines, no look for duplicates, no fingerprint, no snapshots and no
report. If the estimator has a `run_dir`, it is a run with all of that.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from joblib.parallel import get_active_backend
from torch import nn

from etude import assembly, pipeline, registry
from etude.data.dataset import Dataset, Raw, Split, arranged
from etude.data.numpy_files import number_type
from etude.data.resident import Resident
from etude.data.splits import stratified
from etude.errors import Interrupted, InvalidValue, NumericsError, Stopped, StorageError, UsageError
from etude.estimators.fitted import Fitted
from etude.estimators.watch import Watch
from etude.inference.run import Run
from etude.loading import NO_OBJECTS, Objects, architecture_of
from etude.locale.texts import Lang, text
from etude.recipe import MEMORY, Part, Recipe, RecipeDraft
from etude.results import Row
from etude.runs.checkpoint import Checkpoint
from etude.runs.recorder import MemoryRun
from etude.runs.workspace import Workspace
from etude.shapes import Kind, Target
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.tasks.protocol import Prediction, Task
from etude.training.distributed import ALONE
from etude.training.loop import Loop

KINDS: dict[int, Kind] = {2: "vector", 3: "sequence", 4: "image"}
"""What samples are, by the axes of X."""
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Goal:
    """What is learned. y: class numbers [n], or values [n D] float64. classes: their names."""

    target: Target
    y: np.ndarray
    classes: tuple[str, ...] = ()


class FitRun(MemoryRun):
    """What a fit writes: rows of epochs, and checkpoints. start: where training goes on."""

    keeps_snapshots = False

    def __init__(self, start: Checkpoint | None) -> None:
        super().__init__()
        if start is not None:
            self._points[start.step] = start

    def add(self, row: Row) -> None:
        """See Recorder. The row is not parsed: nobody reads it from a file."""
        self.rows.append(row)

    def rewind(self, position: int) -> None:
        """See Recorder. The rows of a fit are its own from the start."""


@contextmanager
def alone() -> Iterator[None]:
    """Inside, the process belongs to this call, because the random generators and the thread count
    of torch are common to all threads of a process. Afterwards they are the caller's.

    In a worker of joblib torch takes one thread: there are as many workers as cores.
    """
    with _ONE_AT_A_TIME, preserve_caller_state():
        if in_worker():
            torch.set_num_threads(1)
        yield


def in_worker() -> bool:
    """Whether this is a process or a thread of joblib."""
    return bool(get_active_backend()[0].nesting_level)


def stored(x: np.ndarray) -> np.ndarray:
    """Samples in a type that the engine reads: uint8, float32 or float64."""
    dtype = number_type(x.dtype)
    if dtype.kind in "iu" and dtype.itemsize == 8:
        dtype = np.dtype(np.float64)
    return np.ascontiguousarray(x, dtype)


def fit(
    draft: RecipeDraft,
    raw: Raw,
    held: float | None,
    start: Fitted | None,
    listen: Watch,
) -> tuple[Fitted, list[Plain]]:
    """Train on all samples of `raw.train`; returns also the rows of the epochs.

    held: the fraction that is held back for early stopping. start: whose weights and Card training
    begins with. Raises EtudeError, InvalidValue.
    """
    train, val = (raw.train, raw.test) if held is None else _held_back(raw, held, draft.seed)
    if start is None:
        architecture = architecture_of(draft.model.name, NO_OBJECTS)
        reads, scale = architecture.reads, architecture.scale
        dataset = arranged(raw, train, val, raw.test, reads=reads, scale=scale)
    else:
        dataset = Dataset(start.card, train, val, raw.test)
    source = registry.load("data", draft.data.name).config.read(draft.data.fields, "data")
    parts = assembly.prepare_dataset(draft, dataset, source, ALONE, NO_OBJECTS)
    return _trained(parts.recipe, parts.dataset, parts.model, parts.task, start, True, listen)


def go_on(start: Fitted, raw: Raw, batch_size: int, listen: Watch) -> tuple[Fitted, list[Plain]]:
    """One more epoch on the samples of `raw.train`, with the optimizers, the Card and the learning
    rate of `start`. Raises EtudeError."""
    once = {"epochs": start.epoch + 1, "batch_size": batch_size, "patience": 0}
    constant = {"schedule": "constant", "warmup": 0.0}
    train = start.recipe.train.model_copy(update={**once, **constant})
    recipe = start.recipe.model_copy(update={"train": train})
    dataset = Dataset(start.card, raw.train, raw.test, raw.test)
    if not in_worker():
        torch.set_num_threads(train.threads)
    model, task = assembly.rebuild(recipe, start.card)
    return _trained(recipe, dataset, model, task, start, False, listen)


def require_task(draft: RecipeDraft, target: Target, predicts: Prediction) -> None:
    """Raise UsageError unless the task that the draft leads to predicts what an estimator needs: an
    autoencoder is no classifier, though it can be trained on images with classes."""
    name = draft.model.name
    fit = {one.name: one for one in assembly.tasks_of(architecture_of(name, NO_OBJECTS), target)}
    asked = draft.task.name if draft.task else ""
    # An unknown name, or a model without a task, has its own message later.
    kind = fit.get(asked) if asked else next(iter(fit.values()), None)
    if kind is not None and kind.predicts != predicts:
        raise UsageError(
            text(f"estimators.predicts.{predicts}", model=name), do=text("estimators.predicts.do")
        )


def _held_back(raw: Raw, fraction: float, seed: int) -> tuple[Split, Split]:
    """The training samples in two parts. Raises InvalidValue if the second would be empty, or if
    all weights of a part are 0."""
    rest, drawn = stratified(raw.train.y, fraction, seed)
    if not len(drawn):
        raise InvalidValue(text("estimators.few", count=len(raw.train), fraction=fraction))
    parts = raw.train.take(rest), raw.train.take(drawn)
    if any(part.weights is not None and not part.weights.any() for part in parts):
        raise InvalidValue(text("estimators.weights.held", fraction=fraction))
    return parts


def raw_of(x: np.ndarray, goal: Goal, weights: np.ndarray | None) -> Raw:
    """Samples [n ...] with weights [n], all for training."""
    train = Split(x, goal.y, weights=weights)
    none = Split(x[:0], goal.y[:0])
    return Raw(MEMORY, KINDS[x.ndim], goal.target, train, none, classes=goal.classes)


def _trained(
    recipe: Recipe,
    dataset: Dataset,
    model: nn.Module,
    task: Task,
    start: Fitted | None,
    fresh: bool,
    listen: Watch,
) -> tuple[Fitted, list[Plain]]:
    """Run the loop of the engine. fresh: see `Fitted.point`."""
    device, card = torch.device(recipe.train.device), dataset.card
    ops = tuple(recipe.data.fields["augment"])
    train = Resident(dataset.train, card, device, ops)
    val = Resident(dataset.val, card, device) if len(dataset.val) else None
    run = FitRun(start.point(recipe, len(task.phases()), fresh) if start else None)
    run.begin(recipe.plain(), {})
    listen.begins(recipe.train.epochs, len(train) // recipe.train.batch_size)
    loop = Loop(model.to(device), task, recipe, train, val, run, {}, listen, ALONE)
    with _signals_of_the_caller():
        loop.fit()
    newest, best = run.newest()[0], run.best()
    assert newest is not None  # the loop ends with a checkpoint
    at = loop.at
    rows = [row.plain() for row in run.rows]
    return Fitted(recipe, card, best.model, newest.optimizer, at.epoch, at.step), rows


@contextmanager
def _signals_of_the_caller() -> Iterator[None]:
    """Inside, the loop stops between two steps after Ctrl-C or SIGTERM; then the caller's own
    handlers get the signal, so that Ctrl-C ends a whole search and not one fit of it."""
    try:
        yield
    except Interrupted:
        signal.raise_signal(signal.SIGINT)
        raise
    except Stopped:
        signal.raise_signal(signal.SIGTERM)
        raise


def fit_in_folder(
    draft: RecipeDraft, objects: Objects, place: Path, quiet: bool, lang: Lang
) -> tuple[Fitted, Run]:
    """Train as `etude.train` does, with three splits, a test result and a report, in the folder
    `place` or, if that is taken, in the first free one beside it. Raises EtudeError."""
    folder = Workspace(place.parent).create(place.name)
    try:
        folder, parts = pipeline.begin(folder, draft, quiet, lang, objects)
    except BaseException:
        folder.abandon()
        raise
    try:
        with _signals_of_the_caller():
            run = pipeline.play(folder, parts, quiet, lang, objects)
    except (NumericsError, StorageError, MemoryError, RuntimeError):
        folder.discard()
        raise
    best, newest = folder.best(), folder.newest()[0]
    assert newest is not None
    at = newest.state["progress"]
    fitted = Fitted(run.recipe, run.card, best.model, newest.optimizer, at["epoch"], at["step"])
    return fitted, run


def with_batch(draft: RecipeDraft, count: int) -> RecipeDraft:
    """The draft with batches of at most `count` samples, as scikit-learn's networks do it."""
    size = draft.train.batch_size
    if size is None or size <= count:
        return draft
    return draft.model_copy(update={"train": draft.train.model_copy(update={"batch_size": count})})


def reading(draft: RecipeDraft, fields: Mapping[str, object]) -> RecipeDraft:
    """The draft with fields that say how its arrays are read."""
    return draft.model_copy(update={"data": Part.read({**draft.data.plain(), **fields}, "data")})
