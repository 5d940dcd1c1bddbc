"""Read the cells of a Parquet or Arrow file (.parquet, .arrow, .feather), batch by batch.

The types of the file are believed: a dictionary is a category with the levels that occur, text
stays text although it may be digits, and a moment with a zone is one of UTC. Numbers and dates are
written as a CSV file would have them, so the rules of `columns` decide alike for both: numbers with
all their digits, whole ones of any size. The sizes that a file declares are checked before memory
is taken for them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from etude.data.spill import Store
from etude.data.tabular.cells import Cells, Stated
from etude.data.tabular.dialect import MOST_COLUMNS, Dialect, Reading
from etude.data.tabular.reader import BLOCK, Source, Table, by_blocks, named, wrong_names
from etude.errors import DataError, UsageError, plain
from etude.locale.texts import text
from etude.system.limits import memory

PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
SUFFIXES = (*PARQUET, *ARROW)
PARQUET_MARK, ARROW_MARK, OLD_FEATHER_MARK = b"PAR1", b"ARROW1", b"FEA1"
CELL_BYTES = 8
"""Least memory for one cell: more than the machine has is refused before reading."""
Texts = Callable[[Any], list[str]]


@dataclass(frozen=True)
class Stored:
    """A file as pyarrow holds it (pyarrow has no types). batches: its record batches, read when
    they are asked for."""

    schema: Any
    batches: Iterator[Any]


@dataclass(frozen=True)
class Form:
    """How a column is read. texts: the cells of an array; stated: what its type says; refused: the
    name of a type that no rule can read."""

    texts: Texts
    stated: Stated = ""
    refused: str = ""


def read(path: Path, reading: Reading, limit: int | None) -> Table:
    """Read a table; its lines are rows, counted from 1. limit: number of rows to read.

    Raises UsageError without pyarrow, DataError for a file that is damaged, too large or empty.
    """
    with opened(path) as stored:
        names = _names(stored, path)
        forms = [_form(kind) for kind in stored.schema.types]
        missing, store = frozenset(reading.missing), Store()
        columns = [Cells(".", missing, store) for _ in names]
        for column, form in zip(columns, forms, strict=True):
            column.stated, column.refused = form.stated, form.refused
        count = 0
        for batch in stored.batches:
            part = batch if limit is None else batch.slice(0, limit - count)
            for column, form, values in zip(columns, forms, part.columns, strict=True):
                column.add(form.texts(values))
            count += part.num_rows
            if count == limit:
                break
    for column in columns:
        column.close()
    if not count:
        raise DataError(text("data.table.empty", path=path))
    kept, notes = named(names, columns)
    return Table(
        tuple(name for name, _ in kept),
        tuple(column for _, column in kept),
        tuple(range(1, count + 1)),
        reading,
        tuple(notes),
    )


def begin(path: Path) -> Source:
    """The names of the columns, and the rows as text by their number from 1. Raises as `read`."""
    with opened(path) as stored:
        names = _names(stored, path)
    return Source(names, by_blocks(_rows(path)), Dialect("utf-8", ",", "."))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    number = 0
    with opened(path) as stored:
        forms = [_form(kind) for kind in stored.schema.types]
        for batch in stored.batches:
            cells = [form.texts(values) for form, values in zip(forms, batch.columns, strict=True)]
            for row in zip(*cells, strict=True):
                number += 1
                yield number, list(row)


@contextmanager
def opened(path: Path) -> Iterator[Stored]:
    """A file whose declared sizes are possible. Raises UsageError without pyarrow, DataError for a
    file that is damaged or too large."""
    try:
        import pyarrow as arrow
    except ImportError:
        raise UsageError(
            text("data.parquet.extra", path=path), do=text("data.parquet.extra.do")
        ) from None
    try:
        _require_mark(path)
        with arrow.memory_map(str(path)) as file:
            yield _parquet(file, path) if path.suffix.lower() in PARQUET else _arrow(file, path)
    except arrow.ArrowException as error:
        raise DataError(text("data.parquet.damaged", path=path, why=_brief(error))) from None
    except MemoryError:
        raise DataError(text("data.parquet.memory", path=path)) from None
    except OSError as error:
        why = error.strerror or _brief(error)
        raise DataError(text("data.parquet.damaged", path=path, why=why)) from None


def _brief(error: Exception) -> str:
    """The first line of what pyarrow says; it repeats whole buffers."""
    return plain(str(error).split("\n")[0][:200])


def _require_mark(path: Path) -> None:
    """Raise DataError for a file that is of another format than its name says."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(OLD_FEATHER_MARK):
        raise DataError(text("data.parquet.feather", path=path), do=text("data.parquet.feather.do"))
    # An Arrow stream has no mark of its own; pyarrow checks it.
    right = start.startswith(PARQUET_MARK) == (path.suffix.lower() in PARQUET)
    if not start or not right:
        raise DataError(text("data.parquet.mark", path=path, suffix=path.suffix))


