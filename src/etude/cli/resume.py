"""Resume an interrupted run or comparison."""

import etude
from etude.cli.app import LEARN, command, print_result
from etude.flags import Json, Lang, Log, MovedData


@command(LEARN)
def resume(
    run: str,
    /,
    *,
    data: MovedData = None,
    log: Log = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Resume an interrupted run or comparison.

    Examples:

    etude resume runs/cnn-digits

    etude resume runs/compare-mlp-digits
    """
    result = etude.verbs.resume(run, data=data, quiet=as_json, log=log, lang=lang)
    print_result(result, as_json, lang)
