"""Train every built-in network on embedded data."""

import time

from etude.comparison.request import Comparison
from etude.inspection.report import write
from etude.inspection.tour import sections
from etude.locale.texts import Lang, say
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.verbs.arguments import WORKSPACE, require_one_process
from etude.verbs.results import table
from etude.verbs.train import train

TOUR: dict[str, Plain] = {
    "mlp-digits": {"model": "mlp", "data": "digits"},
    "mlp-curve": {"model": "mlp", "data": "curve"},
    "cnn-digits": {"model": "cnn", "data": "digits"},
    "lstm-digits": {"model": "lstm", "data": "digits"},
    "lstm-series": {"model": "lstm", "data": "series"},
    "transformer-digits": {"model": "transformer", "data": "digits"},
    "transformer-series": {"model": "transformer", "data": "series"},
    "vit-digits": {"model": "vit", "data": "digits"},
    "aae-digits": {"model": "aae", "data": "digits"},
}
"""The arguments of `train` by the name of the run, whose label in the report is `tour.NAME`."""


@preserve_caller_state()
def tour(name: str = "tour", *, quiet: bool = False, lang: Lang = "en") -> Comparison:
    """Train every built-in network on embedded data.

    Writes one report with a table of all runs, and a report for each run. Raises an EtudeError.
    """
    require_one_process("tour")
    folder = WORKSPACE.reserve(WORKSPACE.path(name).name)
    start = time.monotonic()
    runs = []
    for run_name, arguments in TOUR.items():
        runs.append(train(name=run_name, quiet=quiet, root=folder, lang=lang, **arguments))
    comparison = Comparison(folder, [say(lang, f"tour.{run_name}") for run_name in TOUR], runs)
    seconds = {"training": sum(run.seconds for run in runs), "all": time.monotonic() - start}
    rows = table(comparison, lang)
    write(
        folder, say(lang, "tour"), sections(runs, comparison.labels, seconds, rows, lang), [], lang
    )
    return comparison
