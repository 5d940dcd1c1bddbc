"""Write the report of a finished run again."""

import etude
from etude.cli.app import SEE, command, print_json
from etude.flags import Json, Lang, MovedData


@command(SEE)
def report(
    run: str, /, *, data: MovedData = None, lang: Lang = "en", as_json: Json = False
) -> None:
    """Draw the pictures and the report of a finished run again, in English or Korean.

    Examples:

    etude report runs/cnn-digits --lang ko
    """
    path = str(etude.verbs.report(run, lang, data))
    if as_json:
        print_json({"run": run, "report": path})
    else:
        print(path)
