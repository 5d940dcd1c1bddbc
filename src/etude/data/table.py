"""table: rows of your own, from CSV, TSV, JSON-lines, Parquet or Arrow files.

    etude train mlp --data houses.csv data.target=price
    etude train mlp --data loans.csv data.target=paid data.types.zip=category data.group=customer

Every column is typed by rules that are said and stored (`etude data houses.csv` shows them), and
read by the same decisions in prediction. A fifth of the rows, drawn once by split_seed, is the test
split; or a column or a second file says which rows are; or groups, or time, decide. Medians, ranges
and levels are learned from training rows alone.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw, Source, Split
from etude.data.rows import Rows
from etude.data.spill import Columns, Store, matrix
from etude.data.tabular import apart, division, files, moments, probes, reader
from etude.data.tabular import columns as typing
from etude.data.tabular.columns import Column, ColumnKind, Dates, Typed
from etude.data.tabular.targets import Goal, goals_of
from etude.data.tabular.text import MissingConfig, TextConfig
from etude.data.tree import shown
from etude.data.weights import bad_weights, with_weights
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, text

NAMED = 100_000
"""With more rows, a name for each would take too much memory for its use."""
TARGETS = ("target", "label", "class", "y")
"""Names of the column to predict, if the user names none."""


class TableConfig(MissingConfig):
    """The column to predict, and everything that can be said about columns and splits."""

    target: str | tuple[str, ...] = Field(default="", description="config.table.target")
    task: Literal["auto", "class", "value"] = Field(default="auto", description="config.table.task")
    types: dict[str, ColumnKind] = Field(default={}, description="config.table.types")
    drop: tuple[str, ...] = Field(default=(), description="config.table.drop")
    keep: tuple[str, ...] = Field(default=(), description="config.table.keep")
    group: str = Field(default="", description="config.table.group")
    time: str = Field(default="", description="config.table.time")
    test: str | float = Field(default="", description="config.table.test")
    weight: str = Field(default="", description="config.table.weight")
    dates: Dates = Field(default="auto", description="config.table.dates")
    zone: str = Field(default="", description="config.table.zone")
    unit: str = Field(default="", max_length=100, description="config.table.unit")
    split_seed: int = Field(default=0, ge=0, description="config.table.split_seed")

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict; () if the user names none."""
        named = (self.target,) if isinstance(self.target, str) else self.target
        return tuple(name for name in named if name)


class Config(TableConfig, TextConfig):
    """The file and how its text is read."""

    path: str = Field(description="config.table.path")
    test: str | float = Field(default="", description="config.table.test_file")
    val: str = Field(default="", description="config.table.val")
    rows: int | None = Field(default=None, ge=1, description="config.table.rows")


@dataclass(frozen=True)
class Read:
    """A table whose columns are typed. typed: all columns but the target. weights: of the rows
    [n], nan where there is none; None if all count alike. given: the rows of each split that has a
    file of its own."""

    where: str
    table: reader.Table
    typed: tuple[Typed, ...]
    goal: Goal
    weights: np.ndarray | None = None
    given: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def used(self) -> tuple[Typed, ...]:
        """The columns that the model reads."""
        return tuple(one for one in self.typed if one.column.used)


def cells_of(path: Path, config: Config) -> tuple[reader.Table, apart.Parts]:
    """(the cells of all files, the rows of each split that has a file of its own). Raises
    DataError."""
    missing = tuple(sorted(config.missing_words))
    reading = config.reading.model_copy(update={"missing": missing, "zone": config.zone})
    paths = files.by_split(path) or {"train": path}
    named = config.test if isinstance(config.test, str) else ""
    # A column of this name comes before a file of this name.
    if named and named not in files.names(paths["train"], reading):
        paths["test"] = Path(os.path.expanduser(named))
    if config.val:
        paths["val"] = Path(os.path.expanduser(config.val))
    return apart.read(paths, reading, config.rows, config.drop)


