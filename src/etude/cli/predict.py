"""Predict files or numbers with a trained run."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.cli.usage_errors import unknown_option
from etude.errors import UsageError, plain
from etude.flags import NEGATIVE, Json, Lang
from etude.locale.texts import render, sample_name, say, text, unit_name
from etude.render.terminal import numbers


def forecast_lines(each: Mapping[str, Any]) -> Iterator[str]:
    """One line for each step: series, time, value, and the outer quantiles if there are some."""
    levels = [*each.get("quantiles", {}).values()]
    for step, (time, value) in enumerate(zip(each["times"], each["value"], strict=True)):
        span = f" [{numbers(levels[0][step])}, {numbers(levels[-1][step])}]" if levels else ""
        yield f"{each['input']}: {time}: {numbers(value)}{span} {each['unit']}".rstrip()


@command(USE)
def predict(
    run: str,
    /,
    *inputs: Annotated[str, Parameter(allow_leading_hyphen=True)],
    out: Annotated[Path | None, Parameter(help="help.flag.predict_out")] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Predict your own files or numbers with a trained run.

    Examples:

    etude predict runs/cnn-digits three.png seven.png

    etude predict runs/mlp-curve 0.5 1.5

    etude predict runs/mlp-houses new.csv --out priced.csv

    etude predict runs/lstm-load latest.csv --out next.csv
    """
    etude.verbs.require_writable(out, "--out", (".csv",))
    if not inputs:
        raise UsageError(text("cli.predict.none"), do=text("cli.predict.none.do"))
    # -0.5 is an input, so the parser lets every word with a dash through, and wrong options are
    # detected here.
    for word in inputs:
        if word.startswith("-") and not NEGATIVE.fullmatch(word) and not Path(word).exists():
            raise unknown_option("predict", word, ["--json", "--lang", "--out", "--help"])
    runs = [word for word in inputs if etude.verbs.is_run(word)]
    if runs and not etude.verbs.is_run(run):
        others = [word for word in (run, *inputs) if word != runs[0]]
        right_order = " ".join(["etude predict", runs[0], *others])
        raise UsageError(text("cli.predict.order", run=run), do=right_order)
    predictions = etude.verbs.predict(run, inputs)
    if out:
        etude.verbs.write_predictions(run, predictions, inputs, out)
    if as_json:
        print_json(predictions)
        return
    for warning in etude.verbs.prediction_warnings(predictions):
        print(plain(render(lang, warning)), file=sys.stderr)
    if out:
        print(plain(say(lang, "cli.predict.out", path=out)))
        return
    for each in predictions:
        name = sample_name(lang, each["input"])
        if "times" in each:
            for line in forecast_lines(each):
                print(plain(line))
        elif "label" in each:
            print(plain(f"{name}: {each['label']} ({each['probability']:.1%})"))
        elif named := each.get("outputs"):
            pairs = zip(named, each["value"], strict=True)
            values = ", ".join(f"{output} {numbers(value)}" for output, value in pairs)
            print(plain(f"{name}: {values} {unit_name(lang, each['unit'])}"))
        else:
            print(plain(f"{name}: {numbers(each['value'])} {unit_name(lang, each['unit'])}"))
