"""Open a finished run (Python: etude.load)."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude.verbs.arguments import data_name, run_path

if TYPE_CHECKING:
    from etude.inference.run import Run


def load(path: Path | str, data: str | None = None) -> "Run":
    """Open a finished run. data: the new path of its data, if they were moved."""
    from etude.inference.run import Run

    return Run(run_path(path), data_name(data))
