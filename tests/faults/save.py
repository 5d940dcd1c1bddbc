"""Saves as a run does, in a process without torch: what sweeps kill, starve and record.

    python -m tests.faults.save FROM RUN STEP [STEP ...]

Takes the newest checkpoint of the run FROM, and commits it to the run RUN as each STEP in turn,
with a line of metrics before and `best.json` after, as training does. "acknowledged STEP" is said
when a step is safe. Leaves with the exit code of the error it met, as the command line does.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from etude.errors import EtudeError
from etude.runs import jsonl
from etude.runs.checkpoint import Checkpoint
from etude.runs.folder import RunFolder

MARK = "begin"
RECIPE = {"model": {"name": "mlp"}, "data": {"name": "digits"}}


def point(found: Checkpoint, step: int, metrics: Path) -> Checkpoint:
    """A checkpoint as of `step`; its contents differ from step to step."""
    state = {**found.state, "step": step, "metrics_bytes": jsonl.size(metrics)}
    return replace(found, step=step, state=state)


def save(run: RunFolder, found: Checkpoint, step: int) -> None:
    """One epoch's line, one checkpoint, and the word that it is the best."""
    measured = {"train": {"classify": {"loss": 1 / step}}, "val": {"accuracy": 0.5}}
    jsonl.append(run.metrics, {"event": "epoch", "epoch": step, "step": step, **measured})
    run.commit(point(found, step, run.metrics))
    os.write(1, f"acknowledged {step}\n".encode())
    run.settle(step)
    os.write(1, f"settled {step}\n".encode())


def begin(run: Path) -> RunFolder:
    """A new run, locked."""
    folder = RunFolder.create(run)
    folder.begin(RECIPE, {"environment": {}})
    return folder


def main() -> int:
    source, place, *steps = sys.argv[1:]
    assert "torch" not in sys.modules
    found, _ = RunFolder.open(Path(source)).newest()
    assert found is not None
    os.write(1, f"{MARK}\n".encode())
    try:
        if (Path(place) / "recipe.json").exists():
            run = RunFolder.open(Path(place))
            run.lock()
        else:
            run = begin(Path(place))
        for step in steps:
            save(run, found, int(step))
    except EtudeError as error:
        os.write(2, str(error).encode())
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
