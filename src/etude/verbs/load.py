"""Open a finished run (Python: etude.load)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from etude.verbs.arguments import run_path

if TYPE_CHECKING:
    from etude.inference.run import Run


def load(path: Path | str, data: Any = None, model: Any = None) -> "Run":
    """Open a finished run.

    data: the new path of its data, if they were moved; or the objects that it was trained on.
    model: the module of your own that it trained, whose weights become those of the run.
    """
    from etude.inference.run import Run
    from etude.verbs.objects import parted

    place, objects = parted(data, model)
    return Run(run_path(path), place, objects)
