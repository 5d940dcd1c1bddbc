"""The settings that a recipe leaves open and that do not depend on the hardware: sizes of the model
from a preset, the batch size and the number of epochs by the amount of data."""

from math import ceil

from etude.data.dataset import Dataset
from etude.errors import UsageError
from etude.loading import Objects, architecture_of, settings_of_weights
from etude.locale.texts import text
from etude.recipe import Part, RecipeDraft
from etude.system.limits import Plain

SMALL_DATA = 5000
FEWEST_EPOCHS, MANY_DATA, FEWEST_OF_MANY = 8, 200_000, 2
"""Fewest epochs when étude chooses their number: FEWEST_EPOCHS up to MANY_DATA training samples;
of more samples as many as show the same number of them, and at least FEWEST_OF_MANY."""
BATCH, LARGE_BATCH = 64, 128
FEWEST_BATCHES = 4
"""Fewest steps in an epoch when étude chooses the batch size: with fewer, all batches of a small
data set would contain nearly the same samples."""


def settings(draft: RecipeDraft, dataset: Dataset, objects: Objects) -> tuple[Part, Plain]:
    """The complete model part and training settings but for the hardware's: the user's values
    first, then the preset's, then rules by the size of the data."""
    architecture = architecture_of(draft.model.name, objects)
    fields, count = draft.model.fields, len(dataset.train)
    name = fields.pop("preset", "default")
    preset = architecture.presets[name](dataset.card.model_spec)
    if architecture.pretrained and fields.get("weights"):
        preset = settings_of_weights(architecture.pretrained, preset, fields, dataset)
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
