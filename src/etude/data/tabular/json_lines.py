"""Read a table from JSON lines: one flat object per line, whose keys are the columns."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etude.data.tabular.dialect import MOST_COLUMNS, lines, opened
from etude.errors import DataError, plain
from etude.locale.texts import Text, text


def objects(path: Path) -> Iterator[tuple[int, Any]]:
    """The names of the columns, then (line, cells) of each flat object of a file of JSON lines."""
    names: dict[str, int] = {}
    # Twice through the file: a later object may have keys that the first ones lack.
    for _, value in values(path):
        if isinstance(value, dict):
            for key in value:
                names.setdefault(key, len(names))
        if len(names) > MOST_COLUMNS:
            raise DataError(
                text("data.table.columns", path=path, count=len(names), most=MOST_COLUMNS)
            )
    if not names:
        raise DataError(text("data.table.empty", path=path))
    yield 0, list(names)
    for line, value in values(path):
        if isinstance(value, Text):
            yield line, value
        elif not isinstance(value, dict):
            yield line, text("data.table.json.object")
        elif nested := [key for key, cell in value.items() if isinstance(cell, dict | list)]:
            yield line, text("data.table.json.nested", keys=tuple(map(plain, nested)))
        else:
            yield line, [cell(value.get(name)) for name in names]


def values(path: Path) -> Iterator[tuple[int, Any]]:
    """(line, value) of each line that is not empty; for one that is no JSON, what is wrong."""
    with opened(path) as file:
        for number, line in enumerate(lines(file, "utf-8-sig", path), 1):
            if not line.strip():
                continue
            try:
                # As text, because 9007199254740993 has more digits than a float holds.
                yield number, json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                yield number, text("data.table.json", why=error)


def cell(value: object) -> str:
    """The text of a cell for a value: empty for null, true and false as JSON writes them."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
