"""List models, tasks, data sets, forms of export, trackers and runs (verb: list)."""

import json
from typing import Literal

from pydantic_core import to_jsonable_python

from etude import registry
from etude.errors import RunError
from etude.inspection.words import number
from etude.locale.texts import Lang, has_text, metric, render, say, text
from etude.runs.folder import RunFolder
from etude.trackers.listener import is_installed
from etude.trackers.tracker import Tracker
from etude.verbs.arguments import WORKSPACE


def listing(lang: Lang = "en") -> dict[str, dict[str, str]]:
    """Models, tasks, data sets, forms of export, trackers and runs: by kind, a name with one line
    that describes it."""
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude import assembly

    models = {}
    for name in registry.names("model"):
        architecture = registry.load("model", name)
        line = text(
            "verbs.list.model",
            summary=architecture.summary,
            reads=tuple(architecture.reads),
            does=[task.name for task in assembly.tasks_of(architecture)],
            presets=tuple(architecture.presets),
        )
        models[name] = render(lang, line)
    tasks, data, forms = (
        {name: render(lang, registry.load(kind, name).summary) for name in registry.names(kind)}
        for kind in ("task", "data", "exporter")
    )
    trackers = {name: _tracker(name, lang) for name in registry.names("tracker")}
    runs = {str(run.path): _state(run, lang) for run in WORKSPACE.runs()}
    return {
        "models": models, "tasks": tasks, "data": data, "exporters": forms, "trackers": trackers,
        "runs": runs,
    }  # fmt: skip


def fields(kind: Literal["model", "data"], name: str, lang: Lang = "en") -> list[tuple[str, str]]:
    """The fields of a model or a data source: the path in the recipe, and the meaning with the
    default."""
    rows = []
    for key, field in registry.load(kind, name).config.model_fields.items():
        words = field.description or ""
        meaning = say(lang, words) if has_text(words) else words  # a plugin has words of its own
        if field.is_required():
            state = say(lang, "help.required")
        else:
            default = to_jsonable_python(field.get_default(call_default_factory=True))
            state = say(lang, "help.default", value=json.dumps(default, ensure_ascii=False))
        rows.append((f"{kind}.{key}", f"{meaning} {state}"))
    return rows


def _tracker(name: str, lang: Lang) -> str:
    """The line of a tracker; how to install its library if it is missing."""
    tracker: Tracker = registry.load("tracker", name)
    words = tracker.summary
    summary = say(lang, words) if has_text(words) else words  # a plugin has words of its own
    if is_installed(tracker):
        return summary
    return say(lang, "verbs.list.tracker", summary=summary, package=tracker.install)


def _state(run: RunFolder, lang: Lang) -> str:
    """The test result of a run; that it is unfinished or damaged if it has none."""
    try:
        result = run.result
    except RunError:  # one damaged run does not hide the others
        return say(lang, "verbs.list.damaged")
    if not result:
        return say(lang, "verbs.list.unfinished")
    return f"{metric(result.goal, lang)} {number(result.score, result.goal)}"
