"""pt2: the graph of torch.export, which plain torch of a like version loads without étude.

torch.export.load(FILE).module()(x) -> a mapping of outputs by name (see `graph.Deployed`)
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch.export import ExportedProgram
from torch.export._patches import register_lstm_while_loop_decomposition

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.graph import Deployed
from etude.exporters.metadata import metadata
from etude.exporters.notes import notes
from etude.exporters.parity import Answers, require
from etude.exporters.tracing import axes, examples, torch_reasons
from etude.exporters.trial import tried
from etude.locale.texts import text
from etude.runs.files import replace
from etude.shapes import Tensor


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the graph and compare it with étude's answers on the test split, after loading it
    again. Raises UsageError, DataError, NumericsError, StorageError; then nothing is written."""
    deployed, split = Deployed(trained), trained.samples()
    with torch_reasons("pt2"):
        program = traced(deployed, examples(split))
        buffer = io.BytesIO()
        torch.export.save(program, buffer, extra_files=metadata(trained))
        content = buffer.getvalue()
        loaded = torch.export.load(io.BytesIO(content)).module()

    def play(inputs: tuple[np.ndarray, ...]) -> Answers:
        with torch.no_grad():
            outputs = loaded(*(torch.from_numpy(x) for x in inputs))
        return {name: values.numpy() for name, values in outputs.items()}

    parity = tried(deployed, split, play)
    require(parity, "pt2")
    replace(out, content)
    version = text("export.pt2.version", version=torch.__version__.partition("+")[0])
    return Exported(out, len(content), parity, (version, *notes(trained)))


def traced(deployed: Deployed, inputs: tuple[Tensor, ...]) -> ExportedProgram:
    """The program of a network, which stores its example inputs."""
    # So they hold none of the user's data: zeros, and one valid step of each sequence.
    x, *lengths = inputs
    plain = (torch.zeros_like(x), *(torch.ones_like(each) for each in lengths))
    # torch's own form of an LSTM would be unrolled for one number of steps.
    with register_lstm_while_loop_decomposition():
        return torch.export.export(deployed, plain, dynamic_shapes=axes(deployed), strict=False)


EXPORTER = Exporter(ExportConfig, write, text("exporter.pt2.summary"), ".pt2")
