"""Train runs for a search or a comparison on another machine."""

from etude.cli.app import LEARN, command, print_json
from etude.flags import Json


@command(LEARN)
def work(storage: str, name: str, /, *, as_json: Json = False) -> None:
    """Train runs of a search or a comparison that another machine started.

    STORAGE is the database of `etude tune --storage` or `etude compare --storage`, NAME the name of
    its folder there. The worker ends after a minute without work.

    Examples:

    etude work postgresql+psycopg://me@host/search tune-mlp-digits
    """
    from etude import verbs

    count = verbs.work(storage, name, quiet=as_json)
    if as_json:
        print_json({"study": name, "runs": count})
    else:
        print(f"{count} runs trained for {name}")
