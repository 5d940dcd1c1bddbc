"""Compare: train several variants of a run and compare them, or compare finished runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude.comparison import request, side_by_side
from etude.comparison.request import Comparison
from etude.comparison.side_by_side import SideBySide
from etude.errors import EtudeError, LockedError, RunError, TakenError, UsageError
from etude.locale.texts import Lang, text
from etude.render.progress import Tally
from etude.runs import comparison as comparisons
from etude.runs import files
from etude.runs.folder import candidates, is_run, unused_path
from etude.runs.workspace import Workspace
from etude.system.caller import preserve_caller_state
from etude.trackers.listener import chosen
from etude.verbs.arguments import (
    WORKSPACE,
    data_name,
    model_name,
    model_names,
    require_one_process,
)
from etude.verbs.drafts import field_paths, folder_name
from etude.verbs.tracking import log_runs, require_trackers

if TYPE_CHECKING:
    from etude.comparison.journal import Journal, Plan


@preserve_caller_state()
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
    log: str | Sequence[str] | None = None,
    lang: Lang = "en",
    **fields: object,
) -> Comparison | SideBySide:
    """Train every combination of the comma-separated values, from the same start on the same
    batches (one seed gives both), and compare the runs. Or compare finished `runs`, or folders of
    them, without training anything; then only name, different_data and lang may be set too.

    Several optimizers without a learning rate, several rates ("1e-4..1", "0.01,0.1") and several
    schedules are compared by rules (see comparison/protocol.py), each with its own learning rate.
    workers: local processes; default: one per core. storage: a database from which workers on other
    machines take runs (etude work). log: trackers in which the finished runs are shown too. Raises
    an EtudeError.
    """
    require_one_process("comparison")
    axes = {"model": model, "data": data, "optimizer": optimizer, "seed": seed}
    paths = [runs] if isinstance(runs, str | Path) else list(runs or ())
    if paths:
        others: dict[str, object] = {"lr": lr, "schedule": schedule, "target": target}
        others |= {"workers": workers, "storage": storage, "log": log}
        _require_finished_runs(paths, data, {**axes, **others, **fields})
        return _compare_finished(paths, different_data, name, lang)
    if different_data:
        raise UsageError(text("verbs.compare.different_data"))
    # 0 local workers are useful only if other machines can take the runs.
    if workers is not None and workers < (0 if storage else 1):
        raise UsageError(text("verbs.at_least", flag="--workers", value=workers, least=1))
    trackers = chosen(log)
    model, data = model_name(model), data_name(data)
    axes |= {"model": model, "data": data}
    wanted = request.parse(axes, lr, schedule, target, field_paths(fields))
    labels = [name.replace(",", "-") for name in (model, Path(data or "").stem) if name]
    path = _report_folder(name, labels)
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.comparison import engine

    require_trackers(trackers)
    with Tally(path.name, quiet, lang) as tally:
        plan = engine.plan(wanted, workers, storage or "", tally.note)
    result = engine.run(_begin(path, plan, chosen_by_user=name is not None), quiet, lang)
    log_runs(result.runs, trackers, quiet, lang)
    return result


def _report_folder(name: str | None, labels: Sequence[str]) -> Path:
    """The folder of a new comparison: ./runs/NAME, or a free name made of labels. Raises RunError
    if it is taken."""
    if name is None:
        path = unused_path(WORKSPACE.root / folder_name("compare", *labels))
    else:
        path = WORKSPACE.path(name)
    if comparisons.is_taken(path):
        resumable = comparisons.is_comparison(path)
        raise RunError(
            text("verbs.compare.taken", path=path),
            do=text("verbs.compare.taken.resume.do", path=path)
            if resumable
            else text("verbs.compare.taken.do"),
        )
    return path


def _begin(path: Path, plan: "Plan", chosen_by_user: bool) -> "Journal":
    """Create the folder of a new comparison. Unless the user chose the name, the next free name
    is used if another process has taken this one in the meantime."""
    from etude.comparison import engine

    for each in (path,) if chosen_by_user else candidates(path):
        try:
            return engine.begin(each, plan)
        except (TakenError, LockedError):
            if chosen_by_user:
                raise
    raise RunError(text("verbs.compare.no_name", path=path))


# Finished runs ------------------------------------------------------------------------------------


def _require_finished_runs(
    paths: Sequence[Path | str], data: str | None, fields: Mapping[str, object]
) -> None:
    """Raise UsageError if all paths are names of models, or if a field tells how to train."""
    if all(model_names(path) for path in paths):
        models = ",".join(map(str, paths))
        raise UsageError(
            text("verbs.compare.models", words=tuple(map(str, paths))),
            do=text("verbs.compare.models.do", models=models, data=data or "DATA"),
        )
    if extra := [key for key, value in fields.items() if value is not None]:
        raise UsageError(
            text("verbs.compare.training", field=extra[0]), do=text("verbs.compare.training.do")
        )


def _compare_finished(
    paths: Sequence[Path | str], different_data: bool, name: str | None, lang: Lang
) -> SideBySide:
    """Compare finished runs and write a report.

    Runs must have the same task, metric and, unless different_data, data. Runs in a folder are
    ranked for each task and data set; unfinished ones are left out. Raises UsageError, RunError.
    """
    from etude.inference.run import Run

    singles, folders = _runs_and_folders(paths)
    runs = {str(path): Run(path) for path in singles}
    left_out = {}
    for path in (run.path for each in folders for run in Workspace(each).runs()):
        try:
            runs.setdefault(str(path), Run(path))
            _ = runs[str(path)].recipe  # raises an error if the run is damaged
        except EtudeError as error:
            runs.pop(str(path), None)
            left_out[str(path)] = error.what
    if len(runs) < 2:
        raise UsageError(
            text("verbs.compare.one_run") if runs else text("verbs.compare.no_runs"),
            do=text("verbs.compare.no_runs.do"),
            items=[text("comparison.reason", name=k, why=why) for k, why in left_out.items()],
        )
    if not folders:
        side_by_side.require_comparable(list(runs.values()), different_data)
    boards = side_by_side.boards(list(runs.values()), together=different_data)
    path = _report_folder(name, [Path(each).name for each in paths[:3]])
    with files.storage(path):
        path.mkdir(parents=True, exist_ok=True)
    side_by_side.write_report(path, boards, left_out, lang)
    return SideBySide(path, boards, left_out)


def _runs_and_folders(paths: Sequence[Path | str]) -> tuple[list[Path], list[Path]]:
    """Runs, and folders of runs, each by its path or its name under ./runs. Raises RunError if
    there is neither, UsageError for a model and for a run that is named twice."""
    runs, folders = [], []
    for word in paths:
        places = WORKSPACE.places(word)
        if run := next((path for path in places if is_run(path)), None):
            runs.append(run)
        elif directory := next((path for path in places if path.is_dir()), None):
            folders.append(directory)
        elif models := model_names(word):
            others = [name for path in paths for name in model_names(path) if name not in models]
            raise UsageError(
                text("verbs.compare.model", word=word),
                do=text("verbs.compare.model.do", models=",".join([*models, *others])),
            )
        else:
            WORKSPACE.open(word)  # raises RunError, which suggests similar names
    keys = [str(path.absolute()) for path in runs]
    if repeated := [str(path) for path, key in zip(runs, keys) if keys.count(key) > 1]:
        raise UsageError(text("verbs.compare.twice", path=repeated[0]))
    return runs, folders
