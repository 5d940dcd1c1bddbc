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
    from etude.data.table import Read, TableConfig

TEST = 0.2
"""Share of the rows, of the groups' rows or of the time that is the test split."""
Parts = dict[str, np.ndarray]
Divided = tuple[Parts, list[Text]]


def divided(whole: "Read", config: "TableConfig") -> tuple[Parts, list[Text]]:
    """({"train", "test" and perhaps "val": indices of rows [m]}, notes). Raises DataError."""
    table, known = whole.table, whole.goal.known
    given = {part: rows[known[rows]] for part, rows in whole.given.items()}
    rows = given.get("train", np.flatnonzero(known))
    parts, notes = given, list[Text]()
    if "test" not in given:
        parts, notes = _drawn(table, config, whole.goal, rows)
        if "val" in given:
            rest = [parts[part] for part in ("train", "val") if part in parts]
            parts = {**parts, "train": np.sort(np.concatenate(rest)), "val": given["val"]}
    empty = [part for part in parts if not len(parts[part])]
    if empty:
        raise DataError(
            text("data.table.empty_split", split=text(f"data.split.{empty[0]}"), rows=len(rows)),
            do=text("data.table.empty_split.do"),
        )
    return parts, notes


def _drawn(
    table: Table, config: "TableConfig", goal: Goal, rows: np.ndarray
) -> tuple[Parts, list[Text]]:
    """Rows [n] divided as a column says, by time, by groups, or at random."""
    if isinstance(config.test, str) and config.test:
        return _by_column(table, config, rows)
    share = _share(config.test)
    if config.time:
        return _by_time(table, config, rows, share)
    if config.group:
        return _by_group(table, config, rows, share)
    first, second = stratified(goal.values[rows], share, config.split_seed)
    parts = {"train": rows[first], "test": rows[second]}
    return parts, [text("data.note.drawn", count=len(second), total=len(rows))]


def _share(test: str | float) -> float:
    """The share of the test split. Raises DataError for one that is none."""
    if isinstance(test, str):
        return TEST
    if not 0 < test < 1:
        raise DataError(text("data.table.share", share=f"{test:g}"), do=text("data.table.share.do"))
    return test


def _cells(table: Table, name: str) -> np.ndarray:
    """The text of each row of a column [n] as numbers of its levels, -1 where it is empty."""
    column = table.cells[table.names.index(name)]
    if column.codes is None:
        raise DataError(text("data.table.too_many", name=plain(name)))
    empty = list(column.levels).index("") if "" in column.levels else -1
    codes = np.array(column.codes)
    return np.where(codes == empty, -1, codes)


def _by_column(table: Table, config: "TableConfig", rows: np.ndarray) -> tuple[Parts, list[Text]]:
    name = str(config.test)
    if name not in table.names:
        raise DataError(
            text("data.table.no_column", field="test", name=plain(name)),
            do=text("data.table.no_columns.do", names=tuple(map(plain, table.names[:50]))),
        )
    codes = _cells(table, name)[rows]
    levels = list(table.cells[table.names.index(name)].levels)
    split_of = {i: split_called(level) for i, level in enumerate(levels) if level}
    unknown = [plain(levels[i]) for i in sorted(set(codes.tolist()) - {-1}) if not split_of[i]]
    count = int((codes < 0).sum())
    empty = [text("data.table.split_empty", count=count)] if count else []
    if unknown or empty:
        raise DataError(
            text("data.table.split_words", name=plain(name)),
            items=[text("data.table.split_word", word=word) for word in unknown[:20]] + empty,
            do=text("data.table.split_words.do"),
        )
    of_row = np.array([split_of[i] for i in codes.tolist()])
    parts = {part: rows[of_row == part] for part in ("train", "val", "test")}
    notes = [text("data.note.table.by_column", name=plain(name))]
    if not len(parts["test"]) and len(parts["val"]):
        # As in folders: a result needs a test, and validation can be drawn from training.
        parts["test"], parts["val"] = parts["val"], parts["test"]
        notes.append(text("data.note.table.val_is_test", name=plain(name)))
    if not len(parts["val"]):
        del parts["val"]
    return parts, notes


def _by_group(
    table: Table, config: "TableConfig", rows: np.ndarray, share: float
) -> tuple[Parts, list[Text]]:
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
    second = max(1, int(np.searchsorted(ends, share * len(rows)) + 1))
    third = max(
        1,
        int(np.searchsorted(ends, (share + config.val_fraction * (1 - share)) * len(rows)) + 1)
        - second,
    )
    second = min(second, len(different) - 2)
    third = min(third, len(different) - second - 1)
    tested = np.isin(groups, different[order[:second]])
    held = np.isin(groups, different[order[second : second + third]])
    parts = {"train": rows[~tested & ~held], "val": rows[held], "test": rows[tested]}
    about = {"groups": len(different), "test": second, "val": third}
    return parts, [text("data.note.table.by_group", name=plain(config.group), **about)]


def _by_time(
    table: Table, config: "TableConfig", rows: np.ndarray, share: float
) -> tuple[Parts, list[Text]]:
    """The last share of the rows in order of time is the test split, the rows before it validation.

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
    cut = ordered[min(round((1 - share) * len(rows)), len(rows) - 1)]
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
