"""Train runs for a search or a comparison on another machine."""

import etude
from etude.cli.app import LEARN, command, print_json
from etude.flags import Json, Lang
from etude.locale.texts import say


@command(LEARN)
def work(storage: str, name: str, /, *, lang: Lang = "en", as_json: Json = False) -> None:
    """Train runs of a search or a comparison that another machine started.

    Examples:

    etude work postgresql+psycopg://me@host/search tune-mlp-digits
    """
    count = etude.verbs.work(storage, name, quiet=as_json, lang=lang)
    if as_json:
        print_json({"study": name, "runs": count})
    else:
        print(say(lang, "cli.work.done", count=count, name=name))
