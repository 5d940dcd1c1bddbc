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
from torch import nn

from etude.errors import UsageError
from etude.exporters.attention import Attending
from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.graph import Deployed, answers
from etude.exporters.int8 import quantized
from etude.exporters.metadata import metadata, renamed
from etude.exporters.notes import notes
from etude.exporters.onnx_file import MOST_BYTES, SUFFIX, OnnxFile
from etude.exporters.parity import compare, require
from etude.exporters.tracing import Axes, axes, examples, torch_reasons
from etude.exporters.trial import tried
from etude.locale.texts import text
from etude.runs.files import replace
from etude.shapes import Tensor
from etude.tasks.protocol import Decoding

if TYPE_CHECKING:
    from onnx import ModelProto

OLDEST = 13
OF_DECODERS = ("etude.version", "model", "recipe", "fingerprint")
"""Entries of a file that decodes; the others are about samples."""


class OnnxConfig(ExportConfig):
    """Options of the form onnx."""

    opset: int | None = Field(default=None, ge=OLDEST, description="config.onnx.opset")
    attention: bool = Field(default=False, description="config.onnx.attention")
    classes: tuple[str, ...] = Field(default=(), description="config.onnx.classes")
    int8: bool = Field(default=False, description="config.onnx.int8")
    decode: bool = Field(default=False, description="config.onnx.decode")


def write(trained: Trained, out: Path, options: OnnxConfig) -> Exported:
    """Write the network as ONNX and compare it with étude's answers on the test split.

    Raises UsageError for options that do not fit and for a network that torch cannot trace,
    DataError, NumericsError, StorageError; then nothing is written.
    """
    if options.decode:
        return _write_decoder(trained, out, options)
    trained = changed(trained, card=renamed(trained.card, options.classes))
    deployed = Attending(trained) if options.attention else Deployed(trained)
    split = trained.samples()
    inputs = examples(split)
    model = graph(deployed, inputs, ("x", "lengths"), axes(deployed), options.opset)
    for key, value in metadata(trained).items():
        model.metadata_props.add(key=key, value=value)
    content = packed(model)
    # Compared before anything is on the disk, so a file that exists has been compared.
    parity = tried(deployed, split, OnnxFile(content, out.name).play)
    require(parity, "onnx")
    said = notes(trained)
    if options.int8:
        smaller = quantized(model, OnnxFile(content, out.name), deployed, trained.data())
        content, parity, said = smaller.content, smaller.parity, (*said, *smaller.notes())
    replace(out, content)
    return Exported(out, len(content), parity, said)


def _write_decoder(trained: Trained, out: Path, options: OnnxConfig) -> Exported:
    """Write the decoder of an autoencoder: code [n D] -> image [n C H W] in raw values. It is
    compared for the codes of the test split. Raises as `write`."""
    others = [name for name in ("attention", "classes", "int8") if getattr(options, name)]
    if not isinstance(trained.task, Decoding) or others:
        key = "export.decode.alone" if others else "export.decode.model"
        raise UsageError(text(key, model=trained.result.title, names=others))
    decoder = Decoder(trained.model, trained.task)
    codes = torch.from_numpy(answers(Deployed(trained), trained.samples())["code"])
    batch = torch.export.Dim("n")
    model = graph(decoder, (codes[:3],), ("code",), ({0: batch},), options.opset)
    about = {name: value for name, value in metadata(trained).items() if name in OF_DECODERS}
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    content = packed(model)
    with torch.inference_mode():
        wanted = {name: each.numpy() for name, each in decoder(codes).items()}
    parity = compare(wanted, OnnxFile(content, out.name).play((codes.numpy(),)))
    require(parity, "onnx")
    replace(out, content)
    return Exported(out, len(content), parity, notes(trained))


class Decoder(nn.Module):
    """Codes [N D] to images [N C H W] in raw values, as a graph."""

    def __init__(self, model: nn.Module, task: Decoding) -> None:
        super().__init__()
        self.model, self.task = model, task

    def forward(self, code: Tensor) -> dict[str, Tensor]:
        return {"image": self.task.decoded(self.model, code)}


def graph(
    deployed: nn.Module,
    inputs: tuple[Tensor, ...],
    called: tuple[str, ...],
    shapes: Axes,
    opset: int | None,
) -> "ModelProto":
    """The graph of a network. inputs: examples; called: their names; shapes: their axes of free
    length. Raises UsageError with torch's reason."""
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
            input_names=called[: len(inputs)],
            output_names=names,
            dynamic_shapes=shapes,
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
