"""Draw what is inside a trained run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang, MovedData, OneOrMore, Sample


@command(USE)
def look(
    run: str,
    /,
    *,
    view: OneOrMore = None,
    sample: Sample = None,
    out: Annotated[Path | None, Parameter(help="help.flag.out.pictures")] = None,
    data: MovedData = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Draw what is inside a trained run, and save the arrays behind each picture.

    Examples:

    etude look runs/vit-digits

    etude look runs/vit-digits --view attention --sample 17

    etude look runs/cnn-digits --view class-map,features --sample three.png --out here
    """
    names = None if view is None else [name.strip() for name in view.split(",")]
    result = etude.verbs.look(run, names, sample, out, lang, data)
    if as_json:
        print_json(result)
        return
    for picture in result["pictures"]:
        print(plain(f"{picture['name']}: {picture['alt']}"))
        print(plain(f"  {picture['files'][0]}"))
