"""Progress of a long step of reading data, on one line of the terminal."""

import sys


class Percent:
    """Prints how much of `name` is done; nothing unless stderr is a terminal.

    The name tells what is happening, in no language: a data source does not know the user's.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.shown = sys.stderr.isatty()

    def __call__(self, done: int, size: int) -> None:
        if self.shown:
            end = "\n" if done >= size else ""
            print(f"\r{self.name}: {100 * done // size} %", end=end, file=sys.stderr)
