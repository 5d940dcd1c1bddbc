"""onnx: one file for ONNX Runtime and everything that reads ONNX. It takes raw samples, has the
preprocessing inside, and says in its entries what `etude predict FILE` needs (see `metadata`).

    x [n ...] as the data set stores it (, lengths [n]) -> outputs by name (see `graph.Deployed`)

The number of samples is free, and so is the number of steps of sequences.
"""

from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pydantic import Field

from etude.data.dataset import Split
from etude.errors import UsageError
from etude.exporters.attention import Attending
from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.graph import Deployed
from etude.exporters.metadata import metadata, renamed
from etude.exporters.notes import notes
from etude.exporters.onnx_file import MOST_BYTES, SUFFIX, OnnxFile
from etude.exporters.parity import require
from etude.exporters.tracing import axes, examples, torch_reasons
from etude.exporters.trial import tried
from etude.locale.texts import text
from etude.runs.files import replace

if TYPE_CHECKING:
    from onnx import ModelProto

OLDEST = 13


class OnnxConfig(ExportConfig):
    """Options of the form onnx."""

    opset: int | None = Field(default=None, ge=OLDEST, description="config.onnx.opset")
    attention: bool = Field(default=False, description="config.onnx.attention")
    classes: tuple[str, ...] = Field(default=(), description="config.onnx.classes")


def write(trained: Trained, out: Path, options: OnnxConfig) -> Exported:
    """Write the network as ONNX and compare it with étude's answers on the test split.

    Raises UsageError for options that do not fit and for a network that torch cannot trace,
    DataError, NumericsError, StorageError; then nothing is written.
    """
    trained = changed(trained, card=renamed(trained.card, options.classes))
    deployed = Attending(trained) if options.attention else Deployed(trained)
    split = trained.samples()
    model = graph(deployed, split, options.opset)
    for key, value in metadata(trained).items():
        model.metadata_props.add(key=key, value=value)
    content = packed(model)
    # Compared before anything is on the disk, so a file that exists has been compared.
    parity = tried(deployed, split, OnnxFile(content, out.name).play)
    require(parity, "onnx")
    replace(out, content)
    return Exported(out, len(content), parity, notes(trained))


def graph(deployed: Deployed, split: Split, opset: int | None = None) -> "ModelProto":
    """The graph of a network, its inputs and outputs named. Raises UsageError with torch's
    reason."""
    inputs = examples(split)
    # In the order in which the task answers, which a graph does not keep by name.
    with torch.inference_mode():
        names = list(deployed(*inputs))
    with torch_reasons("onnx"):
        program = torch.onnx.export(
            deployed,
            inputs,
            dynamo=True,
            verbose=False,
            opset_version=opset,
            input_names=["x", "lengths"][: len(inputs)],
            output_names=names,
            dynamic_shapes=axes(deployed),
        )
    assert program is not None
    model = program.model_proto
    found = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    if opset is not None and found != opset:
        raise UsageError(text("export.onnx.opset", asked=opset, found=found))
    return model


def packed(model: "ModelProto") -> bytes:
    """The bytes of the file. Raises UsageError if it would be too large for its format."""
    size = model.ByteSize()
    if size >= MOST_BYTES:
        raise UsageError(text("export.onnx.large", size=size, most=MOST_BYTES))
    return bytes(model.SerializeToString())


EXPORTER = Exporter(
    OnnxConfig, write, text("exporter.onnx.summary"), SUFFIX,
    requires=("onnx", "onnxscript", "onnxruntime"), extra="export",
)  # fmt: skip
