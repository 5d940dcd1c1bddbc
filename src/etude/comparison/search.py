"""Searching any fields of the recipe: Optuna proposes, workers train, validation decides."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from etude import pipeline, registry
from etude.comparison import search_space, shared_queue
from etude.comparison.search_space import Axis
from etude.comparison.shared_queue import Board, spoken
from etude.errors import NumericsError, RunError, UsageError
from etude.inspection.words import LOWER_IS_BETTER
from etude.recipe import draft
from etude.render.progress import Tally
from etude.training.signals import Signals


@dataclass(frozen=True)
class Search:
    """What is searched: a drafted recipe, an axis for each field left open, and by which goal."""

    base: dict[str, Any]
    space: dict[str, Axis]
    goal: str

    @property
    def logs(self) -> frozenset[str]:
        """The fields that are searched evenly in their logarithm."""
        return frozenset(path for path, axis in self.space.items() if axis.kind == "log")

    @property
    def attributes(self) -> dict[str, Any]:
        """As a study keeps it."""
        lower = self.goal in LOWER_IS_BETTER
        return {
            "base": self.base,
            "space": {path: axis.plain() for path, axis in self.space.items()},
            "goal": self.goal,
            "direction": "minimize" if lower else "maximize",
            "closed": False,
        }


def asked(mapping: Mapping[str, Any], fields: Mapping[str, Any]) -> Search:
    """A search from a drafted recipe and fields by their path, some of them ranges or lists.

    Each end of each axis is checked. Raises UsageError, DataError.
    """
    axes = {}
    for path, value in fields.items():
        flat = isinstance(value, list) and not any(isinstance(each, list) for each in value)
        if flat and _is_list(path, mapping):
            continue
        if axis := search_space.axis(path, value):
            axes[path] = axis
    if not axes:
        raise UsageError(
            "There is nothing to search: give at least one field a range or several values.",
            do="For example: lr=1e-4..1e-1 model.dropout=0..0.5 optimizer=adam,nesterov",
        )
    single = {path: value for path, value in fields.items() if path not in axes}
    base = draft(base=mapping, fields={"train.threads": 1, **single})
    first = {path: axis.ends()[0] for path, axis in axes.items()}
    for path, axis in axes.items():
        for end in axis.ends():
            registry.complete(draft(base=base, fields={**first, path: end}))
    _, goal, _ = pipeline.resolve(draft(base=base, fields=first))
    return Search(base, axes, goal)


def _is_list(path: str, mapping: Mapping[str, Any]) -> bool:
    """Whether a field's one value is itself a list, as model.hidden's is."""
    head, _, name = path.partition(".")
    if head not in ("model", "data"):
        return False
    part = registry.complete(mapping).plain()[head]
    entry = registry.load(head, part["name"]).config.model_fields.get(name)  # type: ignore[arg-type]
    return entry is not None and get_origin(entry.annotation) is tuple


def play(search: Search, url: str, place: Path, trials: int, workers: int, tally: Tally) -> None:
    """Go on until there are `trials` answers, with `workers` of our own beside whoever else works
    on the study. Raises Interrupted, Stopped, RunError."""
    name = place.name
    with suppress(RunError):
        _same(shared_queue.opened(url, name).user_attrs, search, place)
    board = shared_queue.opened(url, name, {**search.attributes, "trials": trials})
    if url != local(place):
        tally.note(f"on another machine: etude work {shared_queue.hidden(url)} {name}")
    own = Board(url, name, tally.note)
    tally.begins("search", 0, trials)
    seen: set[int] = set()
    try:
        with spoken(url), Signals() as signals:
            while len(seen) < trials:
                own.help(workers)
                for row in rows(board):
                    if row["number"] not in seen:
                        seen.add(row["number"])
                        tally.one(f"trial {row['number']}: {_told(row)}")
                if signals.caught:
                    raise signals.error(
                        f"{place}: stopped and saved, {len(seen)} of {trials} trials done.",
                        do=f"Go on with the same command and --name {name}",
                    )
                time.sleep(shared_queue.POLL)
            board.set_user_attr("closed", True)
    finally:
        own.leave()


def _same(attributes: Mapping[str, Any], search: Search, place: Path) -> None:
    """Raise UsageError if a study of that name searches something else."""
    ours = search.attributes
    other = [key for key in ("base", "space", "goal") if attributes.get(key) != ours[key]]
    if other:
        raise UsageError(
            f"{place}: a study of this name is there, with another {' and '.join(other)}.",
            do="Choose another --name.",
        )


def ended(url: str, name: str) -> list[dict[str, Any]]:
    """The rows of a study."""
    return rows(shared_queue.opened(url, name))


def rows(board: Any) -> list[dict[str, Any]]:
    """Every trial that has ended, in order: number, fields, best (None: diverged or refused), why,
    seconds, and its recipe."""
    found = []
    for trial in board.get_trials(deepcopy=False):
        attributes = trial.user_attrs
        outcome = attributes.get("outcome")
        if not trial.state.is_finished() or not (outcome or "error" in attributes):
            continue
        spent = (outcome or {}).get("seconds") or [0.0]
        fields = {
            path: Axis.read(axis, path).found(trial.params[path])
            for path, axis in board.user_attrs["space"].items()
            if path in trial.params
        }
        found.append(
            {
                "number": trial.number,
                "fields": fields,
                "best": (outcome or {}).get("best"),
                "why": attributes.get("error") or (outcome or {}).get("diverged", ""),
                "seconds": spent[-1],
                "mapping": attributes.get("member", {}).get("mapping"),
            }
        )
    return found


def _told(row: Mapping[str, Any]) -> str:
    if row["best"] is not None:
        return f"{row['best']:.4g}"
    return f"no result ({row['why'][:80]})"


def best(found: list[dict[str, Any]], goal: str, place: Path) -> dict[str, Any]:
    """The row with the best validation goal. Raises NumericsError where none has a result."""
    good = [row for row in found if row["best"] is not None]
    if not good:
        raise NumericsError(
            f"{place}: no trial came to a result.",
            do="Lower the learning rates, or mend what the trials say.",
            items=sorted({row["why"] for row in found}),
        )
    sign = 1 if goal in LOWER_IS_BETTER else -1
    return min(good, key=lambda row: sign * row["best"])


def local(place: Path) -> str:
    """The storage of a search on this machine alone: a file in its folder."""
    return f"sqlite:///{os.path.abspath(place)}/shared_queue.db"
