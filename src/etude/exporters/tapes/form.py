"""Tape: the operations of a network in order, its constants, and one file that holds both.

    inputs, constants -> node -> node -> ... -> outputs, each a value with a number

A node has an operation, its arguments by name, and the numbers of the values that it makes. An
argument is a number, a list, a word, null, or {"value": n}. Batches have one sample, and all shapes
are fixed. The file is safetensors: the constants by name, and the graph as JSON in its metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from safetensors.numpy import save

from etude.system.limits import Plain

KIND, VERSION = "etude-tape", 1


@dataclass(frozen=True)
class Value:
    """What a node makes or reads: its type, as NumPy names it, and its shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One operation. outputs: numbers of values; None for one that nobody reads. module: the path
    of the module that computes it, such as "model.blocks.0"."""

    op: str
    args: Plain
    outputs: tuple[int | None, ...]
    module: str

    def reads(self) -> list[int]:
        """The numbers of the values that its arguments name."""
        return [number for each in self.args.values() for number in _named(each)]


def _named(argument: object) -> list[int]:
    if isinstance(argument, list):
        return [number for each in argument for number in _named(each)]
    if isinstance(argument, dict) and "value" in argument:
        return [argument["value"]]
    return []


@dataclass(frozen=True)
class Tape:
    """inputs, outputs: numbers of values by name. constants: arrays by name; which value each is
    stands in `held`."""

    values: tuple[Value, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    nodes: tuple[Node, ...]
    held: Mapping[str, int]
    constants: Mapping[str, np.ndarray] = field(repr=False)

    def graph(self) -> Plain:
        """All but the constants, as JSON values."""
        return {
            "kind": KIND,
            "version": VERSION,
            "values": [[value.dtype, list(value.shape)] for value in self.values],
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs),
            "constants": dict(self.held),
            "nodes": [
                {"op": n.op, "args": n.args, "outputs": list(n.outputs), "module": n.module}
                for n in self.nodes
            ],
        }

    def content(self) -> bytes:
        """The tape as a safetensors file."""
        graph = json.dumps(self.graph(), separators=(",", ":"), allow_nan=False)
        arrays = {name: np.ascontiguousarray(x) for name, x in self.constants.items()}
        return save(arrays, metadata={"tape": graph})

    def depends(self, output: str, source: str, given: str) -> bool:
        """Whether an output reads an input also when the output `given` is known."""
        needed, known = {self.outputs[output]}, self.outputs[given]
        for node in reversed(self.nodes):
            if (needed - {known}) & set(node.outputs):
                needed |= set(node.reads())
        return self.inputs[source] in needed
