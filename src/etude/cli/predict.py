"""Predict files or numbers with a trained run."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import USE, command, print_json
from etude.cli.usage_errors import unknown_option
from etude.errors import UsageError, plain
from etude.flags import NEGATIVE, Json
from etude.render.terminal import numbers


@command(USE)
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
        raise UsageError("Nothing to predict.", do="Add files or numbers after the run.")
    # -0.5 is an input, so the parser lets every word with a dash through, and wrong options are
    # detected here.
    for word in inputs:
        if word.startswith("-") and not NEGATIVE.fullmatch(word) and not Path(word).exists():
            raise unknown_option(word, ["--json", "--help"])
    if not verbs.is_run(run) and (runs := [word for word in inputs if verbs.is_run(word)]):
        others = " ".join(word for word in (run, *inputs) if word != runs[0])
        raise UsageError(
            f"{run}: there is no run in this folder; the run comes first.",
            do=f"etude predict {runs[0]} {others}",
        )
    predictions = verbs.predict(run, inputs)
    if as_json:
        print_json(predictions)
        return
    for each in predictions:
        if "label" in each:
            print(plain(f"{each['input']}: {each['label']} ({each['probability']:.1%})"))
        else:
            print(plain(f"{each['input']}: {numbers(each['value'])} {each['unit']}"))
