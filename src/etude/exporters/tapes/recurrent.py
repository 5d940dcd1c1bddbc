"""The LSTM of a tape in NumPy; see `ops`."""

from typing import Any

import numpy as np
from scipy import special

from etude.exporters.tapes.form import Value

Array = np.ndarray


def lstm(
    made: Value, input: Array, hx: list[Array], params: list[Array], has_biases: bool,
    num_layers: int, dropout: float, train: bool, bidirectional: bool, batch_first: bool,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Outputs of all steps, and the last hidden and cell state of each layer and direction.

    Gates in torch's order: input, forget, candidate, output.
    """
    x = np.swapaxes(input, 0, 1) if batch_first else input
    each, ways, hidden, cells = (4 if has_biases else 2), 1 + bidirectional, [], []
    for layer in range(num_layers):
        sides = []
        for way in range(ways):
            place = layer * ways + way
            weights = params[place * each : (place + 1) * each]
            steps = x[::-1] if way else x
            out, h, c = _direction(steps, hx[0][place], hx[1][place], weights)
            sides.append(out[::-1] if way else out)
            hidden.append(h)
            cells.append(c)
        x = np.concatenate(sides, -1)
    return (np.swapaxes(x, 0, 1) if batch_first else x), np.stack(hidden), np.stack(cells)


def _direction(x: Array, h: Array, c: Array, weights: list[Array]) -> tuple[Any, Any, Any]:
    """One direction of one layer: x [L N Q] -> [L N D], and its last states."""
    w_x, w_h, *biases = (w.astype(np.float64) for w in weights)
    read = x.astype(np.float64) @ w_x.T + sum(biases, np.float64(0))
    outputs = []
    for step in read:
        i, f, g, o = np.split(step + h @ w_h.T, 4, -1)
        c = special.expit(f) * c + special.expit(i) * np.tanh(g)
        h = special.expit(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), h, c
