"""What training on some data would be: their columns, warnings, splits, the plan and its duration.

Nothing is trained and nothing is saved; a few steps of a copy of the model are timed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from etude import assembly
from etude.assembly import Prepared
from etude.data.card import Card
from etude.data.checks import checks
from etude.data.dataset import Split
from etude.data.resident import Resident
from etude.data.tabular.columns import Column, ColumnKind
from etude.data.tabular.encode import cell_text
from etude.errors import plain
from etude.loading import Objects, loaded
from etude.locale.texts import Lang, Sentence, Text, render, say, text
from etude.recipe import Part
from etude.shapes import Kind
from etude.training import sanity
from etude.training.distributed import ALONE
from etude.training.randomness import order

MODELS: dict[Kind, str] = {"image": "cnn", "sequence": "lstm", "vector": "mlp"}
"""The network of a survey if the user names none."""
CHANGES: dict[ColumnKind, str] = {
    "number": "category", "truth": "category", "category": "drop", "date": "drop",
    "id": "number", "text": "category", "constant": "", "drop": "",
}  # fmt: skip
"""What a user may rather want a column to be."""
SHOWN = 4
ANY = "mlp"
"""Reads data of every kind, so they can be loaded before their kind is known."""


@dataclass(frozen=True)
class Survey:
    """What there is to know before a training. classes: training samples of each class. shared:
    test samples that training has too. steps: of the whole training; seconds: of all steps, as a
    few of them took on this machine."""

    card: Card
    notes: tuple[Sentence, ...]
    classes: Mapping[str, int]
    shared: int
    model: str
    title: str
    parameters: int
    batch_size: int
    epochs: int
    steps: int
    seconds: float
    train: Split

    def plain(self, lang: Lang) -> dict[str, object]:
        """The survey as JSON values, its notes in words."""
        card = self.card
        columns = [{**column.plain(), "why": render(lang, column.why)} for column in card.columns]
        return {
            "name": card.name,
            "kind": card.kind,
            "shape": list(card.shape),
            "target": card.target,
            "sizes": card.sizes,
            "classes": dict(self.classes),
            "columns": columns,
            "notes": [render(lang, note) for note in self.notes],
            "shared": self.shared,
            "fingerprint": card.fingerprint,
            "plan": {
                "model": self.model,
                "parameters": self.parameters,
                "batch_size": self.batch_size,
                "epochs": self.epochs,
                "steps": self.steps,
                "seconds": self.seconds,
            },
        }

    def rows(self, lang: Lang) -> list[list[str]]:
        """The columns of a table, one row for each with its kind, the reason and how to change it,
        below a row of headings; empty for other data."""
        columns = self.card.columns
        if not columns:
            return []
        head = ("column", "kind", "empty", "range", "why", "change")
        return [
            [say(lang, f"survey.head.{name}") for name in head],
            *([render(lang, cell) for cell in _cells(column)] for column in columns),
        ]

    def sentences(self) -> tuple[Text, ...]:
        """Size, splits, classes and the plan."""
        card = self.card
        said = [
            text("survey.spec", name=card.name, spec=card.spec.words, model=card.model_spec.words),
            text("survey.sizes", **card.sizes),
        ]
        if self.classes:
            counts = self.classes.values()
            low, high, count = min(counts), max(counts), len(counts)
            said.append(
                text("survey.classes.even", count=count, each=low)
                if low == high
                else text("survey.classes", count=count, low=low, high=high)
            )
        if self.shared:
            said.append(text("survey.shared", count=self.shared, total=card.sizes["test"]))
        plan = {"title": self.title, "parameters": self.parameters, "epochs": self.epochs}
        steps = {"batch": self.batch_size, "steps": self.steps}
        said.append(text("survey.plan", **plan, **steps, time=duration(self.seconds)))
        return tuple(said)


def _cells(column: Column) -> list[Sentence]:
    """One row of the table of columns."""
    if column.levels:
        values = ", ".join(map(plain, column.levels[:SHOWN]))
        values += ", ..." * (len(column.levels) > SHOWN)
    elif column.used:
        values = f"{cell_text(column, column.low)} .. {cell_text(column, column.high)}"
    else:
        values = ""
    # A row number of letters and digits can be no number.
    other = str(column.why.values.get("kind", CHANGES[column.kind]))
    return [
        plain(column.name),
        text(f"data.kind_name.{column.kind}"),
        f"{column.empty:,}" if column.used else "",
        values,
        column.why,
        f"data.types.{plain(column.name)}={other}" if other else "",
    ]


def duration(seconds: float) -> Text:
    """Seconds as a duration with one or two digits: "under a second", "40 s", "3 min"."""
    if seconds < 1:
        return text("survey.time.instant")
    if seconds < 90:
        return text("survey.time.seconds", count=round(seconds))
    if seconds < 5400:
        return text("survey.time.minutes", count=round(seconds / 60))
    return text("survey.time.hours", count=round(seconds / 3600, 1))


def survey(mapping: Mapping[str, object], objects: Objects) -> Survey:
    """Look at the data of a recipe. mapping: the recipe, perhaps without a model.

    Raises UsageError, DataError.
    """
    named = "model" in mapping
    draft = assembly.read_draft({"model": {"name": ANY}, **mapping}, objects)
    data = loaded(draft, objects)
    if not named:
        part = Part.read({"name": MODELS[data.raw.kind]}, "model")
        draft = draft.model_copy(update={"model": part})
    parts = assembly.prepare_loaded(draft, data, ALONE, objects)
    train, card = parts.recipe.train, parts.dataset.card
    steps = train.epochs * (card.sizes["train"] // train.batch_size)
    found = checks(parts.dataset)
    return Survey(
        card=card,
        notes=(*card.notes, *parts.warnings),
        classes=found.get("classes", {}),
        shared=found["shared"],
        model=parts.recipe.model.name,
        title=parts.title,
        parameters=sum(p.numel() for p in parts.model.parameters()),
        batch_size=train.batch_size,
        epochs=train.epochs,
        steps=steps,
        seconds=steps * _step_seconds(parts),
        train=parts.dataset.train,
    )


def _step_seconds(parts: Prepared) -> float:
    device, train = torch.device(parts.recipe.train.device), parts.recipe.train
    parts.model.to(device)
    resident = Resident(parts.dataset.train, parts.dataset.card, device)
    first = order(parts.recipe.seed, 0, len(resident))[: train.batch_size]
    return sanity.step_seconds(parts.model, parts.task, train, resident.take(first))
