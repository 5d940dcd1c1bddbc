"""Open a finished run (Python: etude.load)."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude.verbs.arguments import WORKSPACE, run_path
from etude.verbs.objects import parted

if TYPE_CHECKING:
    from etude.inference.run import Run


def load(path: Path | str, data: object = None, model: object = None) -> "Run":
    """Open a finished run.

    data: the new path of its data, if they were moved; or the objects that it was trained on.
    model: the module of your own that it trained, whose weights become those of the run.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.inference.run import Run

    place, objects = parted(data, model)
    return Run(WORKSPACE.open(run_path(path)), place, objects)
