"""The progress of a long step of reading data, on one line of the terminal."""

import sys
import time

from etude.errors import plain

PATIENCE, EVERY = 1.5, 0.2
"""Seconds before the first line, and between two."""


class Waiting:
    """Call it with how much is done and how much there is; the line is removed at the end.

    The name tells what is happening. The line has no words: a data source does not know the user's
    language. Nothing is printed unless stderr is a terminal.
    """

    def __init__(self, name: str) -> None:
        self.name = plain(name)
        self.next = time.monotonic() + PATIENCE
        self.width = 0

    def __enter__(self) -> "Waiting":
        return self

    def __exit__(self, *error: object) -> None:
        if self.width:
            print(f"\r{'':<{self.width}}\r", end="", file=sys.stderr, flush=True)

    def __call__(self, done: int, size: int) -> None:
        """Show how much is done, if it is time to."""
        now = time.monotonic()
        if now < self.next or not done or not sys.stderr.isatty():
            return
        self.next = now + EVERY
        line = f"{self.name}: {100 * done // size} %"
        self.width = max(self.width, len(line))
        print(f"\r{line:<{self.width}}", end="", file=sys.stderr, flush=True)
