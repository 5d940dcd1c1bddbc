"""A draft of a recipe becomes live parts: data, model and task, and every open field is filled.

`prepare` is the only way there: for training, resuming, sanity checks, comparisons and searches.
`rebuild` makes the model and the task of a run that exists, without its data.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from etude import registry
from etude.config import nearest
from etude.data.augment import require
from etude.data.card import Card
from etude.data.dataset import DataConfig, Dataset
from etude.data.locate import with_source
from etude.data.resident import Resident
from etude.errors import UsageError
from etude.loading import NO_OBJECTS, Loaded, Objects, architecture_of, divided, loaded
from etude.locale.texts import Sentence, Text, text
from etude.models import own
from etude.models.architecture import Architecture
from etude.models.build import build
from etude.recipe import Part, Recipe, RecipeDraft, Train
from etude.shapes import Spec, Target
from etude.sharing import require_same, shared_dataset, shares
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain, hold_memory
from etude.tasks.protocol import Configurable, Setup, Task, config_of, uses_weights
from etude.training import hardware
from etude.training.distributed import World

SMALL_DATA = 5000
FEWEST_EPOCHS, MANY_DATA, FEWEST_OF_MANY = 8, 200_000, 2
"""Fewest epochs when étude chooses their number: FEWEST_EPOCHS up to MANY_DATA training samples;
of more samples as many as show the same number of them, and at least FEWEST_OF_MANY."""
BATCH, LARGE_BATCH = 64, 128
FEWEST_BATCHES = 4
"""Fewest steps in an epoch when étude chooses the batch size: with fewer, all batches of a small
data set would contain nearly the same samples."""


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs to start.

    title: the name of the model in sentences. reason: why this precision and memory format, as a
    line for the user. warnings: lines about what trains, but hardly as intended.
    """

    recipe: Recipe
    dataset: Dataset
    model: nn.Module
    task: Task
    title: str
    reason: Text
    warnings: tuple[Sentence, ...] = ()


def read_draft(mapping: Mapping[str, object], objects: Objects = NO_OBJECTS) -> RecipeDraft:
    """Read a draft from a mapping and check every key against the part it belongs to.

    A data name that is a path becomes its source's name and the path. Raises UsageError, DataError.
    """
    draft = RecipeDraft.read(mapping)
    architecture = architecture_of(draft.model.name, objects)
    fields = draft.model.fields
    _require_preset(architecture, draft.model.name, fields.pop("preset", "default"))
    architecture.config.read(fields, "model")
    data = with_source(draft.data)
    registry.load("data", data.name).config.read(data.fields, "data")
    _require_task_fields(draft, architecture)
    return draft.model_copy(update={"data": data})


def _require_task_fields(draft: RecipeDraft, architecture: Architecture) -> None:
    """Raise UsageError for fields that no task of the architecture, or not the named one, has."""
    if draft.task is None or not draft.task.fields:
        return
    kinds = tasks_of(architecture)
    if draft.task.name:
        kinds = [registry.load("task", draft.task.name)]
    configs = [config_of(kind) for kind in kinds]
    wanted = set(draft.task.fields)
    # Which of several tasks it is depends on data that are not loaded yet.
    config = next((each for each in configs if wanted <= set(each.model_fields)), configs[0])
    config.read(draft.task.fields, "task")


def _require_preset(architecture: Architecture, name: str, preset: object) -> str:
    """The name of a preset. Raises UsageError, with a similar name, if the architecture has none
    of this name."""
    if not isinstance(preset, str) or preset not in architecture.presets:
        near = nearest(str(preset), architecture.presets)
        raise UsageError(text("assembly.preset", model=name, preset=str(preset), near=near))
    return preset


