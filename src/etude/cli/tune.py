"""Search hyperparameters."""

from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import LEARN, command, print_json
from etude.errors import plain
from etude.exits import is_silent
from etude.flags import Data, Json, Lang, Sets, TuneFlags, integer, recipe_fields, value
from etude.system.limits import Plain


@command(LEARN)
def tune(
    model: str | None = None,
    /,
    *,
    data: Data = None,
    trials: Annotated[int, Parameter(help="help.flag.trials", converter=integer)] = 30,
    storage: Annotated[str | None, Parameter(help="help.flag.storage")] = None,
    workers: Annotated[
        int | None, Parameter(help="help.flag.local_workers", converter=integer)
    ] = None,
    name: Annotated[str | None, Parameter(help="help.flag.name")] = None,
    log: Annotated[str | None, Parameter(help="help.flag.log_best")] = None,
    flags: Annotated[TuneFlags | None, Parameter(name="*")] = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Search hyperparameters on validation data, then train the best again and test it once.

    Examples:

    etude tune mlp --data digits lr=1e-4..1e-1 model.dropout=0..0.5 epochs=20

    etude tune cnn --data digits optimizer=adam,nesterov lr=1e-3..1 --trials 50 --name mine

    etude tune vit --data photos/ lr=1e-4..1e-2 --storage postgresql+psycopg://me@host/search
    """
    # Flags of a search are text, because each may be a range or a list; `sets` are parsed already.
    parsed = {key: value(word) for key, word in recipe_fields(flags, None).items()}
    fields = parsed | recipe_fields(None, sets)
    tuned = etude.verbs.tune(
        model, data, trials=trials, storage=storage, workers=workers, name=name, quiet=as_json,
        log=log, lang=lang, **fields,
    )  # fmt: skip
    if is_silent():
        return
    if as_json:
        rows = [trial.plain() for trial in tuned.trials]
        best: Plain = {"number": tuned.best.number, "fields": tuned.best.fields}
        print_json(
            {
                "run": str(tuned.path),
                "best": best | {"val": tuned.best.best},
                "trials": rows,
                "tested": etude.verbs.summary(tuned.run),
            }
        )
        return
    for line in tuned.sentences:
        print(plain(line))
    print(tuned.path / "report.html")
