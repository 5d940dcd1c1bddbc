"""Resume an interrupted run or comparison."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude.locale.texts import Lang
from etude.runs.folder import RunFolder
from etude.system.caller import preserve_caller_state
from etude.trackers.listener import Tracking, chosen
from etude.training.distributed import World
from etude.verbs.arguments import (
    WORKSPACE,
    require_no_moved_data,
    require_one_process,
    run_path,
)
from etude.verbs.load import load
from etude.verbs.objects import parted
from etude.verbs.tracking import log_runs, require_trackers, tracking

if TYPE_CHECKING:
    from etude.comparison.request import Comparison
    from etude.inference.run import Run


@preserve_caller_state()
def resume(
    path: Path | str,
    *,
    data: object = None,
    model: object = None,
    quiet: bool = False,
    log: str | Sequence[str] | None = None,
    lang: Lang = "en",
) -> "Run | Comparison":
    """Resume an interrupted run or comparison; on the same machine with the same bytes.

    data: the new path of a run's data, if they were moved; or the objects that it was training on.
    model: the module of your own that it was training. log: trackers that show the run too, from
    its first epoch on; those of a finished run are written from its files. Raises an EtudeError.
    """
    trackers = chosen(log)
    if comparison := WORKSPACE.comparison(run_path(path)):
        require_no_moved_data(data, comparison)
        require_one_process("comparison")
        # Not at the top of the file: it loads torch, and mistakes are reported before that.
        from etude.comparison import engine

        require_trackers(trackers)
        result = engine.resume(comparison, quiet, lang)
        log_runs(result.runs, trackers, quiet, lang)
        return result
    return resume_run(
        WORKSPACE.open(path), data=data, model=model, quiet=quiet, log=trackers, lang=lang
    )


@preserve_caller_state()
def resume_run(
    run: RunFolder,
    *,
    data: object = None,
    model: object = None,
    quiet: bool = False,
    log: Sequence[str] = (),
    lang: Lang = "en",
) -> "Run":
    """Resume an interrupted run; a finished one is checked and returned. data, model, log: as for
    `resume`."""
    with tracking(log, run.path.parent) as followers:
        return _resumed(run, data, model, quiet, lang, followers)


def _resumed(
    run: RunFolder, data: object, model: object, quiet: bool, lang: Lang, followers: Tracking
) -> "Run":
    world = World.here()
    # Only rank 0 writes, and a lock has one holder: the other ranks could not take it.
    if world.first:
        run.lock()
    from etude import pipeline

    try:
        if run.result and run.report.exists():
            run.best()  # raises RunError if the weights are damaged
            done = load(run.path, data, model)
            if followers.names:
                pipeline.log_again(done, quiet, lang, followers)
            return done
        place, objects = parted(data, model)
        parts = pipeline.again(run, quiet or not world.first, lang, place, objects)
        return pipeline.play(run, parts, quiet or not world.first, lang, objects, followers)
    finally:
        run.release()
