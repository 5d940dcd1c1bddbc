"""The rows of a table divided into splits: as a column says, by groups, by time, or at random."""

from typing import TYPE_CHECKING

import numpy as np

from etude.data.names import split_called
from etude.data.splits import stratified
from etude.data.tabular import columns as typing
from etude.data.tabular.reader import Table
from etude.data.tabular.targets import Goal
from etude.errors import DataError, InvalidValue, plain
from etude.locale.texts import Text, text

if TYPE_CHECKING:
    from etude.data.table import TableConfig

TEST = 0.2
"""Share of the rows, of the groups' rows or of the time that is the test split."""
Parts = dict[str, np.ndarray]


def divided(table: Table, config: "TableConfig", goal: Goal) -> tuple[Parts, list[Text]]:
    """({"train", "test" and perhaps "val": indices of rows [m]}, notes). Raises DataError."""
    rows = np.flatnonzero(goal.known)
    if config.test:
        parts, notes = _by_column(table, config, rows)
    elif config.time:
        parts, notes = _by_time(table, config, rows)
    elif config.group:
        parts, notes = _by_group(table, config, rows)
    else:
        first, second = stratified(goal.values[rows], TEST, config.split_seed)
        parts = {"train": rows[first], "test": rows[second]}
        notes = [text("data.note.drawn", count=len(second), total=len(rows))]
    empty = [part for part in ("train", "test") if not len(parts[part])]
    if empty:
        raise DataError(
            text("data.table.empty_split", split=text(f"data.split.{empty[0]}"), rows=len(rows)),
            do=text("data.table.empty_split.do"),
        )
    return parts, notes


def _cells(table: Table, name: str) -> np.ndarray:
    """The text of each row of a column [n] as numbers of its levels, -1 where it is empty."""
    column = table.cells[table.names.index(name)]
    if column.codes is None:
        raise DataError(text("data.table.too_many", name=plain(name)))
    empty = list(column.levels).index("") if "" in column.levels else -1
    codes = np.array(column.codes)
    return np.where(codes == empty, -1, codes)


def _by_column(table: Table, config: "TableConfig", rows: np.ndarray) -> tuple[Parts, list[Text]]:
    if config.test not in table.names:
        raise DataError(
            text("data.table.no_column", field="test", name=plain(config.test)),
            do=text("data.table.no_columns.do", names=tuple(map(plain, table.names[:50]))),
        )
    codes = _cells(table, config.test)[rows]
    levels = list(table.cells[table.names.index(config.test)].levels)
    split_of = {i: split_called(level) for i, level in enumerate(levels) if level}
    unknown = [plain(levels[i]) for i in sorted(set(codes.tolist()) - {-1}) if not split_of[i]]
    count = int((codes < 0).sum())
    empty = [text("data.table.split_empty", count=count)] if count else []
    if unknown or empty:
        raise DataError(
            text("data.table.split_words", name=plain(config.test)),
            items=[text("data.table.split_word", word=word) for word in unknown[:20]] + empty,
            do=text("data.table.split_words.do"),
        )
    of_row = np.array([split_of[i] for i in codes.tolist()])
    parts = {part: rows[of_row == part] for part in ("train", "val", "test")}
    if not len(parts["val"]):
        del parts["val"]
    return parts, [text("data.note.table.by_column", name=plain(config.test))]


def _by_group(table: Table, config: "TableConfig", rows: np.ndarray) -> tuple[Parts, list[Text]]:
    """Whole groups go to one split, drawn by split_seed; a row without a group is a group."""
    groups = _cells(table, config.group)[rows]
    alone = groups < 0
    groups[alone] = groups.max(initial=0) + 1 + np.arange(int(alone.sum()))
    different, counts = np.unique(groups, return_counts=True)
    if len(different) < 3:
        raise DataError(
            text("data.table.few_groups", name=plain(config.group), count=len(different)),
            do=text("data.table.few_groups.do"),
        )
    order = np.random.Generator(np.random.Philox(config.split_seed)).permutation(len(different))
    ends = np.cumsum(counts[order])
    # Up to the group with which a share is reached, and at least one group for each split.
    second = max(1, int(np.searchsorted(ends, TEST * len(rows)) + 1))
    third = max(
        1,
        int(np.searchsorted(ends, (TEST + config.val_fraction * (1 - TEST)) * len(rows)) + 1)
        - second,
    )
    second = min(second, len(different) - 2)
    third = min(third, len(different) - second - 1)
    tested = np.isin(groups, different[order[:second]])
    held = np.isin(groups, different[order[second : second + third]])
    parts = {"train": rows[~tested & ~held], "val": rows[held], "test": rows[tested]}
    about = {"groups": len(different), "test": second, "val": third}
    return parts, [text("data.note.table.by_group", name=plain(config.group), **about)]


def _by_time(table: Table, config: "TableConfig", rows: np.ndarray) -> tuple[Parts, list[Text]]:
    """The last fifth of the rows in order of time is the test split, the rows before it validation.

    Rows of one moment stay together.
    """
    column = table.cells[table.names.index(config.time)]
    try:
        typed = typing.decide(config.time, column, config.types.get(config.time, ""), config.dates)
    except InvalidValue as error:
        raise DataError(error.what) from None
    when = np.asarray(typed.values)[rows]
    if np.isnan(when).any() or typed.column.kind not in ("date", "number", "id"):
        raise DataError(
            text("data.table.no_time", name=plain(config.time), count=int(np.isnan(when).sum())),
            do=text("data.table.no_time.do"),
        )
    ordered = np.sort(when)
    cut = ordered[min(round((1 - TEST) * len(rows)), len(rows) - 1)]
    before = ordered[ordered < cut]
    if len(before) < 2:
        raise DataError(text("data.table.one_time", name=plain(config.time)))
    middle = before[min(round((1 - config.val_fraction) * len(before)), len(before) - 1)]
    parts = {
        "train": rows[when < middle],
        "val": rows[(when >= middle) & (when < cut)],
        "test": rows[when >= cut],
    }
    return parts, [
        text("data.note.table.by_time", name=plain(config.time), count=len(parts["test"]))
    ]
