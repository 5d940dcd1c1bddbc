"""Print results on stdout: tables and numbers."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def numbers(values: float | list[float]) -> str:
    """One value or several, with four significant digits each."""
    return " ".join(f"{x:.4g}" for x in (values if isinstance(values, list) else [values]))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; the first row is its head."""
    output = Table(*rows[0])
    for row in rows[1:]:
        # Text, because rich would replace codes such as :x: in a name by an emoji.
        output.add_row(*map(Text, row))
    # Without a terminal rich assumes 80 columns and would wrap the cells of a piped table.
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False).print(output)
