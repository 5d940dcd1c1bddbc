"""Sentences about a run that every exported graph of it needs."""

from etude.exporters.exporter import Trained
from etude.locale.texts import Text, text


def notes(trained: Trained) -> tuple[Text, ...]:
    """What differs from how the network was trained."""
    train = trained.recipe.train
    found = []
    if train.precision == "bf16":
        found.append(text("export.note.bf16"))
    if train.compile == "on":
        found.append(text("export.note.compiled"))
    return tuple(found)
