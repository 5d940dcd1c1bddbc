"""Show versions and hardware."""

import etude
from etude.cli.app import SEE, command, print_json
from etude.flags import Json, Lang


@command(SEE)
def env(*, lang: Lang = "en", as_json: Json = False) -> None:
    """Show versions and hardware, for a bug report.

    Examples:

    etude env --json
    """
    versions = etude.verbs.env()
    if as_json:
        print_json(versions)
        return
    packages = versions.pop("packages")
    for name, text in {**versions, **packages}.items():
        print(f"{name}: {text}")
