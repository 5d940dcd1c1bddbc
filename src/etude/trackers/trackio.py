"""trackio: a database in its own local folder (TRACKIO_DIR), shown by `trackio show`.

TRACKIO_SPACE_ID and TRACKIO_SERVER_URL of the user's environment are respected by the library.
Source: the reference of trackio.init and trackio.log.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from etude.trackers.tracker import IDENTITY, PROJECT, Facts, Moment, Scalar, State, Tracker


class TrackioRun:
    """A run of trackio; see Log.

    It is written again from the first epoch on, and replaces the run that has the same identity.
    """

    def __init__(self, facts: Facts) -> None:
        import trackio

        try:
            # Listed before the new run is one of them.
            runs = list(trackio.Api().runs(PROJECT))
        except ValueError:  # there is no such project yet
            runs = []
        self.stale = [run for run in runs if (run.config or {}).get(IDENTITY) == facts.identity]
        self.run = trackio.init(
            project=PROJECT,
            name=facts.name,
            group=facts.group or None,
            config={**facts.config, IDENTITY: facts.identity},
            resume="never",
            embed=False,
            # The load of this process says nothing of the training.
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        self.step = 0

    def add(self, moments: Sequence[Moment]) -> None:
        """See Log."""
        for moment in moments:
            self.run.log(moment.values, step=moment.step)
            self.step = moment.step

    def end(self, summary: Mapping[str, Scalar], pictures: Mapping[str, Path]) -> None:
        """See Log."""
        import trackio

        images = {f"pictures/{name}": trackio.Image(str(path)) for name, path in pictures.items()}
        self.run.log({**summary, **images}, step=self.step)

    def close(self, state: State) -> None:
        """See Log."""
        self.run.finish()
        for run in self.stale:
            run.delete()


TRACKER = Tracker(
    TrackioRun, package="trackio", install="trackio", summary="tracker.trackio.summary"
)
