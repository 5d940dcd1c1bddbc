"""Predict with a trained run."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from etude.data.panel import inputs as series
from etude.data.tabular import inputs as tabular
from etude.errors import UsageError
from etude.locale.texts import Text, text
from etude.runs.files import replace
from etude.system.limits import Plain
from etude.verbs.load import load


def predict(path: Path | str, inputs: Sequence[str]) -> list[Plain]:
    """The predictions of a finished run for files, folders or numbers: one mapping per sample.

    Raises RunError for an unfinished run, DataError for inputs that it cannot read.
    """
    return load(path).predict(list(inputs))


def prediction_warnings(predictions: Sequence[Plain]) -> Iterator[Text]:
    """What is to be said of rows of a table that are unlike those of training."""
    return tabular.warnings(predictions)


def write_predictions(
    run: Path | str, predictions: Sequence[Plain], inputs: Sequence[str], out: Path
) -> None:
    """Write the rows of a table as CSV, with the predictions of a run beside them; of series, the
    next steps with their times.

    Raises UsageError for several inputs, StorageError if the file cannot be written.
    """
    if len(inputs) != 1:
        raise UsageError(text("verbs.predict.out.one", count=len(inputs)))
    card = load(run).card
    if card.panel:
        replace(out, _table(series.lines(predictions, card.panel)).encode())
        return
    reading = card.reading
    if reading is None:
        raise UsageError(text("verbs.predict.out.table"), do=text("verbs.predict.out.table.do"))
    answers = {str(each["input"]): _cells(each) for each in predictions}
    first = predictions[0]
    names = ["predicted", *(f"p({label})" for label in first.get("probabilities", ()))]
    columns = (*names, "unseen", "outside", "empty")
    rows = tabular.annotated(Path(inputs[0]), reading, columns, answers)
    replace(out, rows.encode())


def _table(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(map(tabular.harmless, row) for row in rows)
    return out.getvalue()


def _cells(answer: Plain) -> list[str]:
    """The further cells of one row."""
    shares = [f"{share:.6g}" for share in answer.get("probabilities", {}).values()]
    said = answer["label"] if "label" in answer else repr(answer["value"])
    return [said, *shares, *("; ".join(answer[key]) for key in ("unseen", "outside", "empty"))]
