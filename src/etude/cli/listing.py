"""List models, tasks, data sets, forms of export, trackers and runs (command: list)."""

import etude
from etude.cli.app import SEE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang
from etude.locale.texts import say


@command(SEE, "list")
def list_(*, lang: Lang = "en", as_json: Json = False) -> None:
    """List models, tasks, data sets, forms of export, trackers and runs, those of plugins
    (ETUDE_PLUGINS) included.

    Examples:

    etude list
    """
    listing = etude.verbs.listing(lang)
    if as_json:
        print_json(listing)
        return
    for kind, entries in listing.items():
        print(f"{say(lang, f'cli.list.{kind}')}:")
        for name, description in entries.items():
            print(plain(f"  {name:<24} {description}"))
        if not entries:
            print(f"  {say(lang, 'cli.list.none')}")
