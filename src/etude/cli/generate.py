"""Generate images with a trained autoencoder."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import UsageError
from etude.flags import Json, Lang, integer
from etude.locale.texts import text


@command(USE)
def generate(
    run: str,
    /,
    *,
    count: Annotated[
        int, Parameter(help="help.flag.count", name=["--count", "-n"], converter=integer)
    ] = 64,
    seed: Annotated[int, Parameter(help="help.flag.seed", converter=integer)] = 0,
    out: Annotated[Path | None, Parameter(help="help.flag.out.sheet")] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Generate images with a trained autoencoder: one sheet, and the arrays next to it.

    Examples:

    etude generate runs/aae-digits --count 16 --out new.png
    """
    if count < 1:
        raise UsageError(text("cli.generate.count", count=count))
    if not 0 <= seed < 2**63:
        raise UsageError(text("cli.generate.seed", seed=seed))
    paths = [str(path) for path in etude.verbs.generate(run, count, seed, out)]
    if as_json:
        print_json({"run": run, "count": count, "seed": seed, "files": paths})
    else:
        print("\n".join(paths))
