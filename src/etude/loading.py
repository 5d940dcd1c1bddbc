"""The data of a recipe: loaded from their source, or from Python objects, and in three splits; and
the file of weights that its model starts from."""

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from etude import registry
from etude.data.dataset import DataConfig, Dataset, Raw, Source, split_dataset
from etude.data.old import fingerprint_of_old
from etude.errors import UsageError
from etude.locale.texts import Text, text
from etude.models import own
from etude.models.architecture import Architecture, Preset, Pretrained
from etude.recipe import OWN, Part, Recipe, RecipeDraft
from etude.shapes import Spec
from etude.system.limits import Plain


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
    dataset = split_dataset(
        raw,
        reads=reads,
        scale=architecture.scale,
        val_fraction=data.config.val_fraction,
        seed=recipe.seed,
    )
    if architecture.pretrained is None or dataset.card.kind != "image":
        return dataset
    channels = dataset.card.shape[0]
    stated = architecture.pretrained.scaling(recipe.model.fields, channels)
    return replace(dataset, card=dataset.card.scaled(*stated)) if stated else dataset


def loaded(recipe: RecipeDraft | Recipe, objects: Objects) -> Loaded:
    """The data as their source or the caller's objects hold them. Raises DataError."""
    source = registry.load("data", recipe.data.name)
    config: DataConfig = source.config.read(recipe.data.fields, "data")
    if source.objects is not None and objects.data is not None:
        return Loaded(source.objects(objects.data, config), config)
    if source.settle is not None:
        config = source.settle(config)
    return Loaded(source.load(config), config)


def old_fingerprint(recipe: RecipeDraft) -> str:
    """The fingerprint that étude 0.1.0 computed for the data of a recipe. Raises DataError."""
    source = registry.load("data", recipe.data.name)
    return fingerprint_of_old(source.load(source.config.read(recipe.data.fields, "data")))


def require_pretrained(architecture: Architecture, part: Part) -> None:
    """Raise UsageError for weights that the architecture cannot start from, or for the preset of
    weights without any."""
    fields, pretrained = part.fields, architecture.pretrained
    if "weights" in fields and "weights" not in architecture.config.model_fields:
        every = [
            name for name in registry.names("model") if registry.load("model", name).pretrained
        ]
        raise UsageError(text("assembly.weights.model", model=part.name, names=every))
    if pretrained and fields.get("preset") == pretrained.preset and not fields.get("weights"):
        raise UsageError(
            text("assembly.weights.preset", preset=pretrained.preset, model=part.name),
            do=text("assembly.weights.preset.do"),
        )


def with_weights(draft: RecipeDraft, architecture: Architecture, source: Source) -> RecipeDraft:
    """The draft with all that a file of weights decides: sizes, and the size of pictures.

    A recipe that is complete does not need the file for that.
    """
    fields, pretrained = draft.model.fields, architecture.pretrained
    if pretrained is None or not fields.get("weights") or "weights_sha256" in fields:
        return draft
    completed = pretrained.complete(fields)
    model = {"preset": pretrained.preset, **completed.fields, "name": draft.model.name}
    data = draft.data.plain()
    if "size" in source.config.model_fields and completed.side and "size" not in data:
        data["size"] = completed.side
        source.config.read({k: v for k, v in data.items() if k != "name"}, "data")
    return draft.model_copy(
        update={"model": Part.read(model, "model"), "data": Part.read(data, "data")}
    )


def load_weights(model: nn.Module, part: Part, dataset: Dataset) -> tuple[Text, ...]:
    """Put the weights of the file that a complete part names into the model. Returns sentences for
    the user; none if it names no file."""
    if part.name == OWN or not part.fields.get("weights"):
        return ()
    architecture: Architecture = registry.load("model", part.name)
    if architecture.pretrained is None:
        return ()
    fields = part.fields
    fields.pop("preset", None)
    config = architecture.config.read(fields, "model")
    card = dataset.card
    return architecture.pretrained.load(
        model, config, card.model_spec, card.classes, _rarest(dataset)
    )


def _rarest(dataset: Dataset) -> int | None:
    """The number of training samples of the rarest class; None if the data have no classes."""
    if dataset.card.target != "class":
        return None
    counts = np.bincount(dataset.train.y)
    return int(counts[counts > 0].min())


def settings_of_weights(
    pretrained: Pretrained, preset: Preset, fields: Plain, dataset: Dataset
) -> Preset:
    """The preset with what depends on the file and on the number of images of a class."""
    found = pretrained.settings(fields, _rarest(dataset))
    return replace(
        preset, model={**preset.model, **found.model}, train={**preset.train, **found.train}
    )
