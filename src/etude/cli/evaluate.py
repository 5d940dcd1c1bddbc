"""Compute the test metrics of a trained run again."""

import etude
from etude.cli.app import USE, command, print_json
from etude.flags import Json, Lang, MovedData


@command(USE)
def evaluate(
    run: str, /, *, data: MovedData = None, lang: Lang = "en", as_json: Json = False
) -> None:
    """Compute the test metrics of a trained run again.

    Examples:

    etude evaluate runs/cnn-digits --json

    etude evaluate runs/cnn-photos --data /media/disk/photos
    """
    metrics = etude.verbs.evaluate(run, data=data, lang=lang)
    if as_json:
        print_json(metrics)
        return
    for name, metric in metrics.items():
        if isinstance(metric, int | float | str):  # tables, such as per_class, are in --json only
            print(f"{name}: {metric}")
