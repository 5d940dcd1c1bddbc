"""Several runs: comparisons, searches, work for other machines, the tour; and resuming them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etude import registry
from etude.comparison import request
from etude.comparison.request import Comparison
from etude.comparison.side_by_side import SideBySide
from etude.errors import LockedError, RunError, TakenError, UsageError
from etude.inspection import tour as drawn
from etude.inspection.report import write
from etude.locale.texts import Lang, say
from etude.runs import comparison as duels
from etude.runs.files import storage as on_disk
from etude.runs.folder import ROOT, candidates, free, named, reserved
from etude.system.caller import undisturbed
from etude.system.limits import cores
from etude.verbs.asked import data_name, model_name, run_path
from etude.verbs.beside import beside
from etude.verbs.learn import alone, drafted, paths, resume_run, slug, train
from etude.verbs.use import table

if TYPE_CHECKING:
    from etude.comparison.journal import Journal, Plan
    from etude.inference.run import Run


@dataclass(frozen=True)
class Tuned:
    """A finished search: the best trial, all trials, and the tested run of the best one."""

    path: Path
    best: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]
    run: "Run"
    said: Sequence[str]


def _are_runs(given: Sequence[Path | str], data: str | None) -> None:
    """Raise UsageError for names of models in the place of runs."""
    words = [str(one) for one in given]
    if all(set(word.split(",")) <= set(registry.names("model")) for word in words):
        rest = f" --data {data}" if data else " --data DATA"
        raise UsageError(
            f"{' '.join(words)}: not a run, but what to train.",
            do=f"Did you mean: etude compare --model {','.join(words)}{rest}",
        )


@undisturbed()
def compare(
    runs: Sequence[Path | str] | Path | str | None = None,
    *,
    model: str | None = None,
    data: str | None = None,
    optimizer: str | None = None,
    seed: str | int | None = None,
    lr: str | float | None = None,
    schedule: str | None = None,
    target: float | None = None,
    workers: int | None = None,
    storage: str | None = None,
    name: str | None = None,
    different_data: bool = False,
    quiet: bool = False,
    lang: Lang = "en",
    **fields: Any,
) -> Comparison | SideBySide:
    """Train every combination of the comma-separated values, from the same start on the same
    batches (one seed gives both), and draw them side by side. Or compare finished `runs`, or
    folders of them, without training anything: then nothing else is given but name and lang.

    By rules (see comparison/protocol.py), each with its own learning rate, where several
    optimizers are compared and no rate is given, or several rates ("1e-4..1", "0.01,0.1") or
    schedules are.
    workers: processes side by side; without it one per core. storage: a database from which workers
    on other machines take runs (etude work). Raises an EtudeError.
    """
    alone("A comparison")
    given = [runs] if isinstance(runs, str | Path) else list(runs or ())
    if given:
        flags = {"model": model, "data": data, "optimizer": optimizer, "seed": seed, "lr": lr}
        flags |= {"schedule": schedule, "target": target, "workers": workers, "storage": storage}
        _are_runs(given, data)
        if also := [key for key, value in {**flags, **fields}.items() if value is not None]:
            raise UsageError(
                f"{also[0]} says how to train; finished runs are compared as they are.",
                do="Leave it out; or leave out the runs, and give --model and --data.",
            )
        return beside(given, different_data, name, lang)
    if different_data:
        raise UsageError("--different-data: goes with finished runs: etude compare RUN RUN")
    if workers is not None and workers < (0 if storage else 1):
        raise UsageError(f"--workers {workers}: at least 1.")
    model, data = model_name(model), data_name(data)
    axes = {"model": model, "data": data, "optimizer": optimizer, "seed": seed}
    asked = request.parse(axes, lr, schedule, target, paths(fields))
    parts = [text.replace(",", "-") for text in (model, Path(data or "").stem) if text]
    place = free(slug("-".join(["compare", *parts]))) if name is None else named(name)
    if duels.is_taken(place):
        raise RunError(
            f"{place} is already there; nothing is overwritten.",
            do=f"Choose another --name, or go on with it: etude resume {place}",
        )
    from etude.comparison import engine
    from etude.render.progress import Tally

    with Tally(place.name, quiet) as tally:
        plan = engine.plan(asked, workers, storage or "", tally.note)
    return engine.run(_begun(place, plan, named=name is not None), quiet, lang)


def _begun(place: Path, plan: "Plan", named: bool) -> "Journal":
    """The folder of a new comparison; the next free name where nobody named one and another process
    was quicker."""
    from etude.comparison import engine

    for each in (place,) if named else candidates(place.name):
        try:
            return engine.begin(each, plan)
        except (TakenError, LockedError):
            if named:
                raise
    raise RunError(f"{place}: a hundred thousand comparisons have this name.")


TOUR: dict[str, dict[str, Any]] = {
    "MLP": {"model": "mlp", "data": "digits"},
    "MLP, a function": {"model": "mlp", "data": "curve"},
    "CNN": {"model": "cnn", "data": "digits"},
    "LSTM": {"model": "lstm", "data": "digits"},
    "LSTM, a forecast": {"model": "lstm", "data": "series"},
    "Transformer": {"model": "transformer", "data": "digits"},
    "Transformer, a forecast": {"model": "transformer", "data": "series"},
    "Vision Transformer": {"model": "vit", "data": "digits"},
    "Adversarial autoencoder": {"model": "aae", "data": "digits"},
}


@undisturbed()
def tour(name: str = "tour", *, quiet: bool = False, lang: Lang = "en") -> Comparison:
    """Train every built-in network on embedded data.

    Writes one report with a table of all runs, and a report for each run.
    """
    alone("The tour")
    place = reserved(named(name).name)
    began = time.monotonic()
    runs = []
    for chosen in TOUR.values():
        called = f"{chosen['model']}-{chosen['data']}"
        runs.append(train(name=called, quiet=quiet, root=place, lang=lang, **chosen))
    comparison = Comparison(place, list(TOUR), runs)
    seconds = {"training": sum(run.seconds for run in runs), "all": time.monotonic() - began}
    sections = drawn.sections(runs, comparison.labels, seconds, table(comparison, lang), lang)
    write(place, say(lang, "tour"), sections, [], lang)
    return comparison


@undisturbed()
def tune(
    model: str | None = None,
    data: str | None = None,
    *,
    trials: int = 30,
    storage: str | None = None,
    workers: int | None = None,
    name: str | None = None,
    quiet: bool = False,
    lang: Lang = "en",
    **fields: Any,
) -> Tuned:
    """Search fields of the recipe that are given as ranges ("1e-4..1e-1") or lists, by validation;
    then train the best again with a new seed and test it once.

    trials: number of runs. storage: an SQLAlchemy URL that other machines can reach (etude work);
    default: a file in the folder of the search. workers: local processes; default: one per core.
    A search of the same name continues. Raises an EtudeError.
    """
    alone("A search")
    for flag, count in (("--trials", trials), ("--workers", workers)):
        if count is not None and count < (1 if flag == "--trials" else 0):
            raise UsageError(f"{flag} {count}: at least 1.")
    given = paths(fields)
    if "seed" in given and not isinstance(given["seed"], int):
        raise UsageError(f"seed={given['seed']}: a search has one seed, and does not search it.")
    from etude.comparison import search as search
    from etude.comparison import search_pictures as pictures
    from etude.render.progress import Tally

    mapping = drafted(model, data, None, {})
    asked = search.parse(mapping, given)
    default = slug(f"tune-{mapping['model']['name']}-{Path(mapping['data']['name']).stem}")
    place = named(name) if name else reserved(default)
    with on_disk(place):
        place.mkdir(parents=True, exist_ok=True)
    url = storage or search.local_storage(place)
    with Tally(place.name, quiet) as tally:
        count = cores() if workers is None else workers
        search.run(asked, url, place, trials, count, tally)
    found = search.finished_trials(url, place.name)
    best = search.best(found, asked.goal, place)
    recipe = {**best["mapping"], "seed": best["mapping"].get("seed", 0) + 1}
    run = train(base=recipe, name=free("best", place).name, quiet=quiet, root=place, lang=lang)
    pictures.write_report(place, found, best, asked.goal, asked.log_fields, run, lang)
    return Tuned(place, best, found, run, pictures.sentences(found, best, asked.goal, run, lang))


@undisturbed()
def work(storage: str, name: str, *, quiet: bool = False) -> int:
    """Train runs of a search or comparison on a shared storage until there has been no work for a
    minute. Returns the number of runs. Raises an EtudeError."""
    from etude.comparison import shared_queue
    from etude.render.progress import Tally

    with Tally(name, quiet) as tally:
        return shared_queue.work(storage, name, ROOT, tally.note)


@undisturbed()
def resume(
    path: Path | str, *, data: str | None = None, quiet: bool = False, lang: Lang = "en"
) -> "Run | Comparison":
    """Resume an interrupted run or comparison; on the same machine with the same bytes.

    data: where the data of a run are now, if they were moved. Raises an EtudeError.
    """
    if duel := duels.where(run_path(path)):
        _not_moved(data, duel)
        alone("A comparison")
        from etude.comparison import engine

        return engine.resume(duel, quiet, lang)
    return resume_run(path, data=data, quiet=quiet, lang=lang)


def _not_moved(data: Any, place: Path) -> None:
    """Raise UsageError where a comparison's data are said to be elsewhere: its runs each have a
    recipe, and workers on other machines read them."""
    if data is not None:
        raise UsageError(
            f"{place}: --data is for a single run, and this is a comparison.",
            do="Start from the folder in which its data lie, or put them back in their place.",
        )
