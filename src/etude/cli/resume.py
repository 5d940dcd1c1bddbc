"""Resume an interrupted run or comparison."""

import etude
from etude.cli.app import LEARN, command, print_result
from etude.flags import Json, Lang, MovedData


@command(LEARN)
def resume(
    run: str, /, *, data: MovedData = None, lang: Lang = "en", as_json: Json = False
) -> None:
    """Resume an interrupted run or comparison.

    Examples:

    etude resume runs/cnn-digits

    etude resume runs/compare-mlp-digits
    """
    print_result(etude.verbs.resume(run, data=data, quiet=as_json, lang=lang), as_json, lang)
