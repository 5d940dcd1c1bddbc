"""Commands that search hyperparameters, and train runs for other machines."""

from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import LEARN, say, verb
from etude.errors import plain
from etude.exits import spoken_for
from etude.flags import Data, Json, Lang, Sets, TuneFlags, given, value, whole


@verb(LEARN)
def tune(
    model: str | None = None,
    /,
    *,
    data: Data = None,
    trials: Annotated[int, Parameter(help="number of trials", converter=whole)] = 30,
    storage: Annotated[
        str | None, Parameter(help="database that other machines can reach (auto: a local file)")
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(help="local worker processes (auto: one per core)", converter=whole),
    ] = None,
    name: Annotated[str | None, Parameter(help="name of the folder under ./runs")] = None,
    flags: Annotated[TuneFlags | None, Parameter(name="*")] = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Search hyperparameters on validation data, then train the best again and test it once.

    A field takes a range (lr=1e-4..1e-1, model.depth=2..6) or several values
    (optimizer=adam,nesterov). A field with one value is fixed.

    Examples:

    etude tune mlp --data digits lr=1e-4..1e-1 model.dropout=0..0.5 epochs=20

    etude tune cnn --data digits optimizer=adam,nesterov lr=1e-3..1 --trials 50 --name mine

    etude tune vit --data photos/ lr=1e-4..1e-2 --storage postgresql+psycopg://me@host/search
    """
    from etude import verbs

    fields = {k: value(v) for k, v in given(flags, None).items()} | given(None, sets)
    found = verbs.tune(
        model, data, trials=trials, storage=storage, workers=workers, name=name, quiet=as_json,
        lang=lang, **fields,
    )  # fmt: skip
    if spoken_for():
        return
    if as_json:
        trials_ = [{k: v for k, v in row.items() if k != "mapping"} for row in found.trials]
        best = {"number": found.best["number"], "fields": found.best["fields"]}
        say(
            {
                "run": str(found.path), "best": {**best, "val": found.best["best"]},
                "trials": trials_, "tested": verbs.summary(found.run),
            }
        )  # fmt: skip
        return
    for line in found.said:
        print(plain(line))
    print(found.path / "report.html")


@verb(LEARN)
def work(storage: str, name: str, /, *, as_json: Json = False) -> None:
    """Train runs of a search or a comparison that another machine started.

    STORAGE is the database of `etude tune --storage` or `etude compare --storage`, NAME the name of
    its folder there. The worker ends after a minute without work.

    Examples:

    etude work postgresql+psycopg://me@host/search tune-mlp-digits
    """
    from etude import verbs

    done = verbs.work(storage, name, quiet=as_json)
    say({"study": name, "runs": done}) if as_json else print(f"{done} runs trained for {name}")
