"""The progress of reading one large file, on one line of the terminal."""

import sys
import time
from pathlib import Path

PATIENCE, EVERY = 1.5, 0.2
"""Seconds before the first line, and between two."""
MEGA = 1e6


class Watch:
    """Call it with the bytes that are read so far; `close` removes the line.

    The line has a name and numbers and no words: a data source does not know the user's language.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.next = time.monotonic() + PATIENCE
        self.width = 0

    def __call__(self, done: int) -> None:
        """Show how much of the file is read, if it is time to."""
        now = time.monotonic()
        if now < self.next or not done or not sys.stderr.isatty():
            return
        self.next = now + EVERY
        size = self.path.stat().st_size
        line = f"{self.path.name}: {done / MEGA:,.0f} / {size / MEGA:,.0f} MB"
        self.width = max(self.width, len(line))
        print(f"\r{line:<{self.width}}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove the line."""
        if self.width:
            print(f"\r{'':<{self.width}}\r", end="", file=sys.stderr, flush=True)
