"""Read a table from JSON lines: one object per line, whose keys are the columns.

An object inside an object becomes columns of its own, named by the path: {"user": {"age": 3}} is
the column user.age. A list is the text that JSON writes for it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etude.data.tabular.dialect import MOST_COLUMNS, lines, opened
from etude.errors import DataError
from etude.locale.texts import Text, text


def objects(path: Path) -> Iterator[tuple[int, Any]]:
    """The names of the columns, then (line, cells) of each object of a file of JSON lines."""
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
                found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
                yield number, dict(flat(found)) if isinstance(found, dict) else found
            except (ValueError, RecursionError) as error:
                yield number, text("data.table.json", why=error)


def flat(value: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The single values and lists of an object with the path of each."""
    for key, each in value.items():
        if isinstance(each, dict):
            yield from flat(each, f"{path}{key}.")
        else:
            yield f"{path}{key}", each


def cell(value: object) -> str:
    """The text of a cell for a value: empty for null, true and false as JSON writes them, and so
    for lists."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
