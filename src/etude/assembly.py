"""A recipe becomes live parts: data, model and task, and every open field is filled.

`complete` makes a Recipe of a mapping; `assemble` is the only place where its names become objects,
for training, looking and serving alike.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etude import registry
from etude.config import nearest
from etude.errors import DataError, StorageError, UsageError, quantity
from etude.recipe import Part, Recipe, Train
from etude.system.caller import undisturbed
from etude.system.limits import hold_memory, memory

if TYPE_CHECKING:
    from torch import nn

    from etude.data.dataset import Card, DataConfig, Dataset
    from etude.models.architecture import Architecture
    from etude.shapes import Spec, Target
    from etude.tasks.protocol import Task

SMALL_DATA = 5000
FEWEST_EPOCHS = 8
BATCH, LARGE_BATCH = 64, 128
FEWEST_BATCHES = 4
"""Fewest steps in an epoch when étude chooses the batch size: with fewer, all batches of a small
data set would contain nearly the same samples."""
TAKES = 4
"""Memory for training in multiples of the model: weights, gradients, the two moments of Adam."""


@dataclass(frozen=True)
class Assembly:
    """Data, model and task, and the recipe complete but for precision and compilation."""

    recipe: Recipe
    dataset: "Dataset"
    model: "nn.Module"
    task: "Task"


def complete(mapping: Mapping[str, Any]) -> Recipe:
    """Read a Recipe from a mapping and check every key against the part it belongs to.

    A data name that is a path becomes its source's name and the path. Raises UsageError.
    """
    recipe = Recipe.read(mapping)
    architecture = registry.load("model", recipe.model.name)
    chosen = recipe.model.fields
    preset = chosen.pop("preset", "default")
    if not isinstance(preset, str) or preset not in architecture.presets:
        near = nearest(str(preset), architecture.presets)
        raise UsageError(f"{recipe.model.name} has no preset {preset!r}.{near}")
    architecture.config.read(chosen, "model")
    data = _place(recipe.data)
    registry.load("data", data.name).config.read(data.fields, "data")
    return recipe.model_copy(update={"data": data})


def _place(data: Part) -> Part:
    """Replace a path that was given as the data name by its source's name and the path."""
    if data.name in registry.names("data"):
        return data
    path = Path(os.path.expanduser(data.name))
    if not os.path.exists(path):
        known = ", ".join(registry.names("data"))
        raise UsageError(
            f"There is no data set {data.name!r}, nor a file or folder of that name."
            f"{nearest(data.name, registry.names('data'))}",
            do=f"Give one of {known}, or the path of a folder of images, .npz, .npy or .ts.",
        )
    from etude.data.paths import source_for

    source = source_for(path)
    if source is None:
        raise DataError(
            f"{path}: no source reads this kind of file.",
            do="Give a folder of images (a folder a class), an .npz, an .npy or a .ts file.",
        )
    return Part.read({"name": source, "path": str(path), **data.fields}, "data")


def assemble(recipe: Recipe, loaded: "tuple[Dataset, DataConfig] | None" = None) -> Assembly:
    """Load the data, fill open fields of the recipe, build the model.

    loaded: the result of `dataset_of`, if the caller has it. Raises DataError, UsageError.
    """
    import torch

    architecture: Architecture = registry.load("model", recipe.model.name)
    dataset, config = loaded or dataset_of(recipe)
    recipe = _resolve(recipe, architecture, dataset)
    recipe = recipe.model_copy(
        update={"data": Part.read({"name": recipe.data.name, **config.plain()}, "data")}
    )
    torch.manual_seed(recipe.seed)
    model, task = rebuild(recipe, dataset.card)
    kind = "channels_last" if _last(model, recipe.train) else "contiguous"
    train = recipe.train.model_copy(update={"memory_format": kind})
    return Assembly(recipe.model_copy(update={"train": train}), dataset, model, task)


def found_again(recipe: Recipe, run: Path, place: str | None = None) -> Recipe:
    """The recipe of a run with the path of its data: `place` if given, else the stored path.

    Raises DataError with that path and a way to correct it if there is nothing.
    """
    path = recipe.data.fields.get("path")
    if place is None:
        if isinstance(path, str) and not os.path.exists(os.path.expanduser(path)):
            raise _moved(run, path)
        return recipe
    if not isinstance(path, str):
        raise UsageError(
            f"{run}: was trained on {recipe.data.name!r}, which is found by its name.",
            do="Leave --data out.",
        )
    from etude.data.paths import source_for

    there = Path(os.path.expanduser(place))
    if not os.path.exists(there):
        raise DataError(f"{place}: there is no such file or folder.")
    if (source := source_for(there)) != recipe.data.name:
        kind = f"it is read as {source!r}" if source else "no source reads it"
        raise DataError(f"{place}: the data of {run} are read as {recipe.data.name!r}; {kind}.")
    data = Part.read({**recipe.data.plain(), "path": str(there)}, "data")
    return recipe.model_copy(update={"data": data})


