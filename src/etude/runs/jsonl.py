"""Files of one JSON object per line: appended to, cut at a checkpoint, validated when read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from etude.errors import RunError, cause
from etude.locale.texts import text
from etude.results import AnyRow, parse, require_agreement
from etude.runs.files import read, storage
from etude.system import limits

LINES = 32 << 20
"""Bytes of metrics.jsonl or timing.jsonl: a hundred thousand epochs."""


def append(path: Path, row: Mapping[str, object]) -> None:
    """Append one JSON line. It is durable only after `size`, which syncs the file."""
    # Not synced here: a line matters once a checkpoint refers to it, and `size` is called for that.
    line = as_line(row)
    with storage(path, len(line)), path.open("ab") as file:
        file.write(line)


def as_line(row: Mapping[str, object]) -> bytes:
    """A row as one line; equal rows give equal bytes."""
    return (json.dumps(row, sort_keys=True, allow_nan=False) + "\n").encode()


def size(path: Path) -> int:
    """The size of a file in bytes after syncing it to the disk, 0 if there is none."""
    if not path.exists():
        return 0
    with storage(path), path.open("rb") as file:
        os.fsync(file.fileno())
        return path.stat().st_size


def cut(path: Path, length: int) -> None:
    """Truncate a file to `length` bytes, its length at a checkpoint. Raises RunError if it is
    shorter."""
    actual = path.stat().st_size if path.exists() else 0
    if actual < length:
        raise RunError(text("runs.short", path=path, size=actual, expected=length))
    if path.exists():
        # Never longer than the file, which the check above ensures: truncate would add zeros.
        with storage(path):
            os.truncate(path, length)


def cut_damaged_lines(path: Path) -> None:
    """Cut a .jsonl file before its first line that a power cut or a dead writer left damaged."""
    good = 0
    content = read(path.parent, path.name, LINES) if path.exists() else b""
    for line in content.splitlines(keepends=True):
        try:
            limits.parse_json(line)
            # A line without its end may be a prefix that happens to be valid.
            complete = line.endswith(b"\n")
        except ValueError:
            complete = False
        if not complete:
            break
        good += len(line)
    cut(path, good)


def lines(path: Path) -> list[AnyRow]:
    """The rows of a .jsonl file, validated. Raises RunError for a damaged row."""
    return rows_in(read(path.parent, path.name, LINES), path) if os.path.lexists(path) else []


def rows_in(content: bytes, path: Path) -> list[AnyRow]:
    """The rows in the content of a .jsonl file, validated. path: its name in messages. Raises
    RunError for a damaged row."""
    result: list[AnyRow] = []
    # Up to the last line break: a writer at work may be in the middle of the next line.
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
        try:
            result.append(parse(limits.parse_json(line)))
        except ValueError as error:
            raise RunError(
                text("runs.damaged.line", path=path, line=number, why=cause(error))
            ) from None
    try:
        require_agreement(result)
    except ValueError as error:
        raise RunError(text("runs.damaged", path=path, why=cause(error))) from None
    return result
