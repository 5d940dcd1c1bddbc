"""table: rows of your own, from a CSV, TSV or JSON-lines file, packed by gzip or not.

    etude train mlp --data houses.csv data.target=price
    etude train mlp --data loans.csv data.target=paid data.types.zip=category data.group=customer

Every column is typed by rules that are said and stored (`etude data houses.csv` shows them), and
read by the same decisions in prediction. A fifth of the rows, drawn once by split_seed, is the test
split; or a column or a second file says which rows are; or groups, or time, decide. Medians, ranges
and levels are learned from training rows alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, leave_out
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.rows import Rows
from etude.data.spill import Columns, Store, matrix
from etude.data.tabular import columns as typing
from etude.data.tabular import division, probes, reader
from etude.data.tabular.columns import Column, ColumnKind, Dates, Typed
from etude.data.tabular.dialect import MISSING_NUMBERS, Reading
from etude.data.tabular.targets import Goal, goal_of
from etude.data.tree import shown
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, text

NAMED = 100_000
"""With more rows, a name for each would take too much memory for its use."""
TARGETS = ("target", "label", "class", "y")
"""Names of the column to predict, if the user names none."""


class TableConfig(DataConfig):
    """The column to predict, and everything that can be said about columns and splits."""

    target: str = Field(default="", description="the column to predict")
    task: Literal["auto", "class", "value"] = Field(
        default="auto", description="whether the target is a class or a value"
    )
    types: dict[str, ColumnKind] = Field(default={}, description="kinds of columns, by name")
    drop: tuple[str, ...] = Field(default=(), description="columns that are not read")
    keep: tuple[str, ...] = Field(default=(), description="the only columns that are read")
    group: str = Field(default="", description="column whose rows stay in one split")
    time: str = Field(default="", description="column by which the last fifth is the test split")
    test: str = Field(default="", description="column that says train, val or test")
    missing: tuple[str, ...] | None = Field(
        default=None, description="words for a missing number (auto: NA, nan, null, ? ...)"
    )
    dates: Dates = Field(default="auto", description="order of day and month")
    unit: str = Field(default="", max_length=100, description="unit of the target")
    split_seed: int = Field(default=0, ge=0, description="draws the test split")

    @property
    def missing_words(self) -> frozenset[str]:
        """The words for a missing number, in lower case; "none" alone stands for no word."""
        if self.missing is None:
            return MISSING_NUMBERS
        words = frozenset(word.lower() for word in self.missing)
        return frozenset() if words == {"none"} else words


class Config(TableConfig):
    """The file and how its text is read."""

    path: str = Field(description="the .csv, .tsv, .txt or .jsonl file")
    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = Field(
        default="auto", description="what is between cells (auto: as the first lines show)"
    )
    decimal: Literal["auto", ".", ","] = Field(
        default="auto", description="decimal sign (auto: as the first lines show)"
    )
    encoding: str = Field(
        default="auto", description="encoding (auto: by its mark, UTF-8 or Windows-1252)"
    )
    names: tuple[str, ...] = Field(
        default=(), description="names of the columns of a file without a line of names"
    )
    rows: int | None = Field(default=None, ge=1, description="only the first rows")


@dataclass(frozen=True)
class Read:
    """A table whose columns are typed. typed: all columns but the target."""

    where: str
    table: reader.Table
    typed: tuple[Typed, ...]
    goal: Goal

    @property
    def used(self) -> tuple[Typed, ...]:
        """The columns that the model reads."""
        return tuple(one for one in self.typed if one.column.used)


def cells_of(path: Path, config: Config) -> reader.Table:
    """The cells of a file as the config says. Raises DataError."""
    reading = Reading(
        separator=config.separator,
        decimal=config.decimal,
        encoding=config.encoding,
        names=config.names,
        missing=tuple(sorted(config.missing_words)),
    )
    return reader.read(path, reading, config.rows)


def typed_table(table: reader.Table, where: str, config: TableConfig) -> Read:
    """The table with a decision on every column. where: what messages call it. Raises DataError
    with all that must be decided by the user."""
    goal_name = _target(table, config, where)
    _require_columns(table, config, where)
    apart = {goal_name, config.group, config.time, config.test} - {config.time}
    typed, problems, kept = [], [], Store()
    for name, cells in zip(table.names, table.cells, strict=True):
        if name == goal_name:
            continue
        asked: str = config.types.get(name, "")
        if name in config.drop or (config.keep and name not in config.keep) or name in apart:
            asked = "drop"
        try:
            one = typing.decide(name, cells, asked, config.dates)
            if one.column.used or one.column.kind == "id":
                one = replace(one, values=kept.put(np.asarray(one.values)))
            typed.append(_for_splits(one) if name in apart else one)
        except InvalidValue as error:
            problems.append(error.what)
    try:
        goal = goal_of(goal_name, table.cells[table.names.index(goal_name)], config.task)
    except InvalidValue as error:
        problems.append(error.what)
    if problems:
        raise DataError(text("data.table.undecided", path=where), items=problems)
    return Read(where, table, _something(typed, where), goal)


def load(config: Config) -> Raw:
    """The rows as vectors [n C] float64, one number a column. Raises DataError with every line and
    cell that cannot be used."""
    path = Path(config.path)
    whole = typed_table(cells_of(path, config), shown(path), config)
    return raw_of(whole, config, path.name.split(".")[0] or "table")


def raw_of(whole: Read, config: TableConfig, title: str) -> Raw:
    """The data of a typed table. title: their name in reports. Raises DataError with every line and
    cell that cannot be used."""
    parts, notes = division.divided(whole.table, config, whole.goal)
    good, left_out = _good(whole, config)
    x = matrix([one.values for one in whole.used])
    names = _row_names(whole.table)
    splits = {
        part: Split(
            Rows(x, rows, x.dtype) if isinstance(x, Columns) else x[rows],
            whole.goal.values[rows],
            None,
            tuple(names[i] for i in rows) if names else (),
        )
        for part, rows in ((part, rows[good[rows]]) for part, rows in parts.items())
    }
    return Raw(
        name=title,
        kind="vector",
        target=whole.goal.target,
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=whole.goal.classes,
        unit=config.unit,
        notes=(*_notes(whole), *notes, *probes.notes(whole, config, parts["train"])),
        left_out=left_out,
        columns=tuple(one.column for one in whole.typed),
        reading=whole.table.reading.model_copy(update={"optional": whole.goal.name}),
    )


def _for_splits(one: Typed) -> Typed:
    """A column that decides on splits and is no feature."""
    return replace(one, column=one.column.model_copy(update={"why": text("data.column.split")}))


def _target(table: reader.Table, config: TableConfig, where: str) -> str:
    """The name of the column to predict. Raises DataError with the names that there are."""
    if config.target in table.names:
        return config.target
    if not config.target:
        by_word = {name.lower(): name for name in reversed(table.names)}
        if name := next((by_word[word] for word in TARGETS if word in by_word), ""):
            return name
    names = tuple(map(plain, table.names[:50]))
    raise DataError(
        text("data.table.no_such_target", path=where, name=plain(config.target))
        if config.target
        else text("data.table.no_target", path=where),
        do=text("data.table.no_target.do", names=names),
    )


def _require_columns(table: reader.Table, config: TableConfig, where: str) -> None:
    """Raise DataError for columns that the config names and the table does not have."""
    named = {
        "types": tuple(config.types), "drop": config.drop, "keep": config.keep,
        "group": (config.group,) * bool(config.group), "time": (config.time,) * bool(config.time),
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


def _something(typed: list[Typed], where: str) -> tuple[Typed, ...]:
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
            ],
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
    for row, reason in (*goal.bad, *(bad for one in whole.used for bad in one.bad)):
        why.setdefault(row, []).append(reason)
    bad = list(table.bad)
    for row in sorted(why):
        reasons = text("data.table.reasons", reasons=tuple(why[row]))
        bad.append(Bad("", f"{whole.where}:{table.lines[row]}", reasons))
    good = goal.known
    good[list(why)] = False
    left = leave_out(
        text("data.table.these", path=whole.where),
        bad,
        [""] * int(good.sum()),
        skip=config.skip_bad,
    )
    return good, left


def _row_names(table: reader.Table) -> tuple[str, ...]:
    """The line of each row, as people look for it in an editor."""
    return tuple(map(str, table.lines)) if len(table) <= NAMED else ()


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
    Config, load, "rows of a CSV, TSV or JSON-lines file, one column to predict", reader.SUFFIXES
)