def _moved(run: Path, path: str) -> DataError:
    """The error for data that are not at the path in the recipe, with a path where they may be."""
    full = os.path.abspath(os.path.expanduser(path))
    seen = "" if os.path.isabs(path) else f", which from the current folder is {full}"
    near = next((p / path for p in run.absolute().parents if os.path.exists(p / path)), None)
    start = "" if os.path.isabs(path) else f"Start from the folder in which {path} lies, or name"
    where = os.path.relpath(near) if near else "PATH"
    return DataError(
        f"{run}: its recipe looks for its data at {path}{seen}: there is nothing.",
        do=f"{start or 'Name'} the new place: --data {where} (in Python data={where!r}).",
    )


def dataset_of(recipe: Recipe) -> "tuple[Dataset, DataConfig]":
    """The dataset of a recipe and the Config of its source, without a model. Raises DataError."""
    from etude.data.dataset import split_dataset

    architecture: Architecture = registry.load("model", recipe.model.name)
    source = registry.load("data", recipe.data.name)
    config = source.config.read(recipe.data.fields, "data")
    dataset = split_dataset(
        source.load(config),
        reads=architecture.reads,
        scale=architecture.scale,
        val_fraction=config.val_fraction,
        seed=recipe.seed,
    )
    return dataset, config


def old_fingerprint(recipe: Recipe) -> str:
    """The fingerprint that étude 0.1.0 computed for the data of a recipe. Raises DataError."""
    from etude.data.old import old_fingerprint

    source = registry.load("data", recipe.data.name)
    return old_fingerprint(source.load(source.config.read(recipe.data.fields, "data")))


