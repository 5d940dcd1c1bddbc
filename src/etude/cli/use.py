"""Commands that use a trained run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import USE, say, verb
from etude.draw.terminal import numbers
from etude.errors import UsageError, plain
from etude.flags import Json, whole


@verb(USE)
def predict(
    run: str,
    /,
    *inputs: str,
    as_json: Json = False,
) -> None:
    """What a trained run says of your own files (or numbers).

    INPUTS: images, folders of images, .npy, .npz or .ts files, or plain numbers for a function.

    Examples:

    etude predict runs/cnn-digits three.png seven.png

    etude predict runs/mlp-curve 0.5 1.5
    """
    from etude import verbs

    if not inputs:
        raise UsageError("Nothing to predict.", do="Give files or numbers after the run.")
    answers = verbs.load(run).predict(list(inputs))
    if as_json:
        say(answers)
        return
    for answer in answers:
        if "label" in answer:
            print(plain(f"{answer['input']}: {answer['label']} ({answer['probability']:.1%})"))
        else:
            print(plain(f"{answer['input']}: {numbers(answer['value'])} {answer['unit']}"))


@verb(USE)
def generate(
    run: str,
    /,
    *,
    count: Annotated[
        int, Parameter(help="how many images", name=["--count", "-n"], converter=whole)
    ] = 64,
    seed: Annotated[int, Parameter(help="decides the noise", converter=whole)] = 0,
    out: Annotated[Path | None, Parameter(help="where the sheet of images goes (.png)")] = None,
    as_json: Json = False,
) -> None:
    """New images from a trained autoencoder: a sheet, and the arrays beside it.

    Examples:

    etude generate runs/aae-digits --count 16 --out new.png
    """
    from etude import verbs

    if count < 1:
        raise UsageError(f"--count {count}: at least 1 image.")
    if not 0 <= seed < 2**63:
        raise UsageError(f"--seed {seed}: a seed is a whole number from 0, below 2^63.")
    places = [str(place) for place in verbs.generate(run, count, seed, out)]
    if as_json:
        say({"run": run, "count": count, "seed": seed, "files": places})
    else:
        print("\n".join(places))


@verb(USE)
def evaluate(run: str, /, *, as_json: Json = False) -> None:
    """Test a trained run again on its test data.

    Examples:

    etude evaluate runs/cnn-digits --json
    """
    from etude import verbs

    metrics = verbs.evaluate_again(run)
    if as_json:
        say(metrics)
        return
    for key, found in metrics.items():
        if isinstance(found, int | float | str):
            print(f"{key}: {found}")
