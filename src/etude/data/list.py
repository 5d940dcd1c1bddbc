"""list: pictures named by the rows of a table: CSV, TSV or JSON lines, packed by gzip or not.

    etude train cnn --data list.csv                       columns such as file, label, split
    etude train cnn --data faces.csv data.target=age data.image=photo data.group=person

Paths are relative to the folder of the table and stay inside it. Labels are classes or values by
the rules of tables, over all rows, so that a class has the same number in every split.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data import labelled, picture_rows
from etude.data.dataset import Raw, Source
from etude.data.labelled import Labelled, LabelledConfig, Row
from etude.data.names import split_called
from etude.data.table import Read, TableConfig, targets_of
from etude.data.tabular import division, reader
from etude.data.tabular.text import TextConfig
from etude.data.tree import shown
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, listed, text

SHOWN = 5
SPLIT = "split"
"""The column that says train, val or test, if the user names none."""


class Config(LabelledConfig, TextConfig):
    """The table, its columns, and how its text is read."""

    path: str = Field(description="config.list.path")
    image: str = Field(default="", description="config.list.image")
    target: str = Field(default="", description="config.list.target")
    group: str = Field(default="", description="config.table.group")
    test: str = Field(default="", description="config.list.test")


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError with every row and picture that cannot be used."""
    path = Path(config.path)
    where = shown(path)
    table = reader.read(path, config.reading, None)
    image = picture_rows.column_of(path, config.reading, config.image)
    asked = _as_table(config, table, image, where)
    try:
        target = asked.targets[0]
        goal = labelled.goal(target, table.cells[table.names.index(target)], config.task)
    except InvalidValue as error:
        raise DataError(text("data.table.undecided", path=where), items=[error.what]) from None
    of_part, notes = division.divided(Read(where, table, (), goal), asked)
    parts = np.full(len(table), "", "U5")
    for part, members in of_part.items():
        parts[members] = part
    rows = picture_rows.rows_of(path, config.reading, image)
    raw = labelled.raw_of(
        Labelled(
            title=path.name.split(".")[0] or "list",
            what=text("data.list.pictures", path=where),
            rows=rows,
            goal=goal,
            parts=parts,
            notes=[*table.notes, *_ignored(table, asked, image), *notes, *_twice(table, rows)],
            bad=table.bad,
        ),
        config,
    )
    kept = table.reading.model_copy(update={"image": image, "optional": goal.names})
    return replace(raw, reading=kept)


def _as_table(config: Config, table: reader.Table, image: str, where: str) -> TableConfig:
    """What decides on target and splits, as the config of a table. Raises DataError."""
    missing = [
        text("data.table.no_column", field=key, name=plain(name))
        for key, name in (("group", config.group), ("test", config.test))
        if name and name not in table.names
    ]
    if missing:
        names = tuple(map(plain, table.names[:50]))
        raise DataError(
            text("data.table.no_columns", path=where),
            items=missing,
            do=text("data.table.no_columns.do", names=names),
        )
    test = config.test or ("" if config.group else _split_column(table))
    asked = TableConfig(
        target=config.target,
        test=test,
        group="" if test else config.group,
        split_seed=config.split_seed,
        val_fraction=config.val_fraction,
    )
    left = [name for name in table.names if name not in (image, test, config.group)]
    if not config.target and len(left) == 1:
        return asked.model_copy(update={"target": left[0]})
    return asked.model_copy(update={"target": targets_of(table, asked, where)})


def _split_column(table: reader.Table) -> str:
    """The column called split, if all of its words are names of splits; "" if there is none."""
    for name, cells in zip(table.names, table.cells, strict=True):
        if name.lower() == SPLIT and cells.codes is not None:
            return name if all(map(split_called, cells.filled())) else ""
    return ""


def _ignored(table: reader.Table, asked: TableConfig, image: str) -> Iterator[Text]:
    """A note on the columns that are not read."""
    used = (image, *asked.targets, asked.test, asked.group)
    if names := [plain(name) for name in table.names if name not in used]:
        yield text("data.note.list.ignored", names=listed(names[:SHOWN], len(names)))


def _twice(table: reader.Table, rows: Sequence[Row]) -> Iterator[Text]:
    """A note on the files that several rows name."""
    lines: dict[str, list[str]] = {}
    for line, row in zip(table.lines, rows, strict=True):
        if not isinstance(row.place, Text):
            lines.setdefault(str(row.place), []).append(str(line))
    names = [
        text("data.note.list.lines", name=shown(Path(path).name), lines=tuple(where[:SHOWN]))
        for path, where in lines.items()
        if len(where) > 1
    ]
    if names:
        yield text(
            "data.note.list.twice", count=len(names), files=listed(names[:SHOWN], len(names))
        )


SOURCE = Source(
    Config,
    load,
    text("source.list.summary"),
    reader.SUFFIXES,
    recognises=picture_rows.recognises,
)
