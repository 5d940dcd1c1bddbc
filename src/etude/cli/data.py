"""Look at data before any training."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import SEE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang, Seed, Sets, SkipBad, recipe_fields
from etude.locale.texts import render, say
from etude.render.terminal import table

PICTURES = Path("data-pictures")
"""Folder for the pictures, in the working folder."""


@command(SEE)
def data(
    path: str,
    /,
    *,
    model: Annotated[str | None, Parameter(help="help.flag.survey_model")] = None,
    seed: Seed = None,
    skip_bad: SkipBad = False,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Look at data: their columns, splits, warnings, and what would be trained.

    Examples:

    etude data houses.csv data.target=price

    etude data my-photos/ --model vit
    """
    fields = recipe_fields(None, sets, seed, skip_bad)
    found = etude.verbs.data(path, model, **fields)
    if as_json:
        print_json(found.plain(lang))
        return
    if rows := found.rows(lang):
        table(rows)
    for line in (*found.sentences(), *found.notes):
        print(plain(render(lang, line)))
    for picture in etude.verbs.data_pictures(found, PICTURES, lang)[:1]:
        print(plain(say(lang, "aid.saved", path=picture)))
