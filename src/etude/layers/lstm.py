"""LSTM: the readable cell, and torch's fast one with the same parameters.

X [N L Q] input · Y [N L D] output · hn, cn [K N D] last hidden and cell state of each layer
K layers (twice as many states when bidirectional) · gates in torch's order i, f, g, o
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from etude.shapes import Float, Int, Tensor

States = tuple[Float[Tensor, "K _ D"], Float[Tensor, "K _ D"]]


class Step(NamedTuple):
    """One step of one layer: the gates, each [N D], and the states after it."""

    i: Float[Tensor, "N D"]
    f: Float[Tensor, "N D"]
    g: Float[Tensor, "N D"]
    o: Float[Tensor, "N D"]
    h: Float[Tensor, "N D"]
    c: Float[Tensor, "N D"]


def lstm_cell(
    x: Float[Tensor, "N Q"],
    h: Float[Tensor, "N D"],
    c: Float[Tensor, "N D"],
    weight_ih: Float[Tensor, "4*D Q"],
    weight_hh: Float[Tensor, "4*D D"],
    bias_ih: Float[Tensor, " 4*D"],
    bias_hh: Float[Tensor, " 4*D"],
) -> Step:
    """What to let in (i), what to keep (f), what is new (g), what to show (o).

    Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of
    F. Gers et al., 2000; equations as in torch.nn.LSTM.
    """
    gates = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    i, f, g, o = gates.chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * g
    h = o * torch.tanh(c)
    return Step(i, f, g, o, h, c)


class LSTM(nn.LSTM):
    """nn.LSTM that knows of padding. `forward` is torch's; `steps` is ours to read.

    batch_first: X is [N L Q] and Y [N L E]; else [L N Q] and [L N E]. hn and cn are always [K N D].

    dropout is between layers only. lengths [N]: valid steps; what lies beyond does not count, and
    Y is zero there.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        between = dropout if num_layers > 1 else 0.0
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            batch_first=batch_first,
            dropout=between,
            bidirectional=bidirectional,
        )

    def forward(  # type: ignore[override]
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> tuple[Float[Tensor, "N L E"], States]:
        """Y [N L E], E = D (2D when bidirectional), and (hn, cn) after the last valid steps."""
        if lengths is None:
            return super().forward(X)
        first, steps = self.batch_first, X.shape[int(self.batch_first)]
        if not 1 <= int(lengths.min()) <= int(lengths.max()) <= steps:
            raise ValueError(f"lengths {lengths.tolist()}: each should be from 1 to {steps}")
        packed = pack_padded_sequence(X, lengths.cpu(), first, enforce_sorted=False)
        out, states = super().forward(packed)
        Y, _ = pad_packed_sequence(out, first, total_length=steps)
        return Y, states

    def last(
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "_ E"]:
        """The top layer's state after the last valid step; both directions' when there are two."""
        _, (hn, _) = self(X, lengths)
        return torch.cat((hn[-2], hn[-1]), dim=-1) if self.bidirectional else hn[-1]

    def steps(
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> Iterator[list[Step]]:
        """The same numbers by the readable cell: for each layer, its L steps in order of time; when
        bidirectional, both directions of a layer one after the other, as in hn.

        Where lengths say that a step is not there, states stay as they were (zero, for the
        direction that comes from the end). Raises ValueError if dropout between layers is on.
        """
        if self.training and self.dropout:
            raise ValueError("steps reads without dropout between layers: call eval() first")
        X = X if self.batch_first else X.transpose(0, 1)
        valid = None
        if lengths is not None:
            valid = torch.arange(X.shape[1], device=X.device) < lengths.to(X.device)[:, None]
        inputs = X
        for layer in range(self.num_layers):
            both = [self._walk(inputs, valid, f"l{layer}", False)]
            if self.bidirectional:
                both.append(self._walk(inputs, valid, f"l{layer}_reverse", True))
            yield from both
            shown = [torch.stack([step.h for step in walked], 1) for walked in both]
            inputs = torch.cat(shown, -1)

    def _walk(
        self, X: Float[Tensor, "N L Q"], valid: Tensor | None, suffix: str, backwards: bool
    ) -> list[Step]:
        """One direction of one layer."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self, f"{name}_{suffix}") for name in names]
        h = c = X.new_zeros(X.shape[0], self.hidden_size)
        order = range(X.shape[1])
        walked: dict[int, Step] = {}
        for t in reversed(order) if backwards else order:
            step = lstm_cell(X[:, t], h, c, *weights)
            if valid is not None:
                there = valid[:, t, None]
                step = step._replace(h=step.h.where(there, h), c=step.c.where(there, c))
            walked[t] = step
            h, c = step.h, step.c
        return [walked[t] for t in order]
