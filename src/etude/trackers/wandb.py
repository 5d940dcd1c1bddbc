"""Weights & Biases: offline in ./wandb, and `wandb sync` uploads what is there.

The environment of the user decides as in any program: WANDB_MODE=online sends the run at once,
WANDB_PROJECT, WANDB_ENTITY and WANDB_DIR are respected. A login is never asked for: the process has
no terminal. Source: the reference of wandb.init and Run.log.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from etude.trackers.tracker import PROJECT, Facts, Moment, Scalar, State, Tracker

EXIT_CODES = {"finished": 0, "stopped": 255, "failed": 1}
"""What a run ends with; W&B shows 255 as killed or crashed, which may be resumed."""


class WandbRun:
    """A run of W&B; see Log.

    Offline it is written again from the first epoch on, and the folder of the run that it replaces
    is removed unless it was uploaded. Online, steps that the server has already are left out.
    """

    def __init__(self, facts: Facts) -> None:
        import wandb

        # The environment of this process, where the library looks for what the user wants.
        os.environ["WANDB_MODE"] = os.environ.get("WANDB_MODE") or "offline"
        home = os.environ.get("WANDB_DIR") or facts.place
        self.stale = list(Path(home, "wandb").glob(f"offline-run-*-{facts.identity}"))
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            dir=home,
            id=facts.identity,
            name=facts.name,
            group=facts.group or None,
            config=facts.config,
            resume="allow",
            # Its console capture would record messages of this process, not of the training.
            settings=wandb.Settings(console="off", silent=True),
        )
        self.stale = [folder for folder in self.stale if folder != Path(self.run.dir).parent]

    def add(self, moments: Sequence[Moment]) -> None:
        """See Log."""
        for moment in moments:
            if moment.step >= self.run.step:
                self.run.log(moment.values, step=moment.step)

    def end(self, summary: Mapping[str, Scalar], pictures: Mapping[str, Path]) -> None:
        """See Log."""
        import wandb

        self.run.summary.update(dict(summary))
        for name, path in pictures.items():
            self.run.summary[f"pictures/{name}"] = wandb.Image(str(path))

    def close(self, state: State) -> None:
        """See Log."""
        self.run.finish(exit_code=EXIT_CODES[state])
        # Only now, when the run that replaces them is on the disk.
        for folder in self.stale:
            if not list(folder.glob("*.synced")):
                shutil.rmtree(folder, ignore_errors=True)


TRACKER = Tracker(WandbRun, package="wandb", install="wandb", summary="tracker.wandb.summary")