def _parquet(file: Any, path: Path) -> Stored:
    from pyarrow import parquet

    stored = parquet.ParquetFile(file, buffer_size=1 << 20)
    about, size = stored.metadata, file.size()
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    for number, group in enumerate(groups, 1):
        chunks = [group.column(i) for i in range(group.num_columns)]
        # What is in the file cannot be larger than the file.
        beyond = any(not 0 <= chunk.total_compressed_size <= size for chunk in chunks)
        needed = max(group.total_byte_size, sum(chunk.total_uncompressed_size for chunk in chunks))
        if beyond or not 0 <= needed <= memory():
            raise DataError(
                text("data.parquet.group", path=path, group=number, size=_size(needed)),
                do=text("data.parquet.large.do"),
            )
    _require_room(path, about.num_rows, len(stored.schema_arrow.names))
    return Stored(stored.schema_arrow, _valid(stored.iter_batches(BLOCK, use_threads=False)))


def _arrow(file: Any, path: Path) -> Stored:
    from pyarrow import ipc

    if file.read(len(ARROW_MARK)) != ARROW_MARK:
        file.seek(0)
        stream = ipc.open_stream(file)
        return Stored(stream.schema, _valid(iter(stream)))
    stored = ipc.open_file(file)
    batches = (stored.get_batch(i) for i in range(stored.num_record_batches))
    return Stored(stored.schema, _valid(batches))


def _require_room(path: Path, rows: int, columns: int) -> None:
    """Raise DataError for more cells than memory can hold, whatever their values are."""
    needed = rows * columns * CELL_BYTES
    if not 0 <= needed <= memory():
        raise DataError(
            text("data.parquet.rows", path=path, rows=rows, columns=columns, size=_size(needed)),
            do=text("data.parquet.large.do"),
        )


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"


def _valid(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches in blocks, each checked: the offsets of a stranger's file may point anywhere."""
    for batch in batches:
        batch.validate(full=True)
        for start in range(0, batch.num_rows, BLOCK):
            yield batch.slice(start, BLOCK)


def _names(stored: Stored, path: Path) -> list[str]:
    """The names of the columns. Raises DataError for names that cannot be used."""
    names = [normalize("NFC", name.strip()) for name in stored.schema.names]
    if len(names) > MOST_COLUMNS:
        raise DataError(text("data.table.columns", path=path, count=len(names), most=MOST_COLUMNS))
    if problems := wrong_names(names):
        raise DataError(text("data.table.bad_header", path=path), items=problems)
    return names


def _form(kind: Any) -> Form:
    """How a column of a type of pyarrow is read."""
    import pyarrow as arrow
    from pyarrow import types

    if isinstance(kind, arrow.BaseExtensionType):  # only its own library can read its values
        return Form(_nothing, refused=str(kind))
    if types.is_dictionary(kind):
        inner = _form(kind.value_type)
        return Form(
            lambda values: inner.texts(values.dictionary_decode()), "category", inner.refused
        )
    if types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return Form(lambda values: _moments(values, zone), "date")
    if types.is_date(kind):
        return Form(_days, "date")
    if types.is_floating(kind):
        return Form(_floats)
    if types.is_integer(kind):
        return Form(lambda values: ["" if v is None else str(v) for v in values.to_pylist()])
    if types.is_decimal(kind):
        return Form(lambda values: ["" if v is None else f"{v:f}" for v in values.to_pylist()])
    if types.is_boolean(kind):
        return Form(
            lambda values: ["" if v is None else str(v).lower() for v in values.to_pylist()]
        )
    if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        return Form(lambda values: [(v or "").strip() for v in values.to_pylist()], "text")
    if types.is_time(kind):
        return Form(lambda values: ["" if v is None else v.isoformat() for v in values.to_pylist()])
    return Form(_nothing, refused="" if types.is_null(kind) else str(kind))


def _nothing(values: Any) -> list[str]:
    return [""] * len(values)


def _floats(values: Any) -> list[str]:
    # Of a float32 the digits of its exact value: 0.1 in float32 is no tenth.
    return ["" if v is None or v != v else repr(float(v)) for v in values.to_pylist()]


def _days(values: Any) -> list[str]:
    return _iso(values.to_numpy(zero_copy_only=False).astype("M8[D]"), "")


def _moments(values: Any, zone: str) -> list[str]:
    # pyarrow keeps moments with a zone in UTC. ISO forms have microseconds at most.
    return _iso(values.to_numpy(zero_copy_only=False).astype("M8[us]"), zone)


def _iso(moments: np.ndarray, zone: str) -> list[str]:
    words = np.datetime_as_string(moments).tolist()
    return ["" if w == "NaT" else w.removesuffix(".000000") + zone for w in words]
