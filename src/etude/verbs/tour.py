"""Train every built-in network on embedded data."""

import time
from typing import Any

from etude.comparison.request import Comparison
from etude.inspection.report import write
from etude.inspection.tour import sections
from etude.locale.texts import Lang, say
from etude.runs.folder import reserve, run_path
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import require_one_process
from etude.verbs.results import table
from etude.verbs.train import train

TOUR: dict[str, dict[str, Any]] = {
    "MLP": {"model": "mlp", "data": "digits"},
    "MLP, a function": {"model": "mlp", "data": "curve"},
    "CNN": {"model": "cnn", "data": "digits"},
    "LSTM": {"model": "lstm", "data": "digits"},
    "LSTM, a forecast": {"model": "lstm", "data": "series"},
    "Transformer": {"model": "transformer", "data": "digits"},
    "Transformer, a forecast": {"model": "transformer", "data": "series"},
    "Vision Transformer": {"model": "vit", "data": "digits"},
    "Adversarial autoencoder": {"model": "aae", "data": "digits"},
}
"""The arguments of `train` by the label of the run in the report."""


@preserve_caller_state()
def tour(name: str = "tour", *, quiet: bool = False, lang: Lang = "en") -> Comparison:
    """Train every built-in network on embedded data.

    Writes one report with a table of all runs, and a report for each run. Raises an EtudeError.
    """
    require_one_process("The tour")
    folder = reserve(run_path(name).name)
    start = time.monotonic()
    runs = []
    for arguments in TOUR.values():
        run_name = f"{arguments['model']}-{arguments['data']}"
        runs.append(train(name=run_name, quiet=quiet, root=folder, lang=lang, **arguments))
    comparison = Comparison(folder, list(TOUR), runs)
    seconds = {"training": sum(run.seconds for run in runs), "all": time.monotonic() - start}
    rows = table(comparison, lang)
    write(
        folder, say(lang, "tour"), sections(runs, comparison.labels, seconds, rows, lang), [], lang
    )
    return comparison
