"""Search fields of the recipe on validation data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etude.errors import UsageError
from etude.locale.texts import Lang, text
from etude.render.progress import Tally
from etude.runs import files
from etude.runs.folder import unused_path
from etude.system.caller import preserve_caller_state
from etude.system.limits import cores
from etude.trackers.listener import chosen
from etude.verbs.arguments import WORKSPACE, require_one_process
from etude.verbs.drafts import draft_recipe, field_paths, folder_name, model_and_data
from etude.verbs.tracking import require_trackers
from etude.verbs.train import train

if TYPE_CHECKING:
    from etude.comparison.search import Trial
    from etude.inference.run import Run


@dataclass(frozen=True)
class Tuned:
    """A finished search: the best trial, all trials, the tested run of the best one, and the result
    in sentences."""

    path: Path
    best: "Trial"
    trials: Sequence["Trial"]
    run: "Run"
    sentences: Sequence[str]


@preserve_caller_state()
def tune(
    model: str | None = None,
    data: str | None = None,
    *,
    trials: int = 30,
    storage: str | None = None,
    workers: int | None = None,
    name: str | None = None,
    quiet: bool = False,
    log: str | Sequence[str] | None = None,
    lang: Lang = "en",
    **fields: object,
) -> Tuned:
    """Search fields of the recipe that are ranges ("1e-4..1e-1") or lists, by validation; then
    train the best trial again with a new seed and test it once.

    trials: number of runs. storage: an SQLAlchemy URL that other machines can reach (etude work);
    default: a file in the folder of the search. workers: local processes; default: one per core.
    A search of the same name continues. log: trackers in which the run of the best trial is shown
    too. Raises an EtudeError.
    """
    require_one_process("search")
    _require_counts(trials, workers)
    trackers = chosen(log)
    values = field_paths(fields)
    if "seed" in values and not isinstance(values["seed"], int):
        raise UsageError(text("verbs.tune.seed", value=values["seed"]))
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.comparison import search, search_pictures

    mapping = draft_recipe(model, data, None, {})
    space = search.parse(mapping, values)
    require_trackers(trackers)
    default = folder_name("tune", *model_and_data(mapping))
    folder = WORKSPACE.path(name) if name else WORKSPACE.reserve(default)
    with files.storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    url = storage or search.local_storage(folder)
    with Tally(folder.name, quiet, lang) as tally:
        count = cores() if workers is None else workers
        search.run(space, url, folder, trials, count, tally)
    finished = search.finished_trials(url, folder.name)
    best = search.best(finished, space.goal, folder)
    # With the trial's own seed, the result would include the luck by which it was selected.
    mapping = best.mapping or {}
    recipe = {**mapping, "seed": mapping.get("seed", 0) + 1}
    tested = unused_path(folder / "best").name
    run = train(base=recipe, name=tested, quiet=quiet, root=folder, log=trackers, lang=lang)
    search_pictures.write_report(folder, finished, best, space.goal, space.log_fields, run, lang)
    lines = search_pictures.sentences(finished, best, space.goal, run, lang)
    return Tuned(folder, best, finished, run, lines)


def _require_counts(trials: int, workers: int | None) -> None:
    """Raise UsageError for too small numbers. Without workers here, other machines do the work."""
    if trials < 1:
        raise UsageError(text("verbs.at_least", flag="--trials", value=trials, least=1))
    if workers is not None and workers < 0:
        raise UsageError(text("verbs.at_least", flag="--workers", value=workers, least=0))
