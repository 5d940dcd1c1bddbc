"""Read a model repository, perhaps a stranger's, as a run in memory.

Every file is limited in size and checked: JSON, weights and rows as in the folder of a run, the
description of the data by `validate_card`. Nothing in it is executed.
"""

import re
from pathlib import Path

from etude.data.card import Card
from etude.data.validate import validate_card
from etude.errors import DataError, RunError, UsageError, cause
from etude.hub import layout
from etude.locale.texts import text
from etude.recipe import Recipe, digest_of
from etude.results import TimeRow
from etude.runs import files
from etude.runs.checkpoint import Checkpoint, require_finite, tensors
from etude.runs.jsonl import rows_in
from etude.runs.recorder import MemoryRun, result_of
from etude.system import limits
from etude.system.limits import Plain

BLOB = re.compile(r"\.\./\.\./blobs/[0-9a-f]{40,64}", re.ASCII)
"""Where the links of the library's cache lead to."""


def run_in(folder: Path, name: str) -> MemoryRun:
    """The run in the folder of a repository, without the optimizer's state and without snapshots.

    name: how messages call it.

    Raises RunError with what is missing, damaged, or not of this package.
    """
    missing = [name for name in layout.NEEDED if not (folder / name).is_file()]
    if missing:
        raise RunError(
            text("hub.incomplete", where=folder, names=missing), do=text("hub.incomplete.do")
        )
    held = _held(folder)
    mapping = _json(folder, layout.RECIPE)
    try:
        recipe = Recipe.read(mapping)
        layout.require_portable(recipe, str(folder))
        described = validate_card(Card.read(_part(held, "card"), "card"))
    except RunError:
        raise
    except (UsageError, DataError) as error:
        what = text("inference.damaged", where=str(folder), why=cause(error))
        raise RunError(what, do=error.do, items=error.items) from None
    run = MemoryRun()
    run.where = name
    run.begin(mapping, _part(held, "provenance"))
    for row in rows_in(content(folder, layout.METRICS), folder / layout.METRICS):
        run.add(row)
    result = result_of(run)
    if result is None:
        raise RunError(text("hub.no_result", where=folder), do=text("hub.incomplete.do"))
    if (result.model, result.task) != (recipe.model.name, recipe.task.name):
        raise RunError(text("hub.other_recipe", where=folder), do=text("hub.incomplete.do"))
    if (folder / layout.TIMING).is_file():
        for time in rows_in(content(folder, layout.TIMING), folder / layout.TIMING):
            if isinstance(time, TimeRow):
                run.add_time(time)
    point = _point(folder, held, described, mapping)
    run.commit(point)
    run.settle(point.step, finished=True)
    return run


def _held(folder: Path) -> Plain:
    """What étude wrote into config.json. Raises RunError if étude did not write it."""
    held = _json(folder, layout.CONFIG).get("etude")
    if not isinstance(held, dict):
        raise RunError(text("hub.foreign", where=folder), do=text("hub.foreign.do"))
    if held.get("format") != layout.FORMAT:
        form = str(held.get("format"))[:20]
        raise RunError(
            text("hub.format", where=folder, format=form, known=layout.FORMAT),
            do=text("hub.format.do"),
        )
    return held


def _point(folder: Path, held: Plain, described: Card, recipe: Plain) -> Checkpoint:
    """The weights, with the state that a run keeps beside them."""
    step = held.get("step")
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < 2**53:
        raise RunError(text("hub.step", where=folder))
    try:
        model = tensors(content(folder, layout.WEIGHTS))
    except ValueError as error:
        raise RunError(
            text("runs.damaged", path=folder / layout.WEIGHTS, why=cause(error))
        ) from None
    require_finite(model, folder)
    state = {
        "progress": _part(held, "progress"),
        "recipe": digest_of(recipe),
        "card": described.plain(),
        # Training that began here would start without the moments of the optimizer.
        "weights_only": True,
    }
    return Checkpoint(step, model, {}, state)


def _part(held: Plain, name: str) -> Plain:
    """A part of config.json, {} if it is no object: whoever reads it checks it."""
    part = held.get(name)
    return part if isinstance(part, dict) else {}


def _json(folder: Path, name: str) -> Plain:
    try:
        return limits.parse_json(content(folder, name))  # type: ignore[no-any-return]
    except ValueError as error:
        raise RunError(text("runs.damaged", path=folder / name, why=cause(error))) from None


def content(folder: Path, name: str) -> bytes:
    """A file of a repository, of at most the bytes that `layout.largest` allows. Raises RunError,
    also for a link that leads anywhere but into the library's cache."""
    most, path = layout.largest(name), folder / name
    if path.is_symlink() and BLOB.fullmatch(path.readlink().as_posix()):
        return files.read(folder.parents[1], f"blobs/{path.readlink().name}", most)
    return files.read(folder, name, most)
