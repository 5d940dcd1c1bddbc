"""long: sequences in the rows of a table, one row for each step.

    etude train lstm --data gestures.csv data.series=id data.step=time data.target=label

    id,time,x,y,label        rows in any order; a sequence may have any number of steps
    a,1,0.5,on,wave
    a,2,0.7,off,wave

One column names the sequence, one says the order of its steps, one has the answer, which is one for
the whole sequence. All others are features of a step, typed by the rules of `table`, and what is
learned of them comes from the steps of training sequences. A sequence is in one split with all of
its steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data import table as tables
from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw, Source, Split
from etude.data.sequences.content import pad
from etude.data.tabular import columns as typing
from etude.data.tabular import division, reader
from etude.data.tabular.cells import Cells
from etude.data.tabular.columns import ColumnKind, Dates, Typed
from etude.data.tabular.grouping import Groups, Problems, constant, grouped
from etude.data.tabular.targets import Goal, goals_of
from etude.data.tabular.text import MissingConfig, TextConfig
from etude.data.tree import shown
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, text

STEPS = ("step", "time", "t", "timestamp", "date")
"""Names of the column of steps, if the user names none."""
REASONS = 20
"""Reasons that are said of one sequence."""


class Config(TextConfig, MissingConfig):
    """The file, the columns that make sequences of its rows, and what `table` can be told."""

    path: str = Field(description="config.long.path")
    series: str = Field(description="config.long.series")
    step: str = Field(default="", description="config.long.step")
    target: str | tuple[str, ...] = Field(default="", description="config.long.target")
    task: Literal["auto", "class", "value"] = Field(default="auto", description="config.table.task")
    types: dict[str, ColumnKind] = Field(default={}, description="config.table.types")
    drop: tuple[str, ...] = Field(default=(), description="config.table.drop")
    keep: tuple[str, ...] = Field(default=(), description="config.table.keep")
    test: str = Field(default="", description="config.long.test")
    dates: Dates = Field(default="auto", description="config.table.dates")
    unit: str = Field(default="", max_length=100, description="config.table.unit")
    split_seed: int = Field(default=0, ge=0, description="config.table.split_seed")

    @property
    def table(self) -> tables.Config:
        """The same for the rows as those of a table."""
        names = {*tables.Config.model_fields} & {*Config.model_fields}
        return tables.Config(**{name: getattr(self, name) for name in sorted(names)})


@dataclass(frozen=True)
class _Read:
    """A long table: its typed columns, its rows by sequence, and one target for each sequence."""

    where: str
    whole: tables.Read
    groups: Groups
    goal: Goal
    splits: reader.Table
    bad: Problems


def load(config: Config) -> Raw:
    """Sequences [n L C] float64, one number a column, padded with zeros. Raises DataError with
    every sequence that cannot be used, and the lines that are the reason."""
    path = Path(config.path)
    # The column that decides on splits is one of sequences, not of rows.
    table, _ = tables.cells_of(path, config.table.model_copy(update={"test": ""}))
    found = _read(table, shown(path), config)
    groups, goal = found.groups, found.goal
    parts, notes = division.divided(
        tables.Read(found.where, found.splits, (), goal), _division(config)
    )
    good, left_out = _good(found, config)
    places = np.flatnonzero(good)
    rows = np.stack([one.values for one in found.whole.used], axis=1)
    x, lengths = pad([rows[groups.rows[i]] for i in places])
    every = Split(x, goal.values[places], lengths, tuple(groups.ids[i] for i in places))
    splits = {
        part: every.take(np.searchsorted(places, chosen[good[chosen]]))
        for part, chosen in parts.items()
    }
    reading = found.whole.table.reading.model_copy(
        update={
            "optional": goal.names,
            "series": config.series,
            "step": _step(config, found.whole.table),
            "step_form": groups.form,
        }
    )
    return Raw(
        name=path.name.split(".")[0] or "long",
        kind="sequence",
        target=goal.target,
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=goal.classes,
        unit=config.unit,
        targets=goal.names if len(goal.names) > 1 else (),
        notes=(*_notes(found, x.shape[1], lengths), *notes),
        left_out=left_out,
        columns=tuple(one.column for one in found.whole.typed),
        reading=reading,
    )


def _step(config: Config, table: reader.Table) -> str:
    """The name of the column of steps; "" if there is none."""
    by_word = {name.lower(): name for name in reversed(table.names)}
    others = {config.series, *config.table.targets, config.test}
    usual = (by_word[word] for word in STEPS if word in by_word)
    return config.step or next((name for name in usual if name not in others), "")


def _read(table: reader.Table, where: str, config: Config) -> _Read:
    """Raises DataError with all columns that are missing or must be decided by the user."""
    step = _step(config, table)
    named = {"series": config.series, "step": step, "test": config.test}
    absent = [
        text("data.table.no_column", field=key, name=plain(name))
        for key, name in named.items()
        if name and name not in table.names
    ]
    if absent:
        raise DataError(
            text("data.table.no_columns", path=where),
            items=absent,
            do=text("data.table.no_columns.do", names=tuple(map(plain, table.names[:50]))),
        )
    apart = tuple(name for name in named.values() if name)
    # The target is decided below, by one value for each sequence.
    rows = config.table.model_copy(update={"drop": (*config.drop, *apart), "test": ""})
    whole = tables.typed_table(table, where, rows)
    whole = replace(whole, typed=tuple(_named(one, config.series, step) for one in whole.typed))
    try:
        groups = grouped(table, config.series, step, "", config.dates)
        more, labels = list(groups.bad), []
        for name in whole.goal.names:
            label, bad = constant(table, name, groups, _empty(table, config))
            labels.append(label)
            more += bad
        goal = goals_of(whole.goal.names, labels, config.task)
        splits = {}
        if config.test:
            splits[config.test], bad = constant(table, config.test, groups, _empty(table, config))
            more += bad
    except InvalidValue as error:
        raise DataError(text("data.table.undecided", path=where), items=[error.what]) from None
    firsts = tuple(table.lines[rows[0]] for rows in groups.rows)
    by_series = reader.Table(tuple(splits), tuple(splits.values()), firsts, table.reading)
    return _Read(where, whole, groups, goal, by_series, more)


def _empty(table: reader.Table, config: Config) -> Cells:
    return Cells(table.reading.usual, config.table.missing_words)


def _named(one: Typed, series: str, step: str) -> Typed:
    """A column with the reason why it is no feature, if it makes sequences of the rows."""
    keys = {series: "data.column.series", step: "data.column.step"}
    if one.column.name not in keys:
        return one
    why = text(keys[one.column.name])
    return replace(one, column=one.column.model_copy(update={"why": why}))


def _division(config: Config) -> tables.TableConfig:
    """What decides on splits, for a table with one row for each sequence."""
    return tables.TableConfig(test=config.test, split_seed=config.split_seed)


def _good(found: _Read, config: Config) -> tuple[np.ndarray, tuple[Bad, ...]]:
    """(which sequences are good [n], lines and sequences that are left out). Raises DataError with
    all bad ones."""
    table, groups, goal = found.whole.table, found.groups, found.goal
    owner = np.full(len(table), -1)
    for i, rows in enumerate(groups.rows):
        owner[rows] = i
    problems = [*found.bad, *(bad for one in found.whole.used for bad in one.bad)]
    problems += [(int(groups.rows[i][0]), reason) for i, reason in goal.bad]
    bad = list(table.bad)
    why: dict[int, Problems] = {}
    for row, reason in sorted(problems, key=lambda one: one[0]):
        if owner[row] < 0:
            bad.append(Bad("", f"{found.where}:{table.lines[row]}", reason))
        else:
            why.setdefault(int(owner[row]), []).append((row, reason))
    for i, reasons in why.items():
        lines = [text("data.long.line", line=table.lines[row], what=what) for row, what in reasons]
        said = text("data.long.bad", series=plain(groups.ids[i]), reasons=tuple(lines[:REASONS]))
        bad.append(Bad(_group(goal, i), f"{found.where}:{table.lines[reasons[0][0]]}", said))
    good = goal.known
    good[list(why)] = False
    left = leave_out(
        text("data.long.these", path=found.where),
        bad,
        [_group(goal, i) for i in np.flatnonzero(good).tolist()],
        skip=config.skip_bad,
    )
    return good, left


def _group(goal: Goal, i: int) -> str:
    """The class of a sequence; "" if it has none."""
    known = goal.target == "class" and goal.values[i] >= 0
    return goal.classes[int(goal.values[i])] if known else ""


def _notes(found: _Read, longest: int, lengths: np.ndarray | None) -> Iterator[Text]:
    """What is said about the table: its size, how it was read, what becomes of each odd column."""
    every = [one.column for one in found.whole.typed]
    keys = {column.name: column.why.key for column in every}
    step = next((name for name, key in keys.items() if key == "data.column.step"), "")
    features = [c for c in every if keys[c.name] not in ("data.column.series", "data.column.step")]
    yield text(
        "data.note.long.summary",
        rows=len(found.whole.table),
        series=len(found.groups.ids),
        kinds=tuple(typing.summary(features)),
    )
    if lengths is not None:
        yield text("data.note.padded", least=int(lengths.min()), most=longest)
    yield text("data.note.long.step", name=plain(step)) if step else text("data.note.long.order")
    yield from found.whole.table.notes
    if count := int((~found.goal.known).sum()):
        yield text(
            "data.note.long.no_target", names=tuple(map(plain, found.goal.names)), count=count
        )
    for said in found.goal.notes:
        if said.key != "data.note.table.target.missing":  # said above, of sequences
            yield said
    for one in found.whole.typed:
        yield from one.notes
    yield from tables.left_out_notes(every)


SOURCE = Source(
    Config,
    load,
    text("source.long.summary"),
    data_in=reader.SUFFIXES,
    rank=1,
)
"""After `table`, which reads the same files: only `series` asks for this source."""
