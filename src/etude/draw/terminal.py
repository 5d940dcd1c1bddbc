"""Results on stdout: tables and numbers."""

import sys
from collections.abc import Sequence
from typing import Any


def brief(entry: Any) -> str:
    """A long list by its ends."""
    if isinstance(entry, list) and len(entry) > 8 and isinstance(entry[0], float):
        return f"{entry[0]:.4g} ... {entry[-1]:.4g} ({len(entry)} values; --json gives all)"
    return str(entry)


def numbers(found: float | list[float]) -> str:
    """One value or several, short."""
    return " ".join(f"{x:.4g}" for x in (found if isinstance(found, list) else [found]))


def table(rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout, its head first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*rows[0])
    for row in rows[1:]:
        drawn.add_row(*map(Text, row))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False).print(drawn)
