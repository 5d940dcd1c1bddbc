"""Lists of numbers, and arrays, as samples: sequences or vectors, by the rules of arrays.

lists of equal length        [n D] vectors, or [n L Q] sequences of lists
lists of unequal length      [n L 1] or [n L Q] sequences, padded with zeros
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from etude.data.arrays import ArrayConfig, raw_of
from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw
from etude.data.hub.roles import Column
from etude.data.hub.samples import Part, answers, with_test
from etude.errors import DataError, plain
from etude.locale.texts import Text, text

LIMIT = 4 << 30
"""Bytes of one padded array."""
Lists = tuple[np.ndarray, np.ndarray]


def numbers_raw(
    parts: dict[str, Part], column: Column, target: Column, config: ArrayConfig,
    where: str, title: str,
) -> Raw:  # fmt: skip
    """The data of lists of numbers. Raises DataError with every row that cannot be used."""
    read = {name: _lists(part, column, where) for name, part in parts.items()}
    parts, read, left_out = _good(parts, read, config, where)
    notes: list[Text] = []
    if "train" in parts and not config.forecast:
        y = answers(parts, target, where, config.labels)[0]
        whole = parts["train"]
        parts, _, notes = with_test(parts, y, config.split_seed)
        if "test" not in read:
            which = {name: np.isin(whole.rows, parts[name].rows) for name in ("train", "test")}
            lists = read["train"]
            read |= {name: _taken(lists, rows) for name, rows in which.items()}
    longest = max(int(lengths.max()) for _, lengths in read.values())
    equal = all((lengths == longest).all() for _, lengths in read.values())
    arrays: dict[str, np.ndarray] = {}
    for name, (values, lengths) in read.items():
        end = f"_{name}" if name else ""
        arrays[f"x{end}"] = _padded(values, lengths, longest, where)
        arrays[f"y{end}"] = parts[name].y
        if not equal:
            arrays[f"lengths{end}"] = lengths
    if equal and config.kind == "auto" and arrays[f"x{end}"].ndim == 2:
        notes.append(text("data.note.hub.vectors", name=plain(column.name), count=longest))
    elif not equal:
        config = config.model_copy(update={"kind": "sequence"})
        notes.append(text("data.note.hub.sequences", name=plain(column.name), longest=longest))
    names = config.classes or target.names
    raw = raw_of(arrays, notes, config.model_copy(update={"classes": names}), where, title)
    return replace(raw, left_out=(*left_out, *raw.left_out))


def _lists(part: Part, column: Column, where: str) -> Lists:
    """(values [total ...], length of each row [n], -1 for none). Raises DataError for lists within
    a row that are not all alike."""
    import pyarrow as pa
    import pyarrow.compute as pc

    data = part.data.with_format("arrow")[:][column.name].take(pa.array(part.rows))
    array = _storage(data.combine_chunks())
    lengths = pc.list_value_length(array).fill_null(-1).to_numpy(zero_copy_only=False)
    inner, sides = _storage(array.flatten()), []
    while pa.types.is_list(inner.type) or pa.types.is_large_list(inner.type) or (
        pa.types.is_fixed_size_list(inner.type)
    ):  # fmt: skip
        each = pc.list_value_length(inner).fill_null(-1).to_numpy(zero_copy_only=False)
        side = int(each[0]) if len(each) else 0
        odd = np.flatnonzero((each != side) | (each < 1))
        if len(odd):
            row = int(np.searchsorted(np.cumsum(np.maximum(lengths, 0)), odd[0], "right"))
            raise DataError(
                text("data.hub.uneven", path=where, name=plain(column.name), row=part.labels()[row],
                     first=side, other=int(each[odd[0]])),
                do=text("data.hub.uneven.do"),
            )  # fmt: skip
        sides.append(side)
        inner = _storage(inner.flatten())
    if pa.types.is_boolean(inner.type):
        inner = inner.cast(pa.int8())
    values = np.asarray(inner.to_numpy(zero_copy_only=False))
    return values.reshape(-1, *sides), np.asarray(lengths, np.int64)


def _storage(array: Any) -> Any:
    """An arrow array in one piece, without the type that the library gives to Array2D."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.chunks else pa.array([], array.type)
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _good(
    parts: dict[str, Part], read: Mapping[str, Lists], config: ArrayConfig, where: str
) -> tuple[dict[str, Part], dict[str, Lists], tuple[Bad, ...]]:
    """The rows that have numbers. Raises DataError with those that have none."""
    bad, groups, kept, lists = [], [], {}, {}
    for name, part in parts.items():
        good = read[name][1] > 0
        labels = part.labels()
        bad += [
            Bad("", labels[i], text("data.hub.no_numbers")) for i in np.flatnonzero(~good).tolist()
        ]
        groups += [""] * int(good.sum())
        kept[name], lists[name] = part.take(np.flatnonzero(good)), _taken(read[name], good)
    what = text("data.arrays.rows", where=where)
    return kept, lists, leave_out(what, bad, groups, skip=config.skip_bad)


def _taken(lists: Lists, rows: np.ndarray) -> Lists:
    """Some rows of lists. rows: which [n], as truth values."""
    values, lengths = lists
    steps = np.maximum(lengths, 0)
    return values[np.repeat(rows, steps)], lengths[rows]


def _padded(values: np.ndarray, lengths: np.ndarray, longest: int, where: str) -> np.ndarray:
    """Rows [n L ...], zero beyond their lengths. Raises DataError if they take too much memory."""
    shape = (len(lengths), longest, *values.shape[1:])
    if (lengths == longest).all():
        return values.reshape(shape)
    size = int(np.prod(shape, dtype=object)) * values.itemsize
    if size > LIMIT:
        raise DataError(
            text("data.hub.large", path=where, count=shape[0], longest=longest, most=LIMIT >> 30),
            do=text("data.hub.large.do"),
        )
    x = np.zeros(shape, values.dtype)
    x[np.arange(longest) < lengths[:, None]] = values
    return x
