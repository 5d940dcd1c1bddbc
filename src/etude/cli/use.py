"""Commands that use a trained run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import USE, say, verb
from etude.cli.mistakes import option
from etude.errors import UsageError, plain
from etude.flags import NEGATIVE, Json, Moved, whole
from etude.render.terminal import numbers


@verb(USE)
def predict(
    run: str,
    /,
    *inputs: Annotated[str, Parameter(allow_leading_hyphen=True)],
    as_json: Json = False,
) -> None:
    """Predict your own files or numbers with a trained run.

    INPUTS: images, folders of images, .npy, .npz or .ts files, or plain numbers for a function
    (-0.5, or -0.5,1.2 for several features). Words after -- are never options.

    Examples:

    etude predict runs/cnn-digits three.png seven.png

    etude predict runs/mlp-curve 0.5 1.5
    """
    from etude import verbs

    if not inputs:
        raise UsageError("Nothing to predict.", do="Give files or numbers after the run.")
    for word in inputs:
        if word.startswith("-") and not NEGATIVE.fullmatch(word) and not Path(word).exists():
            raise option(word, ["--json", "--help"])
    if not verbs.is_run(run) and (runs := [word for word in inputs if verbs.is_run(word)]):
        others = " ".join(word for word in (run, *inputs) if word != runs[0])
        raise UsageError(
            f"{run}: there is no run in this folder; the run comes first.",
            do=f"etude predict {runs[0]} {others}",
        )
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
        int, Parameter(help="number of images", name=["--count", "-n"], converter=whole)
    ] = 64,
    seed: Annotated[int, Parameter(help="random seed", converter=whole)] = 0,
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
    places = [str(place) for place in verbs.generate(run, count, seed, out)]
    if as_json:
        say({"run": run, "count": count, "seed": seed, "files": places})
    else:
        print("\n".join(places))


@verb(USE)
def evaluate(run: str, /, *, data: Moved = None, as_json: Json = False) -> None:
    """Compute the test metrics of a trained run again.

    Examples:

    etude evaluate runs/cnn-digits --json

    etude evaluate runs/cnn-photos --data /media/disk/photos
    """
    from etude import verbs

    metrics = verbs.evaluate_again(run, data=data)
    if as_json:
        say(metrics)
        return
    for key, found in metrics.items():
        if isinstance(found, int | float | str):
            print(f"{key}: {found}")
