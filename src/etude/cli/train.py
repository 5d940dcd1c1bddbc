"""Train one run, or check a recipe before a long training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

import etude
from etude.cli.app import LEARN, command, print_json, print_result
from etude.errors import UsageError, plain
from etude.flags import Data, Flags, Json, Lang, Log, Seed, Sets, SkipBad, recipe_fields
from etude.locale.texts import say, text

PICTURES = Path("first-aid")
"""Folder for the pictures of --first-aid, in the working folder."""


def print_fields(words: Sequence[str], lang: Lang) -> None:
    """After the help of `train`: the fields of each model and data source among the words."""
    if words[:1] != ["train"] or {"--help", "-h"}.isdisjoint(words):
        return
    for word in words[1:]:
        kind = etude.verbs.kind_of_word(word.removeprefix("--data="))
        if kind == "model" or kind == "data":
            name = word.removeprefix("--data=")
            print(plain(say(lang, "cli.fields", name=name)))
            for path, meaning in etude.verbs.fields(kind, name, lang):
                print(plain(f"  {path:<20} {meaning}"))


@command(LEARN)
def train(
    model: str | None = None,
    /,
    *,
    data: Data = None,
    name: Annotated[str | None, Parameter(help="help.flag.run_name")] = None,
    seed: Seed = None,
    weights: Annotated[str | None, Parameter(name="--from", help="help.flag.from")] = None,
    first_aid: Annotated[
        Literal["dry-run", "overfit", "lr"] | None, Parameter(help="help.flag.first_aid")
    ] = None,
    skip_bad: SkipBad = False,
    log: Log = None,
    flags: Flags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train a network, test it once, and save everything under ./runs.

    Examples:

    etude train mlp --data digits

    etude train vit --data fashion-mnist --epochs 15 model.patch=4 --name my-vit

    etude train lstm --data series model.preset=notes

    etude train cnn --data my-photos/ data.size=64 data.augment=flip

    etude train vit --from vit_small.safetensors --data my-photos/

    etude train runs/my-vit/recipe.json --seed 1

    etude train cnn --data digits --first-aid lr

    etude train cnn --data digits --log tensorboard
    """
    fields = recipe_fields(flags, sets, seed, skip_bad)
    if weights is not None:
        fields["weights"] = weights
    if not first_aid:
        run = etude.verbs.train(model, data, name=name, quiet=as_json, log=log, lang=lang, **fields)
        print_result(run, as_json, lang)
        return
    if log is not None:
        raise UsageError(text("aid.log", check=first_aid), do=text("aid.log.do"))
    result = etude.verbs.sanity_check(first_aid, model, data, out=PICTURES, lang=lang, **fields)
    if as_json:
        print_json(result)
        return
    for line in result["said"]:
        print(plain(line))
    for path in result.get("pictures", [])[:1]:  # the second is the same on a dark background
        print(plain(say(lang, "aid.saved", path=path)))