def typed_table(table: reader.Table, where: str, config: TableConfig) -> Read:
    """The table with a decision on every column. where: what messages call it. Raises DataError
    with all that must be decided by the user."""
    goals = targets_of(table, config, where)
    _require_columns(table, config, where)
    if config.zone:
        moments.place(table.cells, config.zone)
    apart = {config.group, config.test, config.weight}
    typed, problems, kept = [], [], Store()
    for name, cells in zip(table.names, table.cells, strict=True):
        if name in goals:
            continue
        asked: str = config.types.get(name, "")
        if name in config.drop or (config.keep and name not in config.keep) or name in apart:
            asked = "drop"
        try:
            one = typing.decide(name, cells, asked, config.dates)
            if one.column.used or one.column.kind == "id":
                one = replace(one, values=kept.put(np.asarray(one.values)))
            typed.append(_no_feature(one, name, config) if name in apart else one)
        except InvalidValue as error:
            problems.append(error.what)
    try:
        columns = [table.cells[table.names.index(name)] for name in goals]
        goal = goals_of(goals, columns, config.task)
    except InvalidValue as error:
        problems.append(error.what)
    weights = _weights(table, config, goals, problems)
    if problems:
        # A line that is no row may be why a column is not what it should be.
        items = [*problems, *(bad.sentence for bad in table.bad)]
        raise DataError(text("data.table.undecided", path=where), items=items)
    return Read(where, table, _something(typed, table, where), goal, weights)


def _weights(
    table: reader.Table, config: TableConfig, goals: Sequence[str], problems: list[Text]
) -> np.ndarray | None:
    """The weights of the rows [n], nan where a cell is empty or no number; None without such a
    column. Adds to the problems if the column cannot hold weights."""
    name = config.weight
    if not name:
        return None
    numbers = typing.numbers_of(table.cells[table.names.index(name)])
    if name in goals or numbers is None:
        key = "data.weights.target" if name in goals else "data.weights.no_numbers"
        problems.append(text(key, name=plain(name)))
        return None
    return numbers


def load(config: Config) -> Raw:
    """The rows as vectors [n C] float64, one number a column. Raises DataError with every line and
    cell that cannot be used."""
    path = Path(config.path)
    table, given = cells_of(path, config)
    whole = replace(typed_table(table, shown(path), config), given=given)
    title = Path(shown(path)).name.split(".")[0].strip("*?[]-_ ")
    return replace(raw_of(whole, config, title or "table"), otherwise=text("data.table.otherwise"))


def raw_of(
    whole: Read, config: TableConfig, title: str, divided: division.Divided | None = None
) -> Raw:
    """The data of a typed table. title: their name in reports. divided: the rows of each split if
    the data say them. Raises DataError with every line and cell that cannot be used."""
    parts, notes = divided or division.divided(whole, config)
    good, left_out = _good(whole, config)
    x = matrix([one.values for one in whole.used])
    names = _row_names(whole.table)
    used = {part: rows[good[rows]] for part, rows in parts.items()}
    splits = {
        part: Split(
            Rows(x, rows, x.dtype) if isinstance(x, Columns) else x[rows],
            whole.goal.values[rows],
            None,
            tuple(names[i] for i in rows) if names else (),
        )
        for part, rows in used.items()
    }
    if whole.weights is not None:
        where = text("data.weights.column", path=whole.where, name=plain(config.weight))
        by_part = {part: whole.weights[rows] for part, rows in used.items()}
        splits, more = with_weights(splits, by_part, where)
        notes = [*notes, *more]
    return Raw(
        name=title,
        kind="vector",
        target=whole.goal.target,
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=whole.goal.classes,
        unit=config.unit or whole.goal.unit,
        notes=(*_notes(whole), *notes, *probes.notes(whole, config, parts)),
        left_out=left_out,
        columns=tuple(one.column for one in whole.typed),
        targets=whole.goal.names if len(whole.goal.names) > 1 else (),
        reading=whole.table.reading.model_copy(
            update={"optional": whole.goal.names, "zone": config.zone}
        ),
    )


def _no_feature(one: Typed, name: str, config: TableConfig) -> Typed:
    """A column that decides on splits or weights and is no feature."""
    why = text("data.column.weight" if name == config.weight else "data.column.split")
    return replace(one, column=one.column.model_copy(update={"why": why}))


def targets_of(table: reader.Table, config: TableConfig, where: str) -> tuple[str, ...]:
    """The names of the columns to predict. Raises DataError with the names that there are."""
    names = tuple(map(plain, table.names[:50]))
    absent = [name for name in config.targets if name not in table.names]
    if absent:
        raise DataError(
            text("data.table.no_such_target", path=where, name=plain(absent[0])),
            do=text("data.table.no_target.do", names=names),
        )
    if config.targets:
        return config.targets
    by_word = {name.lower(): name for name in reversed(table.names)}
    if name := next((by_word[word] for word in TARGETS if word in by_word), ""):
        return (name,)
    raise DataError(
        text("data.table.no_target", path=where), do=text("data.table.no_target.do", names=names)
    )