def prepare(draft: RecipeDraft, world: World, objects: Objects = NO_OBJECTS) -> Prepared:
    """Load the data, build the model, and choose every open field of the recipe.

    Sets torch's number of threads. world: the processes that share each batch; of those on one
    machine the first reads the data for all. Raises UsageError, DataError, StorageError.
    """
    if not shares(world, objects):
        return prepare_loaded(draft, loaded(draft, objects), world, objects)
    device, _ = hardware.resolve(draft.train.device, draft.train.threads)
    world.join(device)
    return _prepared(draft, *shared_dataset(draft, objects, world, device), world, objects)


def prepare_loaded(draft: RecipeDraft, data: Loaded, world: World, objects: Objects) -> Prepared:
    """`prepare` for data that are loaded already."""
    return _prepared(draft, divided(draft, data, objects), data.config, world, objects)


def _prepared(
    draft: RecipeDraft, dataset: Dataset, source: DataConfig, world: World, objects: Objects
) -> Prepared:
    """`prepare` for data in three splits. source: the Config by which they were read."""
    device, threads = hardware.resolve(draft.train.device, draft.train.threads)
    ops = tuple(source.augment)
    if ops:
        require(dataset.train.x.ndim, ops)
    card = dataset.card
    model_part, train = _settings(draft, dataset, objects)
    architecture = architecture_of(draft.model.name, objects)
    kind = task_for(draft, architecture, card)
    task_part = _task_part(draft, kind, dataset)
    with _generator(draft.seed):
        model, task = _build(model_part, kind, task_part, train["batch_size"], card, objects)
    _require_shares(train["batch_size"], world)
    world.join(device)
    require_same(card, world)
    layout = memory_format(train["memory_format"], model)
    parameters = sum(p.numel() for p in model.parameters())
    exact = card.target != "class"
    choice = hardware.select(draft.train, device, model_part.name, parameters, exact)
    if choice.precision == "bf16":
        _try_bf16(model, task, dataset, device, model_part.name)
    train |= {
        "device": device, "threads": threads, "precision": choice.precision,
        "compile": choice.compile, "memory_format": layout,
    }  # fmt: skip
    recipe = Recipe(
        model=model_part,
        data=Part.read({"name": draft.data.name, **source.plain()}, "data"),
        task=task_part,
        train=Train.read(train, "train"),
        seed=draft.seed,
        about=draft.about,
        expect=draft.expect,
    )
    model = laid_out(model, recipe.train)
    reason = choice.reason
    if layout == "channels_last":
        reason = text("assembly.channels_last", reason=reason)
    warnings = own.warnings(model, card.model_spec, card.padded) if objects.module else ()
    return Prepared(recipe, dataset, model, task, architecture.title, reason, tuple(warnings))


def _task_part(draft: RecipeDraft, kind: type[Task], dataset: Dataset) -> Part:
    """The complete task part. Raises UsageError, also for weights that the task does not use."""
    if dataset.train.weights is not None and not uses_weights(kind):
        raise UsageError(
            text("assembly.task.weights", task=kind.name), do=text("assembly.task.weights.do")
        )
    options = config_of(kind).read(draft.task.fields if draft.task else {}, "task")
    if isinstance(kind, Configurable):
        options = kind.completed(options, dataset.card, dataset.arrays(dataset.train))
    # Fields with their default value are left out, so that recipes of versions without them keep
    # their digest.
    return Part.read({"name": kind.name, **options.model_dump(exclude_defaults=True)}, "task")


