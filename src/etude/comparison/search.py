"""Searches over fields of the recipe: Optuna proposes values, workers train, validation decides."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_origin

from etude import assembly, registry
from etude.comparison import search_space, shared_queue
from etude.comparison.run_spec import PlainRecipe, read_sentence
from etude.comparison.search_space import Axis
from etude.comparison.shared_queue import SharedQueue, storage_errors
from etude.errors import NumericsError, RunError, UsageError
from etude.locale.texts import Sentence, Text, render, text
from etude.recipe import draft
from etude.render.progress import Tally
from etude.stats import metric_of
from etude.system.limits import Plain
from etude.training.distributed import ALONE
from etude.training.signals import Signals

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Search:
    """A search: the draft of a recipe, an axis per searched field, and the metric that decides."""

    base: PlainRecipe
    space: dict[str, Axis]
    goal: str

    @property
    def log_fields(self) -> frozenset[str]:
        """Fields that are sampled uniformly in their logarithm."""
        return frozenset(path for path, axis in self.space.items() if axis.kind == "log")

    @property
    def attributes(self) -> dict[str, object]:
        """The attributes of the Optuna study, from which any worker can continue the search."""
        lower = metric_of(self.goal).lower_is_better
        return {
            "base": self.base,
            "space": {path: axis.plain() for path, axis in self.space.items()},
            "goal": self.goal,
            "direction": "minimize" if lower else "maximize",
            "closed": False,
        }


@dataclass(frozen=True)
class Trial:
    """A trial that has ended.

    fields: values of the searched fields by path. best: validation metric, None if the trial
    diverged or its recipe is invalid; why: the reason. seconds: of training. mapping: its recipe,
    None if the values that were proposed do not fit together.
    """

    number: int
    fields: Plain
    best: float | None
    why: Sentence
    seconds: float
    mapping: PlainRecipe | None = None

    def plain(self) -> dict[str, object]:
        """Plain JSON values, as `tune --json` prints them."""
        return {
            "number": self.number, "fields": dict(self.fields), "best": self.best,
            "why": render("en", self.why), "seconds": self.seconds,
        }  # fmt: skip


def parse(mapping: PlainRecipe, fields: Mapping[str, object]) -> Search:
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
        raise UsageError(text("comparison.search.nothing"), do=text("comparison.search.nothing.do"))
    single = {path: value for path, value in fields.items() if path not in axes}
    base = draft(base=mapping, fields={"train.threads": 1, **single})
    first = {path: axis.ends()[0] for path, axis in axes.items()}
    # One axis at a time, with the others at their first end: all combinations would be too many.
    for path, axis in axes.items():
        for end in axis.ends():
            assembly.read_draft(draft(base=base, fields={**first, path: end}))
    parts = assembly.prepare(assembly.read_draft(draft(base=base, fields=first)), ALONE)
    return Search(base, axes, parts.task.metric.name)


def _is_list(path: str, mapping: PlainRecipe) -> bool:
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
        shown = shared_queue.without_password(url)
        tally.note(text("comparison.search.elsewhere", url=shown, name=name))
    queue = SharedQueue(url, name, tally.note)
    tally.begins(text("comparison.stage.search"), 0, trials)
    seen: set[int] = set()
    try:
        with storage_errors(url), Signals() as signals:
            while len(seen) < trials:
                queue.keep_workers(workers)
                for trial in trials_of(study):
                    if trial.number not in seen:
                        seen.add(trial.number)
                        # Trials of other machines and of earlier starts count too.
                        tally.one(_progress(trial))
                if signals.caught:
                    raise signals.error(
                        text("comparison.search.stopped", path=place, done=len(seen), all=trials),
                        do=text("comparison.search.stopped.do", name=name),
                    )
                time.sleep(shared_queue.POLL)
            study.set_user_attr("closed", True)  # workers on other machines leave
    finally:
        queue.stop_workers()


def _require_same_search(attributes: Mapping[str, object], search: Search, place: Path) -> None:
    """Raise UsageError if the study of this name is a different search."""
    ours = search.attributes
    other = [key for key in ("base", "space", "goal") if attributes.get(key) != ours[key]]
    if other:
        raise UsageError(
            text(
                "comparison.search.taken",
                path=place,
                parts=[text(f"comparison.search.part.{key}") for key in other],
            ),
            do=text("comparison.search.taken.do"),
        )


def finished_trials(url: str, name: str) -> list[Trial]:
    """The trials of a study that have ended, by its storage and name."""
    return trials_of(shared_queue.open_study(url, name))


def trials_of(study: "Study") -> list[Trial]:
    """The trials of a study that have ended, in order."""
    found = (_trial(each, study) for each in study.get_trials(deepcopy=False))
    return [trial for trial in found if trial]


def _trial(trial: "FrozenTrial", study: "Study") -> Trial | None:
    """A trial of the study; None if it has not ended."""
    attributes = trial.user_attrs
    outcome = attributes.get("outcome") or {}
    # A finished trial without either was posted again, for instance after Ctrl-C.
    if not trial.state.is_finished() or not (outcome or "error" in attributes):
        return None
    fields = {
        path: Axis.read(axis, path).decode(trial.params[path])
        for path, axis in study.user_attrs["space"].items()
        if path in trial.params
    }
    return Trial(
        number=trial.number,
        fields=fields,
        best=outcome.get("best"),
        why=read_sentence(attributes.get("error") or outcome.get("diverged", "")),
        seconds=(outcome.get("seconds") or [0.0])[-1],
        mapping=attributes.get("member", {}).get("mapping"),
    )


def _progress(trial: Trial) -> Text:
    if trial.best is None:
        return text("comparison.trial.none", number=trial.number, why=trial.why)
    return text("comparison.trial", number=trial.number, best=trial.best)


def best(trials: Sequence[Trial], goal: str, place: Path) -> Trial:
    """The trial with the best validation metric. Raises NumericsError if none has a result."""
    # min() returns the first of equal values, so a tie goes to the earliest trial.
    sign = 1 if metric_of(goal).lower_is_better else -1
    scored = [(sign * trial.best, trial) for trial in trials if trial.best is not None]
    if not scored:
        reasons = {render("en", trial.why): trial.why for trial in trials}
        raise NumericsError(
            text("comparison.search.none", path=place),
            do=text("comparison.search.none.do"),
            items=[why for _, why in sorted(reasons.items())],
        )
    return min(scored, key=lambda pair: pair[0])[1]


def local_storage(place: Path) -> str:
    """The URL of the storage of a search on one machine: an SQLite file in its folder."""
    return f"sqlite:///{os.path.abspath(place)}/shared_queue.db"
