"""Show versions and hardware."""

from etude.cli.app import SEE, command, print_json
from etude.flags import Json


@command(SEE)
def env(*, as_json: Json = False) -> None:
    """Show versions and hardware, for a bug report.

    Examples:

    etude env --json
    """
    from etude import verbs

    versions = verbs.env()
    if as_json:
        print_json(versions)
        return
    packages = versions.pop("packages")
    for name, text in {**versions, **packages}.items():
        print(f"{name}: {text}")
