"""The command line. It calls the verbs only."""

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

from etude.cli import examine, learn, search, see, use
from etude.cli.app import app
from etude.cli.mistakes import meant
from etude.exits import exits
from etude.flags import spelled
from etude.system.surroundings import no_warnings, streams

__all__ = ["app", "examine", "learn", "main", "search", "see", "use"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: see errors.py."""
    # Threads that wait actively for long starve each other when anything else runs on the machine;
    # those that sleep at once double the time of a small network's step. So: a short wait.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    with streams(), no_warnings(), exits():
        words = spelled(sys.argv[1:] if arguments is None else arguments)
        try:
            app(words)
        except CycloptsError as error:
            raise meant(error, words) from None
