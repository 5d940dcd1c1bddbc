"""Open an ONNX file that étude wrote (Python: etude.load_onnx)."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude.verbs.arguments import is_run, run_path

if TYPE_CHECKING:
    from etude.inference.exported import ExportedFile


def is_onnx(word: Path | str) -> bool:
    """Whether a word names an ONNX file, and no run."""
    path = run_path(word)
    return path.suffix.lower() == ".onnx" and path.is_file() and not is_run(str(word))


def load_onnx(path: Path | str) -> "ExportedFile":
    """Open an ONNX file that étude wrote; `predict` answers as that of the run, from the file
    alone. Raises RunError for any other file, UsageError without ONNX Runtime."""
    # Not at the top of the file: it loads torch.
    from etude.inference.exported import ExportedFile

    return ExportedFile(run_path(path))
