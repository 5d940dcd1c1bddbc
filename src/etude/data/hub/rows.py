"""Rows of single values, by the rules of tables: classes by their names, splits as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from etude.data import table
from etude.data.dataset import Raw
from etude.data.hub.roles import Column
from etude.data.splits import stratified
from etude.data.tabular.columns import Typed
from etude.data.tabular.division import TEST, Divided
from etude.data.tabular.objects import table_of
from etude.errors import DataError, plain
from etude.locale.texts import text


def rows_raw(
    splits: Mapping[str, Any], parts: Mapping[str, str], columns: Sequence[Column],
    config: table.TableConfig, where: str, title: str,
) -> Raw:  # fmt: skip
    """The data of rows. Raises DataError with every column and cell that cannot be used."""
    read = [one for one in columns if one.role in ("cell", "label")]
    if not read:
        raise DataError(text("data.hub.nothing", path=where), do=text("data.hub.nothing.do"))
    labels = tuple(one.name for one in read if one.role == "label")
    config, ours = _with_labels(config, read, labels)
    typed = table.typed_table(
        table_of(_joined(splits, parts, read), config.missing_words), where, config
    )
    typed = replace(typed, typed=tuple(_explained(one, ours) for one in typed.typed))
    others = tuple(plain(one.name) for one in columns if one not in read)
    notes = [text("data.note.hub.others", names=others)] if others else []
    own = "" not in parts.values() and not (config.group or config.time or config.test)
    raw = table.raw_of(
        typed, config, title, _divided(splits, parts, typed, config) if own else None
    )
    return replace(raw, notes=(*raw.notes, *notes))


def _explained(one: Typed, labels: Sequence[str]) -> Typed:
    """A column of classes says why it is a category."""
    if one.column.name not in labels or not one.column.used:
        return one
    why = text("data.column.labels")
    return replace(one, column=one.column.model_copy(update={"why": why}))


def _with_labels(
    config: table.TableConfig, columns: Sequence[Column], labels: Sequence[str]
) -> tuple[table.TableConfig, list[str]]:
    """(the config, columns that it makes categories): a column of classes is a category, whatever
    its names look like, and the target if it is the only one."""
    targets = config.targets
    if not targets:
        by_word = {one.name.lower(): one.name for one in reversed(columns)}
        named = next((by_word[word] for word in table.TARGETS if word in by_word), "")
        targets = tuple(filter(None, [named or (labels[0] if len(labels) == 1 else "")]))
    ours = [name for name in labels if name not in (*targets, *config.types)]
    task = "class" if targets and {*targets} <= {*labels} and config.task == "auto" else config.task
    types = {**dict.fromkeys(ours, "category"), **config.types}
    return config.model_copy(update={"target": targets, "types": types, "task": task}), ours


def _joined(splits: Mapping[str, Any], parts: Mapping[str, str], columns: Sequence[Column]) -> Any:
    """All rows as one table of arrow, with the names of classes in the place of their numbers."""
    import pyarrow as pa

    every = []
    for name in parts:
        rows = splits[name].with_format("arrow")[:]
        present = [one for one in columns if one.name in rows.column_names]
        values = [
            _named(rows[one.name], one.names) if one.names else rows[one.name] for one in present
        ]
        every.append(pa.table(values, names=[one.name for one in present]))
    return pa.concat_tables(every, promote_options="permissive")


def _named(numbers: Any, names: Sequence[str]) -> Any:
    """The names of these classes; nothing for a number that no class has, such as -1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(names)))
    return pa.chunked_array([pa.array(names)]).take(pc.if_else(known, numbers, None))


def _divided(
    splits: Mapping[str, Any], parts: Mapping[str, str], typed: table.Read,
    config: table.TableConfig,
) -> Divided:  # fmt: skip
    """The rows of each split as the data say; without test rows that have a target, a fifth of the
    training rows is the test split. Raises DataError."""
    split = np.repeat([*parts.values()], [len(splits[name]) for name in parts])
    known = typed.goal.known
    rows = {part: np.flatnonzero(known & (split == part)) for part in parts.values()}
    rows = {part: which for part, which in rows.items() if len(which)}
    if "train" not in rows:
        columns = tuple(map(plain, typed.goal.names))
        raise DataError(
            text("data.hub.unlabelled", path=typed.where, columns=columns),
            do=text("data.hub.unlabelled.do"),
        )
    if "test" in rows:
        return rows, []
    train = rows["train"]
    first, second = stratified(typed.goal.values[train], TEST, config.split_seed)
    note = text("data.note.drawn", count=len(second), total=len(train))
    return {**rows, "train": train[first], "test": train[second]}, [note]
