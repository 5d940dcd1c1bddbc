"""Train every built-in network."""

from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import SEE, command, print_json
from etude.flags import Json, Lang
from etude.render.terminal import table


@command(SEE)
def tour(
    *,
    name: Annotated[str, Parameter(help="name of the folder under ./runs")] = "tour",
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train every built-in network on embedded data: about three minutes on two cores.

    Examples:

    etude tour --name first
    """
    from etude import verbs

    comparison = verbs.tour(name, quiet=as_json, lang=lang)
    if as_json:
        members = [verbs.summary(run) for run in comparison.runs]
        print_json({"run": str(comparison.path), "members": members})
        return
    table(verbs.table(comparison, lang))
    seconds = sum(run.seconds for run in comparison.runs)
    print(f"{seconds:.0f} s of training in total\n{comparison.path / 'report.html'}")
