"""Tables from Python objects: a frame of pandas or polars, a table of arrow, rows as mappings, a
Bunch of scikit-learn. No library of theirs is imported; the rules of files decide what each column
is, so a frame and its CSV file give the same columns."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

import numpy as np

from etude.data.tabular.cells import Cells
from etude.data.tabular.dialect import Reading
from etude.data.tabular.reader import BLOCK, Table, wrong_names
from etude.errors import DataError
from etude.locale.texts import text

NARROW: Mapping[str, type[np.floating[Any]]] = {
    "float": np.float32, "float32": np.float32, "halffloat": np.float16, "float16": np.float16,
}  # fmt: skip
"""Types of arrow, numpy, pandas and polars, in lower case, whose numbers have fewer digits than
those of Python."""


class Frame:
    """Columns by name, as `table_of` reads them."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = dict(columns)
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


def is_frame(data: Any) -> bool:
    """Whether an object has named columns: a frame, or a list of mappings."""
    if isinstance(data, list | tuple):
        return bool(data) and all(isinstance(row, Mapping) for row in data)
    return hasattr(data, "columns")


def is_bunch(data: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether an object is a mapping with `data` and `target`, as scikit-learn's loaders return."""
    return isinstance(data, Mapping) and {"data", "target"} <= set(data)


def table_of(data: Any, missing: frozenset[str]) -> Table:
    """The cells of a frame or of a list of mappings. missing: words for a missing number.

    Raises DataError for names that occur twice, and for cells that are not single values.
    """
    columns = dict(_columns(data))
    names = [str(name) for name in columns]
    if problems := wrong_names(names):
        raise DataError(text("data.table.bad_header", path="data"), items=problems)
    cells, count = [], 0
    for values in columns.values():
        column, texts = Cells(".", missing), _texts(values)
        count = len(texts)
        for start in range(0, count, BLOCK):
            column.add(texts[start : start + BLOCK])
        column.close()
        cells.append(column)
    if not count:
        raise DataError(text("data.table.empty", path="data"))
    reading = Reading(missing=tuple(sorted(missing)))
    return Table(tuple(names), tuple(cells), tuple(range(count)), reading)


def series_of(data: Any, missing: frozenset[str]) -> Table:
    """`table_of` for series: the cells are those that the library of the frame writes into a file,
    and an index of dates is a column, called "time" if it has no name."""
    columns = {str(name): _written(column) for name, column in _columns(data)}
    index = getattr(data, "index", None)
    kind = getattr(index, "dtype", None)
    if getattr(kind, "kind", "") == "M" or str(kind).startswith("period"):
        columns = {str(getattr(index, "name", None) or "time"): index} | columns
    return table_of(Frame(columns), missing)


def _written(column: Any) -> Any:
    """The values of a column, with all that a file would have: whole numbers beside missing ones,
    the zones of times, and the digits of narrow numbers."""
    kind = getattr(column, "dtype", getattr(column, "type", None))
    if hasattr(column, "to_pylist"):  # arrow
        values = column.to_pylist()
    elif hasattr(column, "null_count") and hasattr(column, "to_list"):  # polars
        values = column.to_list()
    else:
        values = column
    if narrow := NARROW.get(str(kind).lower()):
        values = [_text(value) and str(narrow(value)) for value in values]
    return values


def _columns(data: Any) -> Iterator[tuple[Any, Any]]:
    """(name, values) of each column."""
    if isinstance(data, list | tuple):
        names = dict.fromkeys(name for row in data for name in row)
        yield from ((name, [row.get(name) for row in data]) for name in names)
    elif hasattr(data, "column_names"):  # arrow, whose `columns` are values and not names
        yield from ((name, data.column(name)) for name in data.column_names)
    else:
        yield from ((name, data[name]) for name in data.columns)


def bunch_frame(data: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """(rows with the target, its name) of a Bunch: features by their names, classes by theirs."""
    x, y = data["data"], np.asarray(data["target"])
    if hasattr(x, "columns"):
        names, columns = list(map(str, x.columns)), [x[name] for name in x.columns]
    else:
        columns = list(np.asarray(x).T)
        given = data.get("feature_names")
        default = [f"x{i}" for i in range(len(columns))]
        names = default if given is None else list(map(str, given))
    labels = data.get("target_names")
    known = labels is not None and y.dtype.kind in "iu" and len(labels) > int(y.max(initial=-1))
    target = [str(labels[int(i)]) for i in y] if known and labels is not None else y.tolist()
    name = "target" if "target" not in names else "target_"
    every = dict(zip(names, map(_texts, columns), strict=True)) | {name: target}
    return [dict(zip(every, row, strict=True)) for row in zip(*every.values(), strict=True)], name


def _texts(values: Any) -> list[str]:
    """The values of a column as cells of a file have them; "" for a missing one."""
    array = np.asarray(values.to_pylist() if hasattr(values, "to_pylist") else values)
    if array.ndim != 1:
        raise DataError(text("data.table.nested", shape=str(list(array.shape))))
    if array.dtype.kind == "M":
        return ["" if word == "NaT" else word for word in np.datetime_as_string(array).tolist()]
    return [_text(value) for value in array.tolist()]


def _text(value: Any) -> str:
    # A missing value of pandas is not equal to itself, or has no truth value at all.
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return repr(value) if isinstance(value, float) else str(value)
