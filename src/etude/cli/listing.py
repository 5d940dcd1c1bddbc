"""List models, tasks, data sets and runs (command: list)."""

from etude.cli.app import SEE, command, print_json
from etude.errors import plain
from etude.flags import Json


@command(SEE, "list")
def list_(*, as_json: Json = False) -> None:
    """List models, tasks, data sets and runs, those of plugins (ETUDE_PLUGINS) included.

    Examples:

    etude list
    """
    from etude import verbs

    listing = verbs.listing()
    if as_json:
        print_json(listing)
        return
    for kind, entries in listing.items():
        print(f"{kind}:")
        for name, description in entries.items():
            print(plain(f"  {name:<24} {description}"))
        if not entries:
            print("  none yet: etude train mlp --data digits")
