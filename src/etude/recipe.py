"""RecipeDraft and Recipe: everything that decides a run, and nothing else.

A draft is what a user asks for: fields that are None or "auto" are open, and are filled when the
run starts (`assembly.prepare`). A recipe has no open field. Every run stores its own in
`recipe.json`, which can be played again: `etude train runs/x/recipe.json`.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field

from etude.config import Config, nearest
from etude.errors import UsageError, cause, reason
from etude.locale.texts import text
from etude.system import limits, portable
from etude.system.limits import Plain

OWN, MEMORY = "own", "memory"
"""The names of a model and of data that are passed as Python objects."""
MAPPINGS = ("data.types", "task.class_weights")
"""Fields that are mappings with names of the user's own: data.types.zip=category."""

Optimizer = Literal["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "muon"]
Schedule = Literal["constant", "cosine", "onecycle"]


class Part(Config):
    """A named part of the recipe: its name is a file, its other keys are that file's Config."""

    model_config = ConfigDict(extra="allow")
    name: str = Field(max_length=4096, description="help.recipe.name")

    @property
    def fields(self) -> Plain:
        """All keys but the name, as plain JSON values."""
        return {key: value for key, value in self.plain().items() if key != "name"}


class TaskDraft(Part):
    """The task part as a user asks for it. Without a name it is the first task that fits."""

    name: str = Field(default="", max_length=4096, description="help.recipe.name")


class TrainDraft(Config):
    """Training settings as a user asks for them. None or "auto": chosen when the run begins.

    The description of a field is the key of its text.
    """

    epochs: int | None = Field(default=None, ge=1, le=10**9, description="help.train.epochs")
    batch_size: int | None = Field(
        default=None, ge=1, le=10**9, description="help.train.batch_size"
    )
    optimizer: Optimizer | None = Field(default=None, description="help.train.optimizer")
    lr: float | None = Field(default=None, gt=0, description="help.train.lr")
    weight_decay: float | None = Field(default=None, ge=0, description="help.train.weight_decay")
    schedule: Schedule | None = Field(default=None, description="help.train.schedule")
    warmup: float | None = Field(default=None, ge=0, lt=1, description="help.train.warmup")
    clip: float | None = Field(default=None, ge=0, description="help.train.clip")
    patience: int = Field(default=0, ge=0, le=10**9, description="help.train.patience")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto", description="help.train.precision"
    )
    compile: Literal["auto", "on", "off"] = Field(default="auto", description="help.train.compile")
    memory_format: Literal["auto", "contiguous", "channels_last"] = Field(
        default="auto", description="help.train.memory_format"
    )
    save_seconds: float = Field(default=15.0, ge=0, description="help.train.save_seconds")
    device: str = Field(default="auto", description="help.train.device")
    threads: int | None = Field(default=None, ge=1, le=1024, description="help.train.threads")


class Train(Config):
    """Training settings, complete. The bounds of the values are those of `TrainDraft`."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    lr: float
    weight_decay: float
    schedule: Schedule
    warmup: float
    clip: float
    patience: int
    precision: Literal["fp32", "bf16"]
    compile: Literal["on", "off"]
    memory_format: Literal["contiguous", "channels_last"]
    save_seconds: float
    device: str
    threads: int


class RecipeDraft(Config):
    """What a user asks for. about: command, machine and time; expect: expected results."""

    model: Part
    data: Part
    task: TaskDraft | None = None
    train: TrainDraft = TrainDraft()
    seed: int = Field(default=0, ge=0, lt=2**31, description="help.recipe.seed")
    about: dict[str, str] = {}
    expect: dict[str, float] = {}


class Recipe(Config):
    """Everything that decides a run, complete."""

    model: Part
    data: Part
    task: Part
    train: Train
    seed: int
    about: dict[str, str]
    expect: dict[str, float]

    @classmethod
    def read(cls, mapping: Mapping[str, object], path: str = "") -> Self:
        """Build a recipe from plain JSON values. Raises UsageError for values out of bounds and for
        fields that are missing or open."""
        draft = RecipeDraft.read(mapping, path)  # which has the bounds, and the fields' defaults
        return super().read(draft.plain(), path)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all that decides the numbers."""
        return digest_of(self.plain())


def digest_of(mapping: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of a recipe, without what decides no number."""
    plain = {k: v for k, v in mapping.items() if k not in ("about", "expect")}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def draft(
    model: str | None = None,
    data: str | None = None,
    *,
    base: Mapping[str, object] | None = None,
    fields: Mapping[str, object] | None = None,
) -> Plain:
    """Merge names and fields into a base recipe and return the mapping.

    `fields` maps a path ("model.patch", "train.lr", "seed") to a plain JSON value. Raises
    UsageError for a path that leads nowhere.
    """
    tree: Plain = json.loads(json.dumps(dict(base or {})))
    _check_parts(tree)
    for key, name in (("model", model), ("data", data)):
        if name is not None and tree.get(key, {}).get("name") != name:
            tree[key] = {"name": name}
            tree.pop("task", None)  # what is asked follows from both
    for path, value in (fields or {}).items():
        head, *rest = path.split(".", 2)
        named = len(rest) > 1 and f"{head}.{rest[0]}" in MAPPINGS
        if head not in RecipeDraft.model_fields or (len(rest) > 1 and not named):
            known = {key: key for key in RecipeDraft.model_fields}
            known |= {key: f"train.{key}" for key in TrainDraft.model_fields}
            near = difflib.get_close_matches(path.lower(), known, n=1)
            meant = (
                text("nearest.one", name=known[near[0]]) if near else nearest(head, known.values())
            )
            raise UsageError(text("config.unknown", where=path, near=meant))
        if named:
            before = tree.setdefault(head, {}).get(rest[0])
            # A word, such as "balanced" in a recipe to start from, gives way to names.
            tree[head][rest[0]] = {**(before if isinstance(before, dict) else {}), rest[1]: value}
        elif rest:
            tree.setdefault(head, {})[rest[0]] = value
        elif isinstance(value, str) and head in ("model", "data", "task"):
            tree[head] = {"name": value}
        else:
            tree[head] = value
    _check_parts(tree)
    for key in ("model", "data"):
        if "name" not in tree.get(key, {}):
            raise UsageError(
                text("recipe.unnamed", part=key), do=text("recipe.unnamed.do", part=key)
            )
    return tree


def _check_parts(tree: Plain) -> None:
    """Make a part that is only a name an object; raise UsageError for one that is neither."""
    for key in ("model", "data", "task", "train"):
        if isinstance(tree.get(key), str) and key != "train":
            tree[key] = {"name": tree[key]}
        part = tree.get(key, {})
        if key == "task" and part is None:
            continue
        if not isinstance(part, dict) or not isinstance(part.get("name", ""), str):
            wrong = "recipe.group" if key == "train" else "recipe.part"
            raise UsageError(text(wrong, part=key, value=json.dumps(part)))


def read_recipe(path: Path) -> Plain:
    """The mapping in a recipe file. Raises UsageError if it is missing or no JSON object."""
    try:
        handle = portable.open_to_read(path)  # a pipe is refused, not waited for
        return limits.parse_json(limits.content(handle, limits.JSON))  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise UsageError(text("recipe.no_file", path=path)) from None
    except OSError as error:
        raise UsageError(text("recipe.unreadable", path=path, why=reason(error)[0])) from None
    except ValueError as error:
        raise UsageError(text("recipe.invalid", path=path, why=cause(error))) from None