def _resolve(recipe: Recipe, architecture: "Architecture", dataset: "Dataset") -> Recipe:
    """Fill open fields: the user's values first, then the preset's, then rules by data size."""
    chosen = recipe.model.fields
    name = chosen.pop("preset", "default")
    preset = architecture.presets[name](dataset.card.model_spec)
    model = architecture.config.read({**preset.model, **chosen}, "model")
    given = {key: value for key, value in recipe.train.plain().items() if value is not None}
    train = {**recipe.train.plain(), **preset.train, **given}
    count = len(dataset.train)
    if train["batch_size"] is None:
        train["batch_size"] = batch_size(count)
    elif "batch_size" not in given:
        train["batch_size"] = min(train["batch_size"], count)  # the preset's
    if train["batch_size"] > count:
        raise UsageError(
            f"train.batch_size={train['batch_size']} is larger than the training data, "
            f"{quantity(count, 'sample')}.",
            do=f"Choose at most {count}.",
        )
    if train["epochs"] is None:
        wanted = round(preset.updates / (count // train["batch_size"]))
        train["epochs"] = max(wanted, FEWEST_EPOCHS)
    task = task_for(recipe, architecture, dataset.card)
    return recipe.model_copy(
        update={
            "model": Part.read({"name": recipe.model.name, "preset": name, **model.plain()}),
            "task": Part.read({"name": task.name}),
            "train": Train.read(train, "train"),
        }
    )


def batch_size(count: int) -> int:
    """Batch size for `count` training samples if neither the user nor the preset sets it.

    A power of two with at least FEWEST_BATCHES steps per epoch and at least two samples per batch,
    which batch norm needs.
    """
    if count >= SMALL_DATA:
        return LARGE_BATCH
    most = min(BATCH, max(2, count // FEWEST_BATCHES))
    return min(count, 1 << (most.bit_length() - 1))


def tasks_of(architecture: "Architecture", target: "Target | None" = None) -> "list[type[Task]]":
    """The tasks that an architecture can be trained for, on data with this target or on any."""
    targets = architecture.targets if target is None else {target} & {*architecture.targets}
    every: list[type[Task]] = [registry.load("task", name) for name in registry.names("task")]
    return [
        task
        for task in every
        if task.needs == architecture.provides and not {*task.targets}.isdisjoint(targets)
    ]


def task_for(recipe: Recipe, architecture: "Architecture", card: "Card") -> "type[Task]":
    """The task that the recipe names; if it names none, the first that fits.

    The tasks of this package come before those of plugins, so a plugin changes no run that does not
    name it. Raises UsageError if no task fits, or not the one that is named.
    """
    fit = {task.name: task for task in tasks_of(architecture, card.target)}
    if not fit:
        names = ", ".join(task.name for task in tasks_of(architecture))
        raise UsageError(
            f"{recipe.model.name} does {names}; none of them fits the data {card.name!r}, whose "
            f"targets are of kind {card.target}.",
            do="Choose another model: `etude list` names what each does.",
        )
    if recipe.task is None:
        return next(iter(fit.values()))
    if recipe.task.name not in fit:
        registry.load("task", recipe.task.name)  # a name that does not exist has another error
        raise UsageError(
            f"task={recipe.task.name}: {recipe.model.name} on {card.name} does {', '.join(fit)}."
        )
    return fit[recipe.task.name]


def rebuild(recipe: Recipe, card: "Card") -> "tuple[nn.Module, Task]":
    """Build the model and task of a complete recipe from the Card, without reading the data."""
    from etude.tasks.protocol import Setup

    hold_memory()
    architecture = registry.load("model", recipe.model.name)
    fields = recipe.model.fields
    fields.pop("preset", None)
    config = architecture.config.read(fields, "model")
    if card.model_spec.kind not in architecture.reads:
        raise UsageError(
            f"{recipe.model.name} does not read samples of kind {card.model_spec.kind}."
        )
    task = task_for(recipe, architecture, card)
    model = _built(architecture, recipe.model.name, config, card.model_spec)
    _refuse_single(recipe, model)
    phases = architecture.phases(config) if architecture.phases else ()
    return _laid_out(model, recipe.train), task.build(Setup(card, config, phases))


def _built(architecture: "Architecture", name: str, config: Any, spec: "Spec") -> "nn.Module":
    try:
        _refuse_giants(architecture, name, config, spec)
        return architecture.build(config, spec)
    except ValueError as error:
        raise UsageError(f"{name} does not fit {spec}: {error}.") from None


def _refuse_giants(architecture: "Architecture", name: str, config: Any, spec: "Spec") -> None:
    """Raise StorageError for a model whose training would not fit into memory.

    The model is built on the meta device first: shapes without values take no memory.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Shapes(TorchFunctionMode):
        """Skips initialisation from a normal distribution: on the meta device torch would import
        its compiler for it, which takes 1.6 s, and there are no values to set."""

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            if getattr(func, "__name__", "").endswith("normal_"):
                return kwargs["tensor"] if "tensor" in kwargs else args[0]
            return func(*args, **kwargs)

    room = memory()
    try:
        with torch.device("meta"), Shapes():
            parameters = list(architecture.build(config, spec).parameters())
        size = sum(p.numel() * p.element_size() for p in parameters)
    except (RuntimeError, OverflowError, TypeError):  # a side or a product beyond 64 bits
        size = 2**63
    if TAKES * size > room:
        raise StorageError(
            f"Out of memory: {name} on {spec} has {size // 4:,} parameters or more; to train them "
            f"takes {TAKES * size:,} bytes, and {room:,} are to be had here.",
            do="Choose a smaller model, or smaller samples.",
        )


def _last(model: "nn.Module", train: Train) -> bool:
    """Whether to use the channels-last memory format: by default for models with convolutions.

    On a CPU it halves the time of a prediction (benchmarks/memory_format.py).
    """
    from torch import nn

    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return train.memory_format == "channels_last" or (train.memory_format == "auto" and convolves)


def _laid_out(model: "nn.Module", train: Train) -> "nn.Module":
    import torch

    if _last(model, train):
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def _refuse_single(recipe: Recipe, model: "nn.Module") -> None:
    """Raise UsageError for batch norm with a batch of one, where the variance is undefined."""
    from torch.nn.modules.batchnorm import _BatchNorm

    if recipe.train.batch_size == 1 and any(isinstance(m, _BatchNorm) for m in model.modules()):
        raise UsageError(
            f"train.batch_size=1: {recipe.model.name} has batch norm, which needs two samples "
            "or more a batch.",
            do="Choose train.batch_size=2 or more.",
        )


@undisturbed()
def create(name: str, data: Any = "digits", *, seed: int = 0, **fields: Any) -> "nn.Module":
    """A model by name, built for `data` (a name, a path, or a Spec), as a plain nn.Module.

    seed: decides its weights; the caller's random generators are neither used nor changed. fields:
    the architecture's Config, and `preset`. Raises UsageError.
    """
    import torch

    from etude.shapes import Spec

    if isinstance(data, Spec):
        architecture: Architecture = registry.load("model", name)
        chosen = fields.pop("preset", "default")
        if chosen not in architecture.presets:
            raise UsageError(f"{name} has no preset {chosen!r}.")
        config = architecture.config.read(
            {**architecture.presets[chosen](data).model, **fields}, "model"
        )
        torch.manual_seed(seed)
        return _built(architecture, name, config, data)
    parts = {"model": {"name": name, **fields}, "data": {"name": str(data)}}
    recipe = complete({**parts, "seed": seed})
    return assemble(recipe).model
