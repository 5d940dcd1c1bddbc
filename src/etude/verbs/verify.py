"""Compare étude's own layers with independent references."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from etude.locale.texts import Text
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import data_name
from etude.verbs.load import load
from etude.verbs.load_onnx import load_onnx

if TYPE_CHECKING:
    from etude.checking.verify import Proof
    from etude.exporters.parity import Parity


def verify_file(path: Path | str, run: Path | str, data: str | None = None) -> tuple["Parity", int]:
    """(the comparison of an exported ONNX file with the run that it came from, its bytes), on this
    machine: their answers on the test split.

    data: the new path of the run's data, if they were moved. Raises UsageError for the file of
    another run, NumericsError if the answers differ.
    """
    # Not at the top of the file: it loads torch.
    from etude.exporters.onnx_file import PRECISION
    from etude.exporters.parity import require

    file = load_onnx(path)
    parity = file.verify(load(run, data_name(data)).trained)
    # A file in int8 was measured when it was written, and is not equal.
    if PRECISION not in file.file.metadata:
        require(parity, "onnx")
    return parity, file.file.size


@preserve_caller_state()
def verify(
    on_proof: Callable[["Proof"], None] = lambda proof: None,
    on_note: Callable[[Text], None] = lambda note: None,
) -> list["Proof"]:
    """Compare values and gradients of our layers with independent references on this machine, in
    every data type and on every available device.

    on_proof: called with each comparison as soon as it is computed. on_note: called with
    each reference that cannot be used, with the reason.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.checking.verify import notes, proofs

    results = []
    for proof in proofs():
        on_proof(proof)
        results.append(proof)
    for note in notes():
        on_note(note)
    return results
