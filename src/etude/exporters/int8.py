"""int8: the weights of an ONNX graph, and perhaps its activations, in whole numbers of 8 bits.

A graph with convolutions is quantized statically, by channel, with ranges from training samples;
any other one dynamically. Which is faster depends on the network and the machine: ONNX Runtime has
no fast kernel for dynamic convolutions, and static attention is slow. So both speed and answers are
measured here, on the validation split, and the smaller file is kept only if it is a gain.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from etude.data.dataset import Dataset, Split
from etude.errors import UsageError
from etude.exporters.graph import Deployed, answers, inputs_of
from etude.exporters.onnx_file import PRECISION, OnnxFile
from etude.exporters.parity import CLASSES, Answers, Parity, compare
from etude.exporters.tracing import silence
from etude.exporters.trial import arrays, sampled
from etude.locale.texts import Text, text

if TYPE_CHECKING:
    from onnx import ModelProto

KEPT = 0.99
"""Least share of validation answers that must stay the same."""
CALIBRATION = 256
"""Training samples from which the ranges of activations are taken."""
BATCH, MOST = 128, 2048
"""Samples of a timed batch, and most samples whose answers are compared."""
ROUNDS = 9
"""Timings of each graph, alternately; the fastest counts, because other work only adds time."""


@dataclass(frozen=True)
class Smaller:
    """A quantized graph that is a gain.

    kind: "static" or "dynamic". parity: the comparison with étude on the test split. accuracy:
    before and after, on the test split. size: bytes before; microseconds: per sample of a batch,
    before and after.
    """

    kind: str
    content: bytes
    parity: Parity
    accuracy: tuple[float, float]
    size: int
    microseconds: tuple[float, float]

    def notes(self) -> Iterator[Text]:
        """What int8 costs and gains, for the user."""
        before, after = (f"{each:.1%}" for each in self.accuracy)
        yield text(
            "export.int8", kind=text(f"export.int8.{self.kind}"), before=before, after=after,
            size=self.size, slow=f"{self.microseconds[0]:.0f}", fast=f"{self.microseconds[1]:.0f}",
        )  # fmt: skip


def quantized(model: "ModelProto", plain: OnnxFile, deployed: Deployed, data: Dataset) -> Smaller:
    """The graph in int8. plain: the same graph in ONNX Runtime, which answers like étude.

    Raises UsageError, with what was measured, if it is slower than before or changes more than one
    answer in a hundred; and for a network that is no classifier, whose answers cannot be counted.
    """
    if CLASSES not in plain.outputs:
        raise UsageError(text("export.int8.classes", task=deployed.task.name))
    kind = "static" if any(node.op_type == "Conv" for node in _nodes(model)) else "dynamic"
    content = _static(model, plain, data.train) if kind == "static" else _dynamic(model)
    small = OnnxFile(content, plain.where)
    val = sampled(data.val if len(data.val) else data.train, MOST)
    agreeing = compare(_only_classes(plain.answers(val)), _only_classes(small.answers(val)))
    times = _microseconds(plain, small, val)
    if agreeing.same < KEPT * agreeing.samples or times[1] > times[0]:
        raise UsageError(
            text(
                "export.int8.none", fast=f"{times[1]:.0f}", slow=f"{times[0]:.0f}",
                same=agreeing.same, samples=agreeing.samples,
            ),
            do=text("export.int8.none.do"),
        )  # fmt: skip
    test = sampled(data.test, MOST)
    found = small.answers(test)
    parity = compare(answers(deployed, test), found)
    accuracy = (_accuracy(plain.answers(test), test), _accuracy(found, test))
    return Smaller(kind, content, parity, accuracy, plain.size, times)


def _nodes(model: "ModelProto") -> Iterator[Any]:
    """All nodes of a graph and of the functions that it calls."""
    yield from model.graph.node
    for function in model.functions:
        yield from function.node


def _static(model: "ModelProto", plain: OnnxFile, train: Split) -> bytes:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    some = sampled(train, CALIBRATION)
    names = [name for name, _ in plain.inputs]
    starts = range(0, len(some), BATCH)
    batches = (arrays(inputs_of(some, at, min(at + BATCH, len(some)))) for at in starts)
    feeds = (dict(zip(names, inputs, strict=False)) for inputs in batches)
    with tempfile.TemporaryDirectory() as folder, silence():
        source, middle, out = (Path(folder) / name for name in ("a", "b", "c"))
        source.write_bytes(model.SerializeToString())
        quant_pre_process(str(source), str(middle))
        quantize_static(
            str(middle), str(out), _Reader(feeds), quant_format=QuantFormat.QDQ,
            per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        return _with_entries(model, out)


def _dynamic(model: "ModelProto") -> bytes:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder, silence():
        source, out = Path(folder) / "a", Path(folder) / "b"
        source.write_bytes(model.SerializeToString())
        quantize_dynamic(str(source), str(out), weight_type=QuantType.QInt8)
        return _with_entries(model, out)


class _Reader:
    """The samples that ONNX Runtime asks for one after the other."""

    def __init__(self, feeds: Iterator[dict[str, np.ndarray]]) -> None:
        self.feeds = feeds

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The inputs of the next batch by name; None after the last."""
        return next(self.feeds, None)


def _with_entries(model: "ModelProto", path: Path) -> bytes:
    """The graph of a file with the entries of `model`, which quantization may lose."""
    import onnx

    small = onnx.load_model_from_string(path.read_bytes())
    del small.metadata_props[:]
    small.metadata_props.extend(model.metadata_props)
    small.metadata_props.add(key=PRECISION, value="int8")
    return bytes(small.SerializeToString())


def _only_classes(found: Answers) -> Answers:
    return {CLASSES: found[CLASSES]}


def _accuracy(found: Answers, split: Split) -> float:
    return float((found[CLASSES].argmax(1) == split.y).mean())


def _microseconds(plain: OnnxFile, small: OnnxFile, split: Split) -> tuple[float, float]:
    """Microseconds for each sample of a batch, before and after."""
    inputs = arrays(inputs_of(split, 0, min(BATCH, len(split))))[: len(plain.inputs)]
    best = [np.inf, np.inf]
    for _ in range(ROUNDS):
        for i, file in enumerate((plain, small)):
            began = perf_counter()
            file.play(inputs)
            best[i] = min(best[i], perf_counter() - began)
    return best[0] / len(inputs[0]) * 1e6, best[1] / len(inputs[0]) * 1e6
