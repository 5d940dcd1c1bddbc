"""An ONNX file of étude, as ONNX Runtime runs it: its entries, its Card, and the answers for raw
samples. Needs neither the run nor its network."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.validate import validate_card
from etude.errors import DataError, RunError, UsageError, cause
from etude.exporters.parity import Answers
from etude.locale.texts import text
from etude.system import limits, portable

SUFFIX = ".onnx"
MOST_BYTES = 2 << 30
"""Protobuf, the format of the file, has no larger ones."""
PIECE = 128
PRECISION = "etude.precision"
"""The entry of a file whose numbers are not float32."""
TYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(int64)": np.int64,
    "tensor(uint64)": np.uint64,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
}


class OnnxFile:
    """The network in the bytes of an ONNX file. where: what messages call it.

    Raises RunError if it is no ONNX file, UsageError if ONNX Runtime is not installed.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self.session = session(content, where)
        self.size = len(content)
        self.metadata: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        self.inputs = [(each.name, each.type) for each in self.session.get_inputs()]
        self.outputs = [each.name for each in self.session.get_outputs()]

    @classmethod
    def open(cls, path: Path) -> "OnnxFile":
        """The network of a file. Raises RunError if it cannot be read."""
        try:
            content = limits.content(portable.open_to_read(path), MOST_BYTES)
        except OSError as error:
            raise RunError(text("onnx.unreadable", path=path, why=error.strerror)) from None
        except ValueError as error:
            raise RunError(text("onnx.unreadable", path=path, why=cause(error))) from None
        return cls(content, str(path))

    @cached_property
    def card(self) -> Card:
        """The description of the data. Raises RunError if the file is none of étude's."""
        if "etude.card" not in self.metadata:
            raise RunError(text("onnx.foreign", path=self.where), do=text("onnx.foreign.do"))
        try:
            plain = limits.parse_json(self.metadata["etude.card"].encode())
            return validate_card(Card.read(plain, "card"))
        except (UsageError, DataError, ValueError) as error:
            items = error.items if isinstance(error, UsageError | DataError) else ()
            what = text("onnx.card", path=self.where, why=cause(error))
            raise RunError(what, items=items) from None

    def play(self, inputs: tuple[np.ndarray, ...]) -> Answers:
        """The outputs by name for raw inputs of the graph. Raises RunError with the reason of ONNX
        Runtime."""
        named = {name: x for (name, _), x in zip(self.inputs, inputs, strict=True)}
        reasons = failures()
        try:
            found = self.session.run(None, named)
        except reasons as error:
            why = str(error).partition("\n")[0][:300]
            raise RunError(text("onnx.failed", path=self.where, why=why)) from None
        return dict(zip(self.outputs, found, strict=True))

    def answers(self, samples: Split) -> Answers:
        """The outputs [n ...] for raw samples. Raises DataError for numbers that the graph cannot
        take, NumericsError for outputs that are not finite."""
        parts = [self.play(inputs) for inputs in self._pieces(samples)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.outputs}

    def _pieces(self, samples: Split) -> Iterator[tuple[np.ndarray, ...]]:
        """The inputs of the graph for all samples in order."""
        x, lengths = self._as_input(samples), samples.lengths
        starts = range(0, len(x), PIECE)
        if len(self.inputs) == 2:
            valid = np.full(len(x), x.shape[1]) if lengths is None else lengths
            yield from ((x[at : at + PIECE], valid[at : at + PIECE]) for at in starts)
        elif lengths is None:
            yield from ((x[at : at + PIECE],) for at in starts)
        else:
            # Trained on sequences of one length, so it takes those of another length one by one.
            yield from ((x[i : i + 1, :length],) for i, length in enumerate(lengths.tolist()))

    def _as_input(self, samples: Split) -> np.ndarray:
        """The raw samples in the type of the graph's input. Raises DataError for numbers that it
        cannot hold: a fraction where it takes bytes."""
        x = samples.x[:]
        dtype = np.dtype(TYPES[self.inputs[0][1]])
        if x.dtype == dtype:
            return x
        if dtype.kind in "iu":
            bounds = np.iinfo(dtype.type)
            whole = np.isfinite(x) & (x == np.rint(x)) & (x >= bounds.min) & (x <= bounds.max)
            bad = ~whole.reshape(len(x), -1).all(1)
            if bad.any():
                about = {"low": int(bounds.min), "high": int(bounds.max), "path": self.where}
                raise DataError(
                    text("onnx.whole", **about),
                    items=[samples.names[i] for i in np.flatnonzero(bad).tolist()],
                )
        return x.astype(dtype)


def session(content: bytes, where: str, threads: int | None = None) -> Any:
    """The bytes of an ONNX file in ONNX Runtime, on the CPU. threads: torch's number by default.

    Raises RunError if the content is no ONNX file, UsageError if ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        what = text("export.missing", names=("onnxruntime",))
        raise UsageError(what, do=text("export.missing.do", extra="export")) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what matters comes as an exception
    options.intra_op_num_threads = threads or torch.get_num_threads()
    reasons = failures()
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except reasons as error:
        why = str(error).partition("\n")[0][:300]
        raise RunError(text("onnx.unreadable", path=where, why=why)) from None


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises: classes of its own, without a common base, and Python's."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [each for each in vars(state).values() if isinstance(each, type)]
    return (*(each for each in own if issubclass(each, Exception)), RuntimeError, ValueError)
