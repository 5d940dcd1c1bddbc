"""Why a file cannot be read, as texts that follow its name."""

import os
from pathlib import Path

from etude.locale.texts import Text, text


def missing(path: Path) -> Text:
    """The reason why a path without a regular file cannot be read."""
    if os.path.exists(path):
        return text("data.reason.no_file")
    return text("data.reason.none")


def unreadable(error: OSError) -> Text:
    """The reason that the operating system gives."""
    return text("data.reason.unreadable", why=error.strerror or error)
