"""Play a Tape in NumPy: the reference for `web/player.js`, and the proof of every tape."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from etude.errors import NumericsError
from etude.exporters.tapes.form import Tape
from etude.exporters.tapes.ops import OPS
from etude.locale.texts import text


def play(tape: Tape, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of a tape by name for one sample, with the axis of the batch.

    Raises NumericsError if an operation makes another shape than torch did.
    """
    known: dict[int, np.ndarray] = {
        number: tape.constants[name].astype(tape.values[number].dtype, copy=False)
        for name, number in tape.held.items()
    }
    for name, number in tape.inputs.items():
        value = tape.values[number]
        known[number] = np.asarray(inputs[name]).astype(value.dtype).reshape(value.shape)

    def real(argument: Any) -> Any:
        if isinstance(argument, list):
            return [real(each) for each in argument]
        if isinstance(argument, dict):
            return known[argument["value"]] if "value" in argument else float(argument["number"])
        return argument

    # Far values are infinite on purpose, as in a logarithm of 0; the comparison sees them.
    with np.errstate(all="ignore"):
        for node in tape.nodes:
            first = next(number for number in node.outputs if number is not None)
            args = {name: real(argument) for name, argument in node.args.items()}
            made = OPS[node.op](tape.values[first], **args)
            several = made if isinstance(made, tuple | list) else (made,)
            for made_here, x in zip(node.outputs, several):
                if made_here is None:
                    continue
                value = tape.values[made_here]
                array = np.asarray(x)
                if node.op == "reshape":
                    array = array.reshape(value.shape)
                if array.shape != value.shape:
                    raise NumericsError(
                        text("export.tape.shape", op=node.op, module=node.module or "-"),
                        do=text("export.unequal.do"),
                    )
                known[made_here] = array.astype(value.dtype)
    return {name: known[number] for name, number in tape.outputs.items()}
