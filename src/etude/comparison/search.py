"""Searches over fields of the recipe: Optuna proposes values, workers train, validation decides."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from etude import assembly, registry
from etude.comparison import search_space, shared_queue
from etude.comparison.search_space import Axis
from etude.comparison.shared_queue import SharedQueue, storage_errors
from etude.errors import NumericsError, RunError, UsageError
from etude.recipe import draft
from etude.render.progress import Tally
from etude.stats import metric_of
from etude.training.distributed import ALONE
from etude.training.signals import Signals


@dataclass(frozen=True)
class Search:
    """A search: the draft of a recipe, an axis per searched field, and the metric that decides."""

    base: dict[str, Any]
    space: dict[str, Axis]
    goal: str

    @property
    def log_fields(self) -> frozenset[str]:
        """Fields that are sampled uniformly in their logarithm."""
        return frozenset(path for path, axis in self.space.items() if axis.kind == "log")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the Optuna study, from which any worker can continue the search."""
        lower = metric_of(self.goal).lower_is_better
        return {
            "base": self.base,
            "space": {path: axis.plain() for path, axis in self.space.items()},
            "goal": self.goal,
            "direction": "minimize" if lower else "maximize",
            "closed": False,
        }


def parse(mapping: Mapping[str, Any], fields: Mapping[str, Any]) -> Search:
    """Parse a search from a draft and fields by path, some of which are ranges or lists.

    Every end of every axis is checked by completing a recipe with it. Raises UsageError, DataError.
    """
    axes = {}
    for path, value in fields.items():
        # model.hidden=[64,64] is one value although it is a list; a list of lists is several.
        flat = isinstance(value, list) and not any(isinstance(each, list) for each in value)
        if flat and _is_list(path, mapping):
            continue
        if axis := search_space.axis(path, value):
            axes[path] = axis
    if not axes:
        raise UsageError(
            "There is nothing to search: give a range or several values for at least one field.",
            do="For example: lr=1e-4..1e-1 model.dropout=0..0.5 optimizer=adam,nesterov",
        )
    single = {path: value for path, value in fields.items() if path not in axes}
    base = draft(base=mapping, fields={"train.threads": 1, **single})
    first = {path: axis.ends()[0] for path, axis in axes.items()}
    # One axis at a time, with the others at their first end: all combinations would be too many.
    for path, axis in axes.items():
        for end in axis.ends():
            assembly.read_draft(draft(base=base, fields={**first, path: end}))
    parts = assembly.prepare(assembly.read_draft(draft(base=base, fields=first)), ALONE)
    return Search(base, axes, parts.task.metric.name)


def _is_list(path: str, mapping: Mapping[str, Any]) -> bool:
    """Whether a single value of this field is a list, as for model.hidden."""
    head, _, name = path.partition(".")
    if head not in ("model", "data"):
        return False
    part = assembly.read_draft(mapping).plain()[head]
    entry = registry.load(head, part["name"]).config.model_fields.get(name)  # type: ignore[arg-type]
    return entry is not None and get_origin(entry.annotation) is tuple


def run(search: Search, url: str, place: Path, trials: int, workers: int, tally: Tally) -> None:
    """Run the search until `trials` trials have ended, with `workers` processes of our own; workers
    on other machines may join. Raises Interrupted, Stopped, RunError, UsageError."""
    name = place.name
    with suppress(RunError):  # no study of this name yet: it is created below
        _require_same_search(shared_queue.open_study(url, name).user_attrs, search, place)
    study = shared_queue.open_study(url, name, {**search.attributes, "trials": trials})
    if url != local_storage(place):
        tally.note(f"on another machine: etude work {shared_queue.without_password(url)} {name}")
    queue = SharedQueue(url, name, tally.note)
    tally.begins("search", 0, trials)
    seen: set[int] = set()
    try:
        with storage_errors(url), Signals() as signals:
            while len(seen) < trials:
                queue.keep_workers(workers)
                for row in trial_rows(study):
                    if row["number"] not in seen:
                        seen.add(row["number"])
                        # Trials of other machines and of earlier starts count too.
                        tally.one(f"trial {row['number']}: {_result_text(row)}")
                if signals.caught:
                    raise signals.error(
                        f"{place}: stopped and saved, {len(seen)} of {trials} trials done.",
                        do=f"To continue, repeat the command with --name {name}",
                    )
                time.sleep(shared_queue.POLL)
            study.set_user_attr("closed", True)  # workers on other machines leave
    finally:
        queue.stop_workers()


def _require_same_search(attributes: Mapping[str, Any], search: Search, place: Path) -> None:
    """Raise UsageError if the study of this name is a different search."""
    ours = search.attributes
    other = [key for key in ("base", "space", "goal") if attributes.get(key) != ours[key]]
    if other:
        raise UsageError(
            f"{place}: there is already a study of this name with another {' and '.join(other)}.",
            do="Choose another --name.",
        )


def finished_trials(url: str, name: str) -> list[dict[str, Any]]:
    """The rows of a study, by its storage and name."""
    return trial_rows(shared_queue.open_study(url, name))


def trial_rows(study: Any) -> list[dict[str, Any]]:
    """All trials that have ended, in order, one row each: number, fields, best (None if the trial
    diverged or its recipe is invalid), why, seconds of training, and mapping (the recipe)."""
    result = []
    for trial in study.get_trials(deepcopy=False):
        attributes = trial.user_attrs
        outcome = attributes.get("outcome")
        # A finished trial without either was posted again, for instance after Ctrl-C.
        if not trial.state.is_finished() or not (outcome or "error" in attributes):
            continue
        seconds = (outcome or {}).get("seconds") or [0.0]
        fields = {
            path: Axis.read(axis, path).decode(trial.params[path])
            for path, axis in study.user_attrs["space"].items()
            if path in trial.params
        }
        result.append(
            {
                "number": trial.number,
                "fields": fields,
                "best": (outcome or {}).get("best"),
                "why": attributes.get("error") or (outcome or {}).get("diverged", ""),
                "seconds": seconds[-1],
                "mapping": attributes.get("member", {}).get("mapping"),
            }
        )
    return result


def _result_text(row: Mapping[str, Any]) -> str:
    if row["best"] is not None:
        return f"{row['best']:.4g}"
    return f"no result ({row['why'][:80]})"


def best(trials: list[dict[str, Any]], goal: str, place: Path) -> dict[str, Any]:
    """The row with the best validation metric. Raises NumericsError if no trial has a result."""
    good = [row for row in trials if row["best"] is not None]
    if not good:
        raise NumericsError(
            f"{place}: no trial has a result.",
            do="Try lower learning rates, or correct the errors of the trials.",
            items=sorted({row["why"] for row in trials}),
        )
    # min() returns the first of equal values, so a tie goes to the earliest trial.
    sign = 1 if metric_of(goal).lower_is_better else -1
    return min(good, key=lambda row: sign * row["best"])


def local_storage(place: Path) -> str:
    """The URL of the storage of a search on one machine: an SQLite file in its folder."""
    return f"sqlite:///{os.path.abspath(place)}/shared_queue.db"
