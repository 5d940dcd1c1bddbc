"""The data of a recipe: loaded from their source, or from Python objects, and in three splits."""

from dataclasses import dataclass

from torch import nn

from etude import registry
from etude.data import memory
from etude.data.dataset import DataConfig, Dataset, Raw, split_dataset
from etude.data.old import fingerprint_of_old
from etude.errors import UsageError
from etude.locale.texts import text
from etude.models import own
from etude.models.architecture import Architecture
from etude.recipe import OWN, Recipe, RecipeDraft
from etude.shapes import Spec


@dataclass(frozen=True)
class Objects:
    """What a caller passes as Python objects instead of by name.

    data: see `data.memory`. module: see `models.own`.
    """

    data: object = None
    module: nn.Module | None = None


NO_OBJECTS = Objects()


@dataclass(frozen=True)
class Loaded:
    """Data as they are stored, and the Config by which their source read them."""

    raw: Raw
    config: DataConfig


def architecture_of(name: str, objects: Objects) -> Architecture:
    """The architecture of a recipe's model part. Raises UsageError, also for a module of the user's
    own that was not passed."""
    if objects.module is not None:
        return own.architecture(objects.module)
    if name == OWN:
        raise UsageError(text("assembly.own", name=OWN), do=text("assembly.own.do"))
    return registry.load("model", name)  # type: ignore[no-any-return]


def dataset_of(
    recipe: RecipeDraft | Recipe, objects: Objects = NO_OBJECTS
) -> tuple[Dataset, DataConfig]:
    """The dataset of a recipe and the Config of its source, without a model.

    Raises DataError, and UsageError for a module that cannot read the data.
    """
    data = loaded(recipe, objects)
    return divided(recipe, data, objects), data.config


def divided(recipe: RecipeDraft | Recipe, data: Loaded, objects: Objects) -> Dataset:
    """Loaded data in three splits, as the model of the recipe reads them."""
    architecture, raw = architecture_of(recipe.model.name, objects), data.raw
    reads = architecture.reads
    if objects.module is not None:
        spec = Spec(raw.kind, raw.train.x.shape[1:], 1, raw.target)
        reads = own.reads(objects.module, spec, raw.train.lengths is not None)
    return split_dataset(
        raw,
        reads=reads,
        scale=architecture.scale,
        val_fraction=data.config.val_fraction,
        seed=recipe.seed,
    )


def loaded(recipe: RecipeDraft | Recipe, objects: Objects) -> Loaded:
    """The data as their source or the caller's objects hold them. Raises DataError."""
    source = registry.load("data", recipe.data.name)
    config: DataConfig = source.config.read(recipe.data.fields, "data")
    if isinstance(config, memory.Config) and objects.data is not None:
        return Loaded(memory.raw_from(objects.data, config), config)
    if source.settle is not None:
        config = source.settle(config)
    return Loaded(source.load(config), config)


def old_fingerprint(recipe: RecipeDraft) -> str:
    """The fingerprint that étude 0.1.0 computed for the data of a recipe. Raises DataError."""
    source = registry.load("data", recipe.data.name)
    return fingerprint_of_old(source.load(source.config.read(recipe.data.fields, "data")))
