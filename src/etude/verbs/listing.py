"""List models, tasks, data sets and runs (verb: list)."""

from etude import registry
from etude.errors import RunError
from etude.inspection.words import number
from etude.locale.texts import metric
from etude.runs import folder
from etude.runs.folder import RunFolder


def listing() -> dict[str, dict[str, str]]:
    """Models, tasks, data sets and runs: by kind, a name with one line that describes it."""
    from etude import assembly

    models = {}
    for name in registry.names("model"):
        architecture = registry.load("model", name)
        does = ", ".join(task.name for task in assembly.tasks_of(architecture))
        models[name] = (
            f"{architecture.summary} (reads {', '.join(architecture.reads)}; does {does}; presets "
            f"{', '.join(architecture.presets)})"
        )
    tasks = {name: registry.load("task", name).summary for name in registry.names("task")}
    data = {name: registry.load("data", name).summary for name in registry.names("data")}
    runs = {str(run.path): _state(run) for run in folder.runs()}
    return {"models": models, "tasks": tasks, "data": data, "runs": runs}


def _state(run: RunFolder) -> str:
    """The test result of a run; "unfinished" or "damaged" if it has none."""
    try:
        result = run.result
    except RunError:  # one damaged run does not hide the others
        return "damaged"
    if not result:
        return "unfinished"
    return f"{metric(result.goal)} {number(result.score, result.goal)}"
