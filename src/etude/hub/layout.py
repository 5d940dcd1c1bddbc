"""The folder of a model repository: which files it has, and what may be in it.

    model.safetensors  the best weights            recipe.json    what decided the run
    config.json        how to rebuild the model    metrics.jsonl  its epochs and its test result
    README.md          the model card              timing.jsonl   its clock times
    pictures/*.png     those of the card           model.onnx     an export of the run, if any

A folder may come from a stranger: only the files in `READ` are downloaded and read.
"""

import os
import re
from pathlib import Path

from etude import registry
from etude.errors import RunError, UsageError
from etude.locale.texts import Sentence, text
from etude.recipe import OWN, Recipe
from etude.registry import Kind
from etude.runs.checkpoint import COPIES, STATE
from etude.runs.jsonl import LINES
from etude.system import limits
from etude.system.limits import Plain

FORMAT = 1
WEIGHTS, CONFIG, RECIPE = "model.safetensors", "config.json", "recipe.json"
METRICS, TIMING, CARD, ONNX = "metrics.jsonl", "timing.jsonl", "README.md", "model.onnx"
NEEDED = (WEIGHTS, CONFIG, RECIPE, METRICS)
READ = (*NEEDED, TIMING)
"""The files that are read. A pickle, as pytorch_model.bin, is not even downloaded."""
PICTURES = "pictures"
PICTURE = re.compile(rf"{PICTURES}/[a-z0-9-]{{1,80}}\.png", re.ASCII)
REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


def largest(name: str) -> int:
    """The most bytes that a file of a repository may have to be read on this machine."""
    if name == WEIGHTS:
        return limits.memory() // COPIES
    return {CONFIG: STATE, RECIPE: limits.JSON}.get(name, LINES)


def without_paths(recipe: Plain) -> Plain:
    """The recipe with absolute paths of data shortened to their last part: the others name folders
    of the user's machine. The command, which may name them too, is left out."""
    data = {key: shortened(value) for key, value in (recipe.get("data") or {}).items()}
    return {**recipe, "data": data, "about": {}}


def shortened(value: object) -> object:
    """A value of a recipe; of an absolute path only its last part, lists and mappings included."""
    if isinstance(value, str):
        absolute = os.path.isabs(value) or value.startswith("~")
        return Path(value).name if absolute else value
    if isinstance(value, list):
        return [shortened(each) for each in value]
    if isinstance(value, dict):
        return {key: shortened(each) for key, each in value.items()}
    return value


def require_repository(name: str) -> str:
    """The name of a repository, "owner/name". Raises UsageError for anything else."""
    # ".." and "--" separate parts of paths in the cache of the library.
    if not REPOSITORY.fullmatch(name) or ".." in name or "--" in name or name.endswith(".git"):
        raise UsageError(text("hub.name", name=name[:200]), do=text("hub.name.do"))
    return name


def require_portable(recipe: Recipe, where: Sentence) -> None:
    """Raise RunError unless étude alone can rebuild the run: its network, task and data source are
    files of this package."""
    if recipe.model.name == OWN:
        raise RunError(text("hub.own", where=where), do=text("hub.own.do"))
    parts: tuple[tuple[Kind, str], ...] = (
        ("model", recipe.model.name), ("task", recipe.task.name), ("data", recipe.data.name),
    )  # fmt: skip
    foreign = [
        text("hub.plugin.one", kind=text(f"registry.kind.{kind}"), name=name[:100])
        for kind, name in parts
        if not registry.is_built_in(kind, name)
    ]
    if foreign:
        raise RunError(text("hub.plugin", where=where), items=foreign, do=text("hub.plugin.do"))
