"""Train every built-in network."""

from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import SEE, command, print_json
from etude.flags import Json, Lang
from etude.locale.texts import say
from etude.render.terminal import table


@command(SEE)
def tour(
    *,
    name: Annotated[str, Parameter(help="help.flag.name")] = "tour",
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train every built-in network on embedded data: three to seven minutes on two cores.

    Examples:

    etude tour --name first
    """
    comparison = etude.verbs.tour(name, quiet=as_json, lang=lang)
    if as_json:
        members = [etude.verbs.summary(run) for run in comparison.runs]
        print_json({"run": str(comparison.path), "members": members})
        return
    table(etude.verbs.table(comparison, lang))
    seconds = sum(run.seconds for run in comparison.runs)
    print(say(lang, "cli.tour.seconds", seconds=seconds))
    print(comparison.path / "report.html")