def _require_columns(table: reader.Table, config: TableConfig, where: str) -> None:
    """Raise DataError for columns that the config names and the table does not have."""
    named = {
        "types": tuple(config.types), "drop": config.drop, "keep": config.keep,
        "group": (config.group,) * bool(config.group), "time": (config.time,) * bool(config.time),
        "weight": (config.weight,) * bool(config.weight),
    }  # fmt: skip
    problems = [
        text("data.table.no_column", field=key, name=plain(name))
        for key, names in named.items()
        for name in names
        if name not in table.names
    ]
    if problems:
        raise DataError(
            text("data.table.no_columns", path=where),
            items=problems,
            do=text("data.table.no_columns.do", names=tuple(map(plain, table.names[:50]))),
        )


def _something(typed: list[Typed], table: reader.Table, where: str) -> tuple[Typed, ...]:
    """The columns; if none of them is used, those that only looked like row numbers are numbers
    after all. Raises DataError if nothing is left."""
    if not any(one.column.used for one in typed):
        typed = [_revived(one) for one in typed]
    if not any(one.column.used for one in typed):
        raise DataError(
            text("data.table.nothing", path=where),
            items=[
                text("data.table.column", name=plain(t.column.name), why=t.column.why)
                for t in typed
            ]
            + [bad.sentence for bad in table.bad],
            do=text("data.table.nothing.do"),
        )
    return tuple(typed)


def _revived(one: Typed) -> Typed:
    if one.column.kind != "id" or np.isnan(np.asarray(one.values)).all():
        return one
    why = text("data.column.only")
    return replace(one, column=one.column.model_copy(update={"kind": "number", "why": why}))


def _good(whole: Read, config: TableConfig) -> tuple[np.ndarray, tuple[Bad, ...]]:
    """(which rows are good [n], lines and rows that are left out). Raises DataError with every bad
    line and cell."""
    table, goal = whole.table, whole.goal
    why: dict[int, list[Text]] = {}
    weights = () if whole.weights is None else _bad_weights(whole, config)
    for row, reason in (*goal.bad, *(bad for one in whole.used for bad in one.bad), *weights):
        why.setdefault(row, []).append(reason)
    bad = list(table.bad)
    for row in sorted(why):
        reasons = text("data.table.reasons", reasons=tuple(why[row]))
        bad.append(Bad("", table.at(row, whole.where), reasons))
    good = goal.known
    good[list(why)] = False
    left = leave_out(
        text("data.table.these", path=whole.where),
        bad,
        [""] * int(good.sum()),
        skip=config.skip_bad,
    )
    return good, left


def _bad_weights(whole: Read, config: TableConfig) -> Iterator[tuple[int, Text]]:
    """(row, reason) of each row with a target whose cell is no weight."""
    assert whole.weights is not None
    cells, known = whole.table.cells[whole.table.names.index(config.weight)], whole.goal.known
    odd = dict(typing.slips(config.weight, cells))
    for row, reason in bad_weights(whole.weights):
        if known[row]:
            column = plain(config.weight)
            yield row, odd.get(row) or text("data.weights.cell", column=column, why=reason)


def _row_names(table: reader.Table) -> tuple[str, ...]:
    """The line of each row, as people look for it in an editor."""
    return tuple(map(table.name, range(len(table)))) if len(table) <= NAMED else ()


def _notes(whole: Read) -> Iterator[Text]:
    """What is said about the table: its size, how it was read, what becomes of each odd column."""
    every = [one.column for one in whole.typed]
    yield text(
        "data.note.table.summary",
        rows=len(whole.table),
        columns=len(whole.table.names),
        kinds=tuple(typing.summary(every)),
    )
    yield from whole.table.notes
    yield from whole.goal.notes
    for one in whole.typed:
        yield from one.notes
    yield from left_out_notes(every)


def left_out_notes(columns: Sequence[Column]) -> Iterator[Text]:
    """One note for each column that is left out though nobody asked for it."""
    for column in columns:
        if column.kind in ("constant", "id", "text"):
            yield text("data.note.table.out", name=plain(column.name), why=column.why)


SOURCE = Source(
    Config,
    load,
    text("source.table.summary"),
    data_in=(*files.SUFFIXES, "folder"),
    recognises=files.is_table,
)
