"""Commands that train."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from etude.cli.app import LEARN, finish, say, verb
from etude.errors import plain
from etude.flags import (
    Data,
    Flags,
    Json,
    Lang,
    MemberFlags,
    Moved,
    Seed,
    Sets,
    Several,
    SkipBad,
    given,
    whole,
)
from etude.locale.texts import say as told

FIRST_AID = Path("first-aid")
"""Folder for the pictures of --first-aid, in the working folder."""


@verb(LEARN)
def train(
    model: str | None = None,
    /,
    *,
    data: Data = None,
    name: Annotated[str | None, Parameter(help="name of the run folder under ./runs")] = None,
    seed: Seed = None,
    first_aid: Annotated[
        Literal["dry-run", "overfit", "lr"] | None,
        Parameter(help="check first: one step, overfit one batch, or find a learning rate"),
    ] = None,
    skip_bad: SkipBad = False,
    flags: Flags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train a network, test it once, and save everything under ./runs.

    MODEL is a name from `etude list`, or a recipe file. Every field of the recipe can be set by its
    path: model.depth=4, data.augment=flip,translate, train.clip=1.

    Examples:

    etude train mlp --data digits

    etude train vit --data fashion-mnist --epochs 15 model.patch=4 --name my-vit

    etude train lstm --data series model.preset=notes

    etude train cnn --data my-photos/ data.size=64 data.augment=flip

    etude train runs/my-vit/recipe.json --seed 1

    etude train cnn --data digits --first-aid lr
    """
    from etude import verbs

    fields = given(flags, sets, seed, skip_bad)
    if first_aid:
        found = verbs.first_aid(first_aid, model, data, out=FIRST_AID, lang=lang, **fields)
        if as_json:
            say(found)
            return
        for line in found["said"]:
            print(plain(line))
        for path in found.get("pictures", [])[:1]:
            print(plain(told(lang, "aid.saved", path=path)))
        return
    run = verbs.train(model, data, name=name, quiet=as_json, lang=lang, **fields)
    finish(run, as_json, lang)


@verb(LEARN)
def compare(
    *runs: str,
    model: Several = None,
    data: Data = None,
    optimizer: Several = None,
    lr: Annotated[
        str | None, Parameter(help="a range to search (1e-4..1), several rates, or one for all")
    ] = None,
    schedule: Several = None,
    target: Annotated[
        float | None,
        Parameter(help="validation value to time (auto: one that most runs reach)"),
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(help="worker processes (auto: one per core)", converter=whole),
    ] = None,
    storage: Annotated[
        str | None, Parameter(help="database from which other machines take runs (etude work)")
    ] = None,
    name: Annotated[str | None, Parameter(help="name of the folder under ./runs")] = None,
    different_data: Annotated[
        bool, Parameter(negative="", help="compare finished runs even if their data differ")
    ] = False,
    seed: Several = None,
    skip_bad: SkipBad = False,
    flags: MemberFlags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train several models from the same start on the same batches, or compare finished runs.

    RUNS are finished runs or folders of runs: étude compares them and trains nothing. Without RUNS
    it trains and compares all combinations of the values below.

    Several optimizers, or a range of learning rates, are compared by rules: each gets its own best
    learning rate, chosen on validation data, and is then trained again with new seeds.

    Examples:

    etude compare --model mlp --data digits --optimizer sgd,momentum,adam --epochs 20 --seed 0,1,2

    etude compare --model mlp,cnn --data digits --lr 1e-3..0.1 --schedule constant,cosine

    etude compare --model mlp,cnn,vit --data digits --seed 0,1,2

    etude compare runs/mlp-digits runs/cnn-digits

    etude compare runs/
    """
    from etude import verbs

    found = verbs.compare(
        runs, model=model, data=data, optimizer=optimizer, seed=seed, lr=lr, schedule=schedule,
        target=target, workers=workers, storage=storage, name=name, different_data=different_data,
        quiet=as_json, lang=lang, **given(flags, sets, skip_bad=skip_bad),
    )  # fmt: skip
    finish(found, as_json, lang)


@verb(LEARN)
def resume(run: str, /, *, data: Moved = None, lang: Lang = "en", as_json: Json = False) -> None:
    """Resume an interrupted run or comparison.

    On the same machine the result is the same, byte for byte, as without the interruption.

    Examples:

    etude resume runs/cnn-digits

    etude resume runs/compare-mlp-digits
    """
    from etude import verbs

    finish(verbs.resume(run, data=data, quiet=as_json, lang=lang), as_json, lang)
