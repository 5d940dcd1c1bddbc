"""Download a run that was pushed, into a run folder."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang


@command(USE)
def pull(
    name: str,
    /,
    *,
    out: Annotated[Path | None, Parameter(help="help.flag.pull.out")] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Download a run that was pushed, into a run folder.

    Examples:

    etude pull ada/cnn-digits

    etude pull ada/cnn-digits@v2 --out runs/cnn-of-ada
    """
    run = etude.verbs.pull(name, out, quiet=as_json, lang=lang)
    if as_json:
        print_json({"run": str(run.path), "repository": name})
    else:
        print(plain(etude.verbs.pulled_line(run, lang)))
