"""Reports, the machine, and lists of models, data sets and runs."""

from pathlib import Path
from typing import Any

from etude import assembly, registry
from etude.errors import RunError, UsageError
from etude.inspection import words
from etude.locale.texts import Lang, metric
from etude.runs import comparison as duels
from etude.runs import folder as files
from etude.runs.folder import RunFolder
from etude.system.caller import undisturbed
from etude.verbs.asked import data_name, run_path


@undisturbed()
def report(path: Path | str, lang: Lang = "en", data: str | None = None) -> Path:
    """Draw a finished run's pictures and report again, or a comparison's, in either language.

    data: where the data of a run are now, if they were moved.
    """
    if duel := duels.where(run_path(path)):
        if data is not None:
            raise UsageError(f"{duel}: --data is for a single run, and this is a comparison.")
        from etude.comparison import engine

        return engine.rewrite_report(duel, lang)
    run = RunFolder.open(path)
    run.finished()
    run.lock()
    from etude import pipeline

    try:
        pipeline.report(run, lang=lang, data=data_name(data))
    finally:
        run.release()
    return run.report


def env() -> dict[str, Any]:
    """Versions and machine, for a report of a bug."""
    from etude import pipeline
    from etude.training import hardware

    return {**pipeline.surroundings(), "threads": hardware.default_threads()}


def listing() -> dict[str, dict[str, str]]:
    """Models, tasks, data and runs, each with a line on what it is."""
    models = {}
    for each in registry.names("model"):
        architecture = registry.load("model", each)
        does = ", ".join(task.name for task in assembly.tasks_of(architecture))
        models[each] = (
            f"{architecture.summary} (reads {', '.join(architecture.reads)}; does {does}; presets "
            f"{', '.join(architecture.presets)})"
        )
    tasks = {each: registry.load("task", each).summary for each in registry.names("task")}
    data = {each: registry.load("data", each).summary for each in registry.names("data")}
    runs = {}
    for run in files.runs():
        try:
            result = run.result
        except RunError:
            runs[str(run.path)] = "damaged"
            continue
        goal = result["goal"] if result else ""
        runs[str(run.path)] = (
            f"{metric(goal)} {words.number(result['test'][goal], goal)}" if result else "unfinished"
        )
    return {"models": models, "tasks": tasks, "data": data, "runs": runs}
