"""Commands that search, and work for others."""

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
    trials: Annotated[int, Parameter(help="how many runs", converter=whole)] = 30,
    storage: Annotated[
        str | None, Parameter(help="a database that other machines reach (auto: a file here)")
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(help="processes here (auto: a core each; 0: others do it)", converter=whole),
    ] = None,
    name: Annotated[str | None, Parameter(help="the folder under ./runs")] = None,
    flags: Annotated[TuneFlags | None, Parameter(name="*")] = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Search any fields of the recipe by validation, then train the best anew and test it once.

    A field takes a range (lr=1e-4..1e-1, model.depth=2..6) or several values
    (optimizer=adam,nesterov); what has one value stays so.

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
    """Make runs for a search or a comparison on another machine.

    STORAGE is the database given to `etude tune --storage` or `etude compare --storage`, NAME the
    name of its folder there. Ends when there has been nothing to do for a minute.

    Examples:

    etude work postgresql+psycopg://me@host/search tune-mlp-digits
    """
    from etude import verbs

    done = verbs.work(storage, name, quiet=as_json)
    say({"study": name, "runs": done}) if as_json else print(f"{done} runs made for {name}")
