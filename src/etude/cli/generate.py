"""Generate images with a trained autoencoder."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import USE, command, print_json
from etude.errors import UsageError
from etude.flags import Json, integer


@command(USE)
def generate(
    run: str,
    /,
    *,
    count: Annotated[
        int, Parameter(help="number of images", name=["--count", "-n"], converter=integer)
    ] = 64,
    seed: Annotated[int, Parameter(help="random seed", converter=integer)] = 0,
    out: Annotated[Path | None, Parameter(help="file for the sheet of images (.png)")] = None,
    as_json: Json = False,
) -> None:
    """Generate images with a trained autoencoder: one sheet, and the arrays next to it.

    Examples:

    etude generate runs/aae-digits --count 16 --out new.png
    """
    from etude import verbs

    if count < 1:
        raise UsageError(f"--count {count}: at least 1 image.")
    if not 0 <= seed < 2**63:
        raise UsageError(f"--seed {seed}: a seed is a whole number from 0, below 2^63.")
    paths = [str(path) for path in verbs.generate(run, count, seed, out)]
    if as_json:
        print_json({"run": run, "count": count, "seed": seed, "files": paths})
    else:
        print("\n".join(paths))
