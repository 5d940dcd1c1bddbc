"""Pictures with a label each, from a list or from shards: their targets, splits and bad samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from etude.data import pictures
from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw, Split
from etude.data.images import Place
from etude.data.pictures import PictureConfig
from etude.data.tabular.cells import Cells
from etude.data.tabular.targets import Goal, goal_of
from etude.errors import InvalidValue, plain
from etude.locale.texts import Text, text

Task = Literal["auto", "class", "value"]
CLASS_WORDS = frozenset({"label", "class", "cls", "category", "target", "클래스", "분류", "레이블"})
"""Columns of these names hold classes, also where whole numbers could be values."""


class LabelledConfig(PictureConfig):
    """What the labels are, and how the test split is drawn."""

    task: Task = Field(default="auto", description="config.table.task")
    unit: str = Field(default="", max_length=100, description="config.table.unit")
    split_seed: int = Field(default=0, ge=0, description="config.folder.split_seed")


class Row(NamedTuple):
    """A picture: its name in reports, where it is or why it cannot be read, and its place in the
    list or the shard for messages."""

    name: str
    place: Place | Text
    where: str


@dataclass(frozen=True)
class Labelled:
    """Pictures in order, with the target of each. parts: the split of each [n], "" for none. bad:
    rows that are no pictures; fatal: problems of the whole. what: the pictures in words."""

    title: str
    what: Text
    rows: Sequence[Row]
    goal: Goal
    parts: np.ndarray
    notes: Sequence[Text] = ()
    bad: Sequence[Bad] = ()
    fatal: Sequence[Text] = ()


def cells_of(labels: Sequence[str]) -> Cells:
    """The labels as the cells of a column."""
    cells = Cells(".", frozenset())
    cells.add(labels)
    cells.close()
    return cells


def goal(name: str, cells: Cells, asked: Task) -> Goal:
    """The targets of a column, by the rules of tables (`targets.goal_of`); but whole numbers in a
    column that is called label or class are classes if they repeat. Raises InvalidValue."""
    found = goal_of(name, cells, asked)
    values = found.values[np.isfinite(found.values)]
    whole = bool((values == np.rint(values)).all()) and not found.bad
    if asked != "auto" or found.target == "class" or not whole:
        return found
    if name.lower() not in CLASS_WORDS:
        return found
    try:
        classes = goal_of(name, cells, "class")
    except InvalidValue:  # each occurs once
        return found
    note = text("data.note.table.target.as_value", name=plain(name))
    return replace(classes, notes=(*classes.notes, note))


def raw_of(labelled: Labelled, config: LabelledConfig) -> Raw:
    """The pictures by split with their targets. Raises DataError with every picture and row that
    cannot be used."""
    rows, found = labelled.rows, labelled.goal
    bad = dict(found.bad)
    bad |= {i: row.place for i, row in enumerate(rows) if isinstance(row.place, Text)}
    wanted = [i for i in np.flatnonzero(found.known).tolist() if i not in bad]
    places = [row.place for row in (rows[i] for i in wanted) if not isinstance(row.place, Text)]
    read = pictures.read(places, lambda which: [labelled.parts[wanted[i]] for i in which], config)
    bad |= {wanted[i]: why for i, why in read.bad}
    good = np.array([wanted[i] for i in read.good], np.int64)

    def group(row: int) -> str:
        label = found.values[row] if found.target == "class" else -1
        return plain(found.classes[label]) if label >= 0 else ""

    left_out = leave_out(
        labelled.what,
        [*labelled.bad, *(Bad(group(i), rows[i].where, bad[i]) for i in sorted(bad))],
        [group(i) for i in good.tolist()],
        skip=config.skip_bad,
        fatal=labelled.fatal,
    )
    whole = Split(
        read.x,
        found.values[good],
        None,
        tuple(rows[i].name for i in good.tolist()),
        read.digests,
    )
    parts = {
        part: whole.take(np.flatnonzero(labelled.parts[good] == part))
        for part in ("train", "val", "test")
    }
    return Raw(
        name=labelled.title,
        kind="image",
        target=found.target,
        train=parts["train"],
        test=parts["test"],
        val=parts["val"] if len(parts["val"]) else None,
        classes=tuple(map(plain, found.classes)),
        unit=config.unit,
        notes=(*found.notes, *labelled.notes, *read.notes),
        left_out=left_out,
        levels=read.levels,
    )
