"""The trackers of a run, as a call names them (`log`)."""

from collections.abc import Sequence
from pathlib import Path

from etude.trackers.listener import Tracking
from etude.training.distributed import World
from etude.verbs.arguments import WORKSPACE


def tracking(names: Sequence[str], runs: Path) -> Tracking:
    """The trackers of a run in the folder `runs`, on rank 0; none on the other ranks.

    Their logs are kept in the working folder, as `./runs` is. A folder of runs with another name
    than `runs` is a comparison or a search, whose logs belong together under its name.
    """
    group = runs.absolute().name
    first = World.here().first
    return Tracking(names if first else (), Path(), "" if group == WORKSPACE.root.name else group)
