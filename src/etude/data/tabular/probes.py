"""Warnings about tables whose test result would be too good: a column that knows the answer, rows
of one group in two splits, rows in order of time.

Nothing is dropped or divided for these reasons: what a column means is known to the user alone.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from etude.data.tabular.cells import Cells
from etude.errors import plain
from etude.locale.texts import Text, listed, text

if TYPE_CHECKING:
    from etude.data.table import Read, TableConfig

ROWS = 20_000
"""Training rows that a probe looks at, evenly spaced."""
FOLDS = 3
DEPTH, VALUE_DEPTH = 3, 8
"""Of the small tree: three questions tell classes apart, but give only eight different values."""
KNOWS = 0.98
"""Balanced accuracy or R2 from which one column alone predicts the target."""
SHOWN = 5
PURE = 0.05
"""Share of the target's entropy, or variance, that is left within groups that have one answer."""
ORDERED = 0.99
"""Rank correlation of time and row number from which the rows are in order of time."""


def notes(whole: "Read", config: "TableConfig", parts: Mapping[str, np.ndarray]) -> Iterator[Text]:
    """Warnings from the training rows of a table, and levels that the other splits alone have.
    parts: the rows [m] of each split."""
    train = parts["train"]
    yield from _unseen(whole, parts)
    chosen = train[np.linspace(0, len(train) - 1, min(len(train), ROWS)).astype(int)]
    yield from _leaks(whole, chosen)
    if config.group:
        yield from _shared(whole, config.group, parts)
    elif not config.time:
        yield from _groups(whole, chosen, parts, bool(whole.given) or _named(config.test))
    if not config.time and not config.test:
        yield from _order(whole)


def _unseen(whole: "Read", parts: Mapping[str, np.ndarray]) -> Iterator[Text]:
    """One note for each category with levels that occur in validation or test, but not in
    training."""
    for one in whole.used:
        if one.column.kind != "category":
            continue
        levels = one.column.levels
        counts = {
            part: np.bincount(_codes_of(one.values[rows]), minlength=len(levels))
            for part, rows in parts.items()
        }
        for part in ("val", "test"):
            new = [i for i in np.flatnonzero(counts.get(part, 0)) if not counts["train"][i]]
            if not new:
                continue
            new.sort(key=lambda i: -counts[part][i])
            shown = [
                text("data.note.table.level", level=plain(levels[i]), count=counts[part][i])
                for i in new[:SHOWN]
            ]
            yield text(
                "data.note.table.unseen",
                name=plain(one.column.name),
                count=len(new),
                split=text(f"data.split.{part}"),
                levels=listed(shown, len(new)),
            )


def _codes_of(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[~np.isnan(values)].astype(np.int64))


def _leaks(whole: "Read", rows: np.ndarray) -> Iterator[Text]:
    """One warning for each column that alone predicts the target, by a small tree in
    cross-validation."""
    # Slow to import, and only tables need it.
    from sklearn import model_selection, tree

    every = whole.goal.values[rows].reshape(len(rows), -1)
    classes = whole.goal.target == "class"
    y = every[:, 0]
    if len(rows) < 10 * FOLDS or (classes and np.bincount(y)[np.unique(y)].min() < FOLDS):
        return
    if classes:
        model = tree.DecisionTreeClassifier(max_depth=DEPTH, random_state=0)
    else:
        model = tree.DecisionTreeRegressor(
            max_depth=VALUE_DEPTH, min_samples_leaf=3, random_state=0
        )
    split = model_selection.StratifiedKFold if classes else model_selection.KFold
    folds = split(FOLDS, shuffle=True, random_state=0)
    scoring = "balanced_accuracy" if classes else "r2"
    for one in whole.used:
        values = one.values[rows]
        x = np.stack([np.nan_to_num(values), np.isnan(values)], axis=1)
        score = max(
            float(model_selection.cross_val_score(model, x, y, cv=folds, scoring=scoring).mean())
            for y in every.T
        )
        if score > KNOWS:
            yield text(
                f"data.note.table.leak.{whole.goal.target}",
                name=plain(one.column.name),
                score=f"{score:.3f}",
            )


def _named(test: str | float) -> bool:
    return isinstance(test, str) and bool(test)


