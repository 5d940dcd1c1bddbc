"""Compute the test metrics of a trained run again."""

from pathlib import Path

from etude.locale.texts import Lang
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.verbs.load import load


@preserve_caller_state()
def evaluate(
    path: Path | str, *, data: str | None = None, quiet: bool = True, lang: Lang = "en"
) -> Plain:
    """The metrics of a finished run on its test split, computed again from the data.

    data: the new path of the data, if they were moved. lang: the language of the notes.
    Raises RunError if they are not those of the training.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude import pipeline

    return pipeline.evaluate_again(load(path, data), quiet, lang)
