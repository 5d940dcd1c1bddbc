"""Draw the pictures and the report of a finished run or comparison again."""

from pathlib import Path

from etude.locale.texts import Lang
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import WORKSPACE, data_name, require_no_moved_data, run_path


@preserve_caller_state()
def report(path: Path | str, lang: Lang = "en", data: str | None = None) -> Path:
    """Draw the pictures and write the report of a finished run or comparison again.

    lang: the language of the report. data: the new path of a run's data, if they were moved.
    Returns the path of the report. Raises RunError for an unfinished run, UsageError for `data` of
    a comparison.
    """
    if comparison := WORKSPACE.comparison(run_path(path)):
        require_no_moved_data(data, comparison)
        # Not at the top of the file: it loads torch, and mistakes are reported before that.
        from etude.comparison import engine

        return engine.rewrite_report(comparison, lang)
    run = WORKSPACE.open(path)
    run.finished()
    run.lock()
    from etude import pipeline
    from etude.inference.run import Run

    try:
        pipeline.report(Run(run.path, data_name(data)), lang)
    finally:
        run.release()
    return run.report