def _shared(whole: "Read", name: str, parts: Mapping[str, np.ndarray]) -> Iterator[Text]:
    """One warning for each split that has rows of groups of training: splits that files, a column
    or time decide do not keep groups together."""
    cells = whole.table.cells[whole.table.names.index(name)]
    keys = _keys(cells)
    if keys is None:
        yield text("data.note.table.groups.unknown", name=plain(name))
        return
    train = np.unique(keys[parts["train"]])
    for part in ("val", "test"):
        rows = parts.get(part, np.empty(0, np.int64))
        both = rows[np.isin(keys[rows], train[train >= 0])]
        if not len(both):
            continue
        # The largest groups first; of equal ones that of the first row.
        _, first, counts = np.unique(keys[both], return_index=True, return_counts=True)
        order = np.lexsort((first, -counts))[:SHOWN]
        shown = [
            text("data.note.table.level", level=plain(_text(cells, row)), count=count)
            for row, count in zip(both[first[order]].tolist(), counts[order].tolist(), strict=True)
        ]
        yield text(
            "data.note.table.groups.shared",
            name=plain(name),
            count=len(counts),
            split=text(f"data.split.{part}"),
            rows=len(both),
            total=len(rows),
            groups=listed(shown, len(counts)),
        )


def _keys(cells: Cells) -> np.ndarray | None:
    """A number for the group of each row [n], -1 where the cell is empty; None if there are too
    many texts. Numbers that are equal are one group: one file may write 7, the other 7.0."""
    numbers = cells.numbers
    exact = numbers is not None and not cells.odd_count and not cells.zero_first
    if exact and numbers is not None and not (np.abs(numbers) >= 2**53).any():
        missing = np.isnan(numbers)
        keys = np.unique(np.where(missing, 0, numbers), return_inverse=True)[1]
        return np.asarray(np.where(missing, -1, keys))
    if cells.codes is None:
        return None
    empty = list(cells.levels).index("") if "" in cells.levels else -1
    return np.asarray(np.where(cells.codes == empty, -1, cells.codes))


def _text(cells: Cells, row: int) -> str:
    """The text of a cell, or its number in a column that has too many texts."""
    if cells.codes is not None:
        return list(cells.levels)[int(cells.codes[row])]
    assert cells.numbers is not None
    return f"{cells.numbers[row]:.15g}"


def _groups(
    whole: "Read", rows: np.ndarray, parts: Mapping[str, np.ndarray], given: bool
) -> Iterator[Text]:
    """One warning for each column whose values repeat and have one answer each. given: whether the
    data say which rows are the test; then only if these have values of training."""
    every = whole.goal.values[rows].reshape(len(rows), -1).T
    for name, cells in zip(whole.table.names, whole.table.cells, strict=True):
        if name in whole.goal.names or (codes := _codes(cells)) is None:
            continue
        group = codes[rows]
        different, place, counts = np.unique(group, return_inverse=True, return_counts=True)
        # Few large groups are levels of a category; groups of single rows are no groups.
        if not 10 <= len(different) <= len(rows) / 3 or np.median(counts) < 3:
            continue
        if max(_left(y, place, whole.goal.target == "class") for y in every) >= PURE:
            continue
        if given:
            yield from _shared(whole, name, parts)
        else:
            yield text(
                "data.note.table.groups",
                name=plain(name),
                groups=len(different),
                rows=len(rows),
            )


def _codes(cells: Cells) -> np.ndarray | None:
    return None if cells.codes is None or "" in cells.levels else np.array(cells.codes)


def _left(y: np.ndarray, place: np.ndarray, classes: bool) -> float:
    """The share of the target's entropy (of classes) or variance (of values) within the groups."""
    if not classes:
        sums = np.bincount(place, y)
        counts = np.bincount(place)
        within = y - (sums / counts)[place]
        return float((within**2).sum() / max(((y - y.mean()) ** 2).sum(), 1e-300))
    table = np.zeros((place.max() + 1, y.max() + 1))
    np.add.at(table, (place, y), 1)
    share = table / table.sum(1, keepdims=True)
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(1)
    whole = table.sum(0) / table.sum()
    total = -(whole * np.log(np.where(whole > 0, whole, 1))).sum()
    return float((entropy * table.sum(1) / table.sum()).sum() / max(total, 1e-300))


def _order(whole: "Read") -> Iterator[Text]:
    """A warning if rows are in the order of a column of dates."""
    for one in whole.used:
        if one.column.kind != "date":
            continue
        values = np.asarray(one.values)
        seconds = values[~np.isnan(values)]
        steps = np.sign(np.diff(seconds))
        moved = steps[steps != 0]
        if len(moved) >= 10 and abs(moved.mean()) > ORDERED:
            yield text("data.note.table.ordered", name=plain(one.column.name))
