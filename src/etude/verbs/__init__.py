"""The public functions of étude, which the package exports and the command line calls.

One file per verb, with the same name in `etude.cli`; `list` is in listing.py. Parts of verbs: load
(etude.load), sanity (`train --first-aid`), grade (`check` of files and folders), arguments (checks
before any work), drafts (the recipe that a call asks for) and results (a run or a comparison as
JSON values, sentences and a table).

Modules that need torch are imported inside the functions: étude takes the lock of a run and reports
most mistakes before it loads torch, which takes a second or two.
"""

from etude.verbs.arguments import is_run, kind_of_word, require_writable
from etude.verbs.check import check
from etude.verbs.compare import compare
from etude.verbs.data import data, data_pictures
from etude.verbs.drafts import field_paths
from etude.verbs.env import env
from etude.verbs.evaluate import evaluate
from etude.verbs.export import export, exporter_names, option_lines, option_values, option_words
from etude.verbs.generate import generate
from etude.verbs.grade import grade, grade_lines, grade_table, write_grades
from etude.verbs.listing import fields, listing
from etude.verbs.load import load
from etude.verbs.load_onnx import load_onnx
from etude.verbs.look import look
from etude.verbs.predict import predict, prediction_warnings, write_predictions
from etude.verbs.report import report
from etude.verbs.results import sentences, summary, table
from etude.verbs.resume import resume
from etude.verbs.sanity import sanity_check
from etude.verbs.tour import tour
from etude.verbs.train import train
from etude.verbs.tune import tune
from etude.verbs.verify import verify, verify_file
from etude.verbs.work import work

__all__ = [
    "check",
    "compare",
    "data",
    "data_pictures",
    "env",
    "evaluate",
    "export",
    "exporter_names",
    "field_paths",
    "fields",
    "generate",
    "grade",
    "grade_lines",
    "grade_table",
    "is_run",
    "kind_of_word",
    "listing",
    "load",
    "load_onnx",
    "look",
    "option_lines",
    "option_values",
    "option_words",
    "predict",
    "prediction_warnings",
    "report",
    "require_writable",
    "resume",
    "sanity_check",
    "sentences",
    "summary",
    "table",
    "tour",
    "train",
    "tune",
    "verify",
    "verify_file",
    "work",
    "write_grades",
    "write_predictions",
]
