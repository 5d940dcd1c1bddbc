"""tape: the network as a list of operations with its weights, for the player in JavaScript."""

from pathlib import Path

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.tapes.check import proven, taped
from etude.exporters.tapes.record import said
from etude.locale.texts import text
from etude.runs.files import replace


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the tape. Raises UsageError if the network cannot be recorded, DataError if there is no
    test split to compare with, NumericsError if the answers differ, StorageError."""
    tape = taped(trained)
    parity, notes = proven(tape, trained)
    content = tape.content()
    replace(out, content)
    return Exported(out, len(content), parity, (said(tape), *notes))


EXPORTER = Exporter(ExportConfig, write, text("exporter.tape.summary"), ".tape.safetensors")