@contextmanager
def _generator(seed: int) -> Iterator[None]:
    """Inside, torch's generator starts at `seed`; afterwards its state is what it was before."""
    # devices=[]: weights are drawn on the CPU; saving the state of every GPU would start CUDA.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _settings(draft: RecipeDraft, dataset: Dataset, objects: Objects) -> tuple[Part, Plain]:
    """The complete model part and training settings but for the hardware's: the user's values
    first, then the preset's, then rules by the size of the data."""
    architecture = architecture_of(draft.model.name, objects)
    fields, count = draft.model.fields, len(dataset.train)
    name = fields.pop("preset", "default")
    preset = architecture.presets[name](dataset.card.model_spec)
    model = architecture.config.read({**preset.model, **fields}, "model")
    asked = {key: value for key, value in draft.train.plain().items() if value is not None}
    train = {**draft.train.plain(), **preset.train, **asked}
    if train["batch_size"] is None:
        train["batch_size"] = batch_size(count)
    elif "batch_size" not in asked:
        train["batch_size"] = min(train["batch_size"], count)  # the preset's
    if train["batch_size"] > count:
        raise UsageError(
            text("assembly.batch.large", size=train["batch_size"], count=count),
            do=text("assembly.batch.large.do", count=count),
        )
    if train["epochs"] is None:
        # Training leaves out an incomplete last batch, so an epoch has this whole number of steps.
        wanted = round(preset.updates / (count // train["batch_size"]))
        train["epochs"] = max(wanted, fewest_epochs(count))
    part = Part.read({"name": draft.model.name, "preset": name, **model.plain()})
    return part, train


def batch_size(count: int) -> int:
    """Batch size for `count` training samples if neither the user nor the preset sets it.

    A power of two with at least FEWEST_BATCHES steps per epoch and at least two samples per batch,
    which batch norm needs.
    """
    if count >= SMALL_DATA:
        return LARGE_BATCH
    most = min(BATCH, max(2, count // FEWEST_BATCHES))
    return min(count, 1 << (most.bit_length() - 1))


def fewest_epochs(count: int) -> int:
    """The fewest epochs for `count` training samples if neither the user nor the preset says how
    many."""
    if count <= MANY_DATA:
        return FEWEST_EPOCHS
    return max(FEWEST_OF_MANY, ceil(FEWEST_EPOCHS * MANY_DATA / count))


def _require_shares(size: int, world: World) -> None:
    """Raise UsageError unless every process gets two samples of each batch, for batch norm."""
    if world.size > 1 and size // world.size < 2:
        raise UsageError(
            text("assembly.batch.shared", size=size, processes=world.size),
            do=text("assembly.batch.shared.do", least=2 * world.size),
        )


def _try_bf16(model: nn.Module, task: Task, dataset: Dataset, device: str, name: str) -> None:
    """Two samples through the model in bf16. Raises UsageError where this processor cannot: oneDNN
    has no LSTM in bf16 for a CPU without the instructions."""
    place = torch.device(device)
    few = Resident(dataset.train.take(np.arange(2)), dataset.card, place)
    model = model.to(place).eval()
    try:
        with torch.inference_mode(), torch.autocast(place.type, torch.bfloat16):
            task.outputs(model, few.take(np.arange(2)))
    except RuntimeError as error:
        why = str(error).split(". ")[0][:200]
        raise UsageError(
            text("assembly.bf16", model=name, device=place.type, why=why),
            do=text("assembly.bf16.do"),
        ) from None


def tasks_of(architecture: Architecture, target: Target | None = None) -> list[type[Task]]:
    """The tasks that an architecture can be trained for, on data with this target or on any."""
    targets = architecture.targets if target is None else {target} & {*architecture.targets}
    every: list[type[Task]] = [registry.load("task", name) for name in registry.names("task")]
    return [
        task
        for task in every
        if task.needs == architecture.provides and not {*task.targets}.isdisjoint(targets)
    ]


def task_for(recipe: RecipeDraft | Recipe, architecture: Architecture, card: Card) -> type[Task]:
    """The task that the recipe names; if it names none, the first that fits.

    The tasks of this package come before those of plugins, so a plugin changes no run that does not
    name it. Raises UsageError if no task fits, or not the one that is named.
    """
    fit = {task.name: task for task in tasks_of(architecture, card.target)}
    if not fit:
        names = [task.name for task in tasks_of(architecture)]
        raise UsageError(
            text(
                "assembly.task.none",
                model=recipe.model.name,
                names=names,
                data=card.name,
                target=card.target,
            ),
            do=text("assembly.task.none.do"),
        )
    if recipe.task is None or not recipe.task.name:
        return next(iter(fit.values()))
    if recipe.task.name not in fit:
        registry.load("task", recipe.task.name)  # a name that does not exist has another error
        raise UsageError(
            text(
                "assembly.task.other",
                task=recipe.task.name,
                model=recipe.model.name,
                data=card.name,
                names=list(fit),
            )
        )
    return fit[recipe.task.name]


def rebuild(recipe: Recipe, card: Card, objects: Objects = NO_OBJECTS) -> tuple[nn.Module, Task]:
    """Build the model and task of a recipe from the Card, without reading the data.

    The weights are those of a new model with the recipe's seed. Raises UsageError, StorageError.
    """
    kind = task_for(recipe, architecture_of(recipe.model.name, objects), card)
    with _generator(recipe.seed):
        model, task = _build(
            recipe.model, kind, recipe.task, recipe.train.batch_size, card, objects
        )
    return laid_out(model, recipe.train), task


def _build(
    part: Part, kind: type[Task], task: Part, size: int, card: Card, objects: Objects
) -> tuple[nn.Module, Task]:
    """The model that a complete part names and its task, with the fields of the part `task`, for
    batches of `size`."""
    hold_memory()
    architecture = architecture_of(part.name, objects)
    fields = part.fields
    fields.pop("preset", None)
    config = architecture.config.read(fields, "model")
    if card.model_spec.kind not in architecture.reads:
        raise UsageError(text("assembly.kind", model=part.name, kind=card.model_spec.kind))
    # A task of a plugin need not say how many outputs it has for each target.
    outputs = card.outputs * getattr(kind, "per_target", 1)
    spec = replace(card.model_spec, outputs=outputs)
    if objects.module is not None:
        own.require_outputs(objects.module, spec, card.padded)
        model = objects.module
    else:
        model = build(architecture, part.name, config, spec)
    # torch has no public name for the common base of batch norm in 1, 2 and 3 dimensions.
    if size == 1 and any(isinstance(m, _BatchNorm) for m in model.modules()):
        # The variance of one sample is undefined.
        raise UsageError(
            text("assembly.batch.norm", model=part.name), do=text("assembly.batch.norm.do")
        )
    phases = architecture.phases(config) if architecture.phases else ()
    options = config_of(kind).read(task.fields, "task")
    return model, kind.build(Setup(card, config, phases, options))


def memory_format(asked: str, model: nn.Module) -> str:
    """ "channels_last" or "contiguous": as asked or, for "auto", by whether the model convolves.

    On a CPU channels-last halves the time of a prediction (benchmarks/memory_format.py).
    """
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    automatic = "channels_last" if convolves else "contiguous"
    return automatic if asked == "auto" else asked


def laid_out(model: nn.Module, train: Train) -> nn.Module:
    """The model with its weights in the recipe's memory format."""
    if train.memory_format == "channels_last":
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


@preserve_caller_state()
def create(name: str, data: object = "digits", *, seed: int = 0, **fields: object) -> nn.Module:
    """A model by name, built for `data` (a name, a path, or a Spec), as a plain nn.Module.

    seed: decides its weights; the caller's random generators are neither used nor changed. fields:
    the architecture's Config, and `preset`. Raises UsageError.
    """
    if not isinstance(data, Spec):
        parts = {"model": {"name": name, **fields}, "data": {"name": str(data)}}
        return prepare(read_draft({**parts, "seed": seed}), World()).model
    architecture: Architecture = registry.load("model", name)
    preset = _require_preset(architecture, name, fields.pop("preset", "default"))
    values = {**architecture.presets[preset](data).model, **fields}
    with _generator(seed):
        return build(architecture, name, architecture.config.read(values, "model"), data)
