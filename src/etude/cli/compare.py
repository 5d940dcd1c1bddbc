"""Train several variants and compare them, or compare finished runs."""

from typing import Annotated

from cyclopts import Parameter

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
    lr: Annotated[
        str | None, Parameter(help="a range to search (1e-4..1), several rates, or one for all")
    ] = None,
    schedule: OneOrMore = None,
    target: Annotated[
        float | None,
        Parameter(help="validation value to time (auto: one that most runs reach)"),
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(help="worker processes (auto: one per core)", converter=integer),
    ] = None,
    storage: Annotated[
        str | None, Parameter(help="database from which other machines take runs (etude work)")
    ] = None,
    name: Annotated[str | None, Parameter(help="name of the folder under ./runs")] = None,
    different_data: Annotated[
        bool, Parameter(negative="", help="compare finished runs even if their data differ")
    ] = False,
    seed: OneOrMore = None,
    skip_bad: SkipBad = False,
    flags: ComparisonFlags = None,
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

    result = verbs.compare(
        runs, model=model, data=data, optimizer=optimizer, seed=seed, lr=lr, schedule=schedule,
        target=target, workers=workers, storage=storage, name=name, different_data=different_data,
        quiet=as_json, lang=lang, **recipe_fields(flags, sets, skip_bad=skip_bad),
    )  # fmt: skip
    print_result(result, as_json, lang)
