"""Export a trained run to a form that other programs read."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang, MovedData
from etude.locale.texts import render, say


@command(USE)
def export(
    run: str,
    /,
    *,
    to: Annotated[str, Parameter(help="help.flag.export.to")],
    out: Annotated[Path | None, Parameter(help="help.flag.export.out")] = None,
    data: MovedData = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Export a trained run to a form that other programs read.

    Examples:

    etude export runs/cnn-digits --to safetensors

    etude export runs/cnn-digits --to html --lang ko
    """
    exported = etude.verbs.export(run, to, out, data, {}, lang)
    if as_json:
        print_json(exported.plain())
        return
    print(plain(say(lang, "cli.export", path=exported.path, size=exported.size)))
    for line in exported.sentences():
        print(plain(render(lang, line)))
