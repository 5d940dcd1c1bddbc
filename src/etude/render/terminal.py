"""Results on stdout: tables and numbers."""

import sys
from collections.abc import Sequence


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
