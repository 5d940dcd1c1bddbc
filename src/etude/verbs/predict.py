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
from etude.verbs.load_onnx import is_onnx, load_onnx

DOUBTS = ("unseen", "outside", "empty")
"""The columns that training knows little about, in the answer for a row of a table."""


def predict(path: Path | str, inputs: Sequence[str]) -> list[Plain]:
    """The predictions of a finished run, or of an ONNX file that was exported, for files, folders
    or numbers: one mapping per sample.

    Raises RunError for an unfinished run, DataError for inputs that it cannot read.
    """
    source = load_onnx(path) if is_onnx(path) else load(path)
    return source.predict(list(inputs))


def prediction_warnings(predictions: Sequence[Plain]) -> Iterator[Text]:
    """What is to be said of rows of a table that are unlike those of training."""
    return tabular.warnings(predictions)


def write_predictions(
    run: Path | str, predictions: Sequence[Plain], inputs: Sequence[str], out: Path
) -> None:
    """Write the rows of a table, or a list of pictures, as CSV with the predictions of a run; of a
    long table one row for each sequence, of series the next steps with their times.

    Raises UsageError for several inputs, StorageError if the file cannot be written.
    """
    if len(inputs) != 1:
        raise UsageError(text("verbs.predict.out.one", count=len(inputs)))
    card = (load_onnx(run) if is_onnx(run) else load(run)).card
    if card.panel:
        replace(out, _table(series.lines(predictions, card.panel)).encode())
        return
    reading = card.reading
    if reading is None:
        raise UsageError(text("verbs.predict.out.table"), do=text("verbs.predict.out.table.do"))
    answers = {_line(str(each["input"]), inputs[0]): _cells(each) for each in predictions}
    first = predictions[0]
    values = [f"predicted {name}" for name in first.get("outputs", ())] or ["predicted"]
    shares = [f"p({label})" for label in first.get("probabilities", ())]
    columns = (*values, *shares, *(key for key in DOUBTS if key in first))
    if reading.series:  # an answer is for a sequence, and not for one of its rows
        rows = tabular.answered(reading.series, columns, answers)
    else:
        rows = tabular.annotated(Path(inputs[0]), reading, columns, answers)
    replace(out, rows.encode())


def _table(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(map(tabular.harmless, row) for row in rows)
    return out.getvalue()


def _cells(answer: Plain) -> list[str]:
    """The further cells of one row."""
    shares = [f"{share:.6g}" for share in answer.get("probabilities", {}).values()]
    value = answer["label"] if "label" in answer else answer["value"]
    values = value if isinstance(value, list) else [value]
    said = [each if isinstance(each, str) else repr(each) for each in values]
    return [*said, *shares, *("; ".join(answer[key]) for key in DOUBTS if key in answer)]


def _line(name: str, path: str) -> str:
    """The line of an input in its file: rows are named by it, pictures of a list FILE:LINE NAME,
    and rows of several files as those files say."""
    # Not at the top of the file: it loads torch.
    from etude.data.tree import shown

    prefix = f"{shown(path)}:"
    return name.removeprefix(prefix).partition(" ")[0] if name.startswith(prefix) else name
