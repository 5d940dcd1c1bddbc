"""The trackers of a run, as a call names them (`log`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude.locale.texts import Lang
from etude.trackers.listener import Tracking
from etude.training.distributed import World
from etude.verbs.arguments import WORKSPACE

if TYPE_CHECKING:
    from etude.inference.run import Run


def tracking(names: Sequence[str], runs: Path) -> Tracking:
    """The trackers of a run in the folder `runs`, on rank 0; none on the other ranks.

    Their logs are kept in the working folder, as `./runs` is. A folder of runs with another name
    than `runs` is a comparison or a search, whose logs belong together under its name.
    """
    group = runs.absolute().name
    first = World.here().first
    return Tracking(names if first else (), Path(), "" if group == WORKSPACE.root.name else group)


def require_trackers(names: Sequence[str]) -> None:
    """Raise UsageError if the library of a tracker cannot be imported, before a long training whose
    runs are logged when they are finished."""
    with tracking(names, WORKSPACE.root):
        pass


def log_runs(runs: "Sequence[Run]", names: Sequence[str], quiet: bool, lang: Lang) -> None:
    """Write the logs of finished runs."""
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude import pipeline

    for run in runs:
        if names:
            with tracking(names, run.path.parent) as followers:
                pipeline.log_again(run, quiet, lang, followers)
