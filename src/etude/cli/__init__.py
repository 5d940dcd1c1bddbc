"""The command line. It calls the verbs only. One file per command, named as its file in `verbs`."""

import os
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError

# A command registers itself when its module is imported.
from etude.cli import (
    check,
    compare,
    data,
    env,
    evaluate,
    export,
    generate,
    listing,
    look,
    predict,
    report,
    resume,
    tour,
    train,
    tune,
    verify,
    work,
)
from etude.cli.app import COMMANDS, application
from etude.cli.usage_errors import usage_error
from etude.exits import exits
from etude.flags import as_flags
from etude.system.language import language_of
from etude.system.surroundings import no_warnings, streams

__all__ = [
    "application",
    "check",
    "compare",
    "data",
    "env",
    "evaluate",
    "export",
    "generate",
    "listing",
    "look",
    "main",
    "predict",
    "report",
    "resume",
    "tour",
    "train",
    "tune",
    "verify",
    "work",
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: see errors.py."""
    # OpenMP threads that wait actively for long slow down everything else on the machine, and those
    # that sleep at once double the time of a small network's step. A short wait does neither.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    words = as_flags(sys.argv[1:] if arguments is None else arguments)
    lang = language_of(words)
    with streams(), no_warnings(), exits(lang):
        try:
            application(lang)(words)
            train.print_fields(words, lang)
            export.print_forms(words, lang)
        except CycloptsError as error:
            commands = [each.name for each in COMMANDS]
            raise usage_error(error, words, commands) from None
