"""Train several variants and compare them, or compare finished runs."""

from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import LEARN, command, print_result
from etude.flags import (
    ComparisonFlags,
    Data,
    Json,
    Lang,
    OneOrMore,
    Sets,
    SkipBad,
    integer,
    recipe_fields,
)


@command(LEARN)
def compare(
    *runs: str,
    model: OneOrMore = None,
    data: Data = None,
    optimizer: OneOrMore = None,
    lr: Annotated[str | None, Parameter(help="help.flag.rates")] = None,
    schedule: OneOrMore = None,
    target: Annotated[
        float | None,
        Parameter(help="help.flag.target"),
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(help="help.flag.workers", converter=integer),
    ] = None,
    storage: Annotated[str | None, Parameter(help="help.flag.shared_storage")] = None,
    name: Annotated[str | None, Parameter(help="help.flag.name")] = None,
    different_data: Annotated[
        bool, Parameter(negative="", help="help.flag.different_data")
    ] = False,
    seed: OneOrMore = None,
    skip_bad: SkipBad = False,
    log: Annotated[str | None, Parameter(help="help.flag.log_runs")] = None,
    flags: ComparisonFlags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train several models from the same start on the same batches, or compare finished runs.

    Examples:

    etude compare --model mlp --data digits --optimizer sgd,momentum,adam --epochs 20 --seed 0,1,2

    etude compare --model mlp,cnn --data digits --lr 1e-3..0.1 --schedule constant,cosine

    etude compare --model mlp,cnn,vit --data digits --seed 0,1,2

    etude compare runs/mlp-digits runs/cnn-digits

    etude compare runs/
    """
    result = etude.verbs.compare(
        runs, model=model, data=data, optimizer=optimizer, seed=seed, lr=lr, schedule=schedule,
        target=target, workers=workers, storage=storage, name=name, different_data=different_data,
        quiet=as_json, log=log, lang=lang, **recipe_fields(flags, sets, skip_bad=skip_bad),
    )  # fmt: skip
    print_result(result, as_json, lang)
