"""LSTM: a readable cell, and torch's fast implementation with the same parameters.

X [N L Q] input · Y [N L D] output · hn, cn [K N D] last hidden and cell state of each layer
K layers (twice as many states when bidirectional) · gates in torch's order i, f, g, o
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from etude.errors import InvalidValue
from etude.locale.texts import text
from etude.shapes import Float, Int, Tensor

States = tuple[Float[Tensor, "K _ D"], Float[Tensor, "K _ D"]]


class Step(NamedTuple):
    """One time step of one layer: the gates, each [N D], and the states after the step."""

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
    """One step of an LSTM cell: input gate i, forget gate f, candidate g, output gate o.

    Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of
    F. Gers et al., 2000; equations as in torch.nn.LSTM.
    """
    # Two biases where one would do: cuDNN has both, and torch's parameters follow it.
    gates = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    i, f, g, o = gates.chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    # A sum, not a product of weights: along c the gradient is multiplied by f alone, which can stay
    # near 1, so it does not vanish over many steps as in a plain recurrent network.
    c = f * c + i * g
    h = o * torch.tanh(c)
    return Step(i, f, g, o, h, c)


class LSTM(nn.LSTM):
    """nn.LSTM for padded sequences. `forward` is torch's; `steps` computes the same readably.

    batch_first: X is [N L Q] and Y [N L E]; else [L N Q] and [L N E]. hn and cn are always [K N D].
    dropout: between layers only. lengths [N]: valid steps of each sequence; steps beyond them do
    not affect any result, and Y is zero there.
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
        # torch warns about dropout with a single layer, where it has no effect.
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
        """Y [N L E] with E = D (2D when bidirectional), and (hn, cn) after the last valid steps.

        Raises ValueError if a length is not in 1..L.
        """
        if lengths is None:
            return super().forward(X)
        first, steps = self.batch_first, X.shape[int(self.batch_first)]
        if not 1 <= int(lengths.min()) <= int(lengths.max()) <= steps:
            raise InvalidValue(text("layer.lstm.lengths", lengths=lengths.tolist(), steps=steps))
        # Packing requires the lengths on the CPU. total_length restores L steps, because unpacking
        # would cut Y to the longest sequence of the batch.
        packed = pack_padded_sequence(X, lengths.cpu(), first, enforce_sorted=False)
        out, states = super().forward(packed)
        Y, _ = pad_packed_sequence(out, first, total_length=steps)
        return Y, states

    def last(
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "_ E"]:
        """The last layer's hidden state after the last valid step, [N E]; if bidirectional, those
        of both directions side by side."""
        # A graph that is exported has no packed sequences.
        if torch.compiler.is_exporting():
            return self.last_by_gather(X, lengths)
        # hn, not Y[:, -1]: with padding the last valid step is not the last of Y, and the backward
        # direction ends at the first step.
        _, (hn, _) = self(X, lengths)
        return torch.cat((hn[-2], hn[-1]), dim=-1) if self.bidirectional else hn[-1]

    def last_by_gather(
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "_ E"]:
        """`last` without packed sequences: by tensor operations whose shapes do not depend on the
        lengths, which must be in 1..L. In eval mode.

        Each direction runs over the padding too, and its state is read after the last valid step.
        The backward direction runs forward over sequences that are reversed within their lengths.
        """
        X = X if self.batch_first else X.transpose(0, 1)
        time = torch.arange(X.shape[1], device=X.device)
        count = (time[-1:] + 1)[:, None] if lengths is None else lengths.to(X.device)[:, None]
        # Its own inverse: reversed twice, a sequence is itself. Padding stays behind the end.
        mirror = torch.where(time < count, count - 1 - time, time).expand(X.shape[0], -1)
        last = (count - 1).expand(X.shape[0], -1)
        Y, ends = X, []
        for layer in range(self.num_layers):
            both = [_run(Y, *self._weights(f"l{layer}"))]
            if self.bidirectional:
                both.append(_run(_at(Y, mirror), *self._weights(f"l{layer}_reverse")))
            ends = [_at(states, last)[:, 0] for states in both]
            Y = torch.cat((both[0], *(_at(states, mirror) for states in both[1:])), dim=-1)
        return torch.cat(ends, dim=-1)

    def _weights(self, suffix: str) -> list[Tensor]:
        """The weights and biases of one direction of one layer, as `lstm_cell` takes them."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [getattr(self, f"{name}_{suffix}") for name in names]

    def steps(
        self, X: Float[Tensor, "N L Q"], lengths: Int[Tensor, " _"] | None = None
    ) -> Iterator[list[Step]]:
        """Yields the L steps of each layer in order of time, computed with `lstm_cell`.

        If bidirectional, the two directions of a layer follow one another, as in hn. At padded
        steps the states do not change (in the backward direction they are still zero there).
        Raises ValueError if dropout between layers is active.
        """
        # torch draws that dropout inside its own loop over layers, where its mask cannot be read.
        if self.training and self.dropout:
            raise InvalidValue(text("layer.lstm.training"))
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
            # h alone is the input of the next layer; c stays inside its layer.
            outputs = [torch.stack([step.h for step in steps], 1) for steps in both]
            inputs = torch.cat(outputs, -1)

    def _walk(
        self, X: Float[Tensor, "N L Q"], valid: Tensor | None, suffix: str, backwards: bool
    ) -> list[Step]:
        """The steps of one direction of one layer, in order of time."""
        weights = self._weights(suffix)
        h = c = X.new_zeros(X.shape[0], self.hidden_size)
        order = range(X.shape[1])
        by_time: dict[int, Step] = {}
        for t in reversed(order) if backwards else order:
            step = lstm_cell(X[:, t], h, c, *weights)
            if valid is not None:
                # Keep the old state at a padded step: then the state after step L is that after the
                # last valid step, and the backward direction starts from zero at each sequence end.
                valid_here = valid[:, t, None]
                step = step._replace(h=step.h.where(valid_here, h), c=step.c.where(valid_here, c))
            by_time[t] = step
            h, c = step.h, step.c
        return [by_time[t] for t in order]


def _run(X: Float[Tensor, "N L Q"], *weights: Tensor) -> Float[Tensor, "N L D"]:
    """The hidden states of one direction of one layer, from the first step to the last. weights:
    as `lstm_cell` takes them."""
    size = weights[1].shape[1]
    if not torch.onnx.is_in_onnx_export():
        start = X.new_zeros(1, X.shape[0], size)
        # With biases, one layer, no dropout, not in training, one direction, batch first.
        options = (True, 1, 0.0, False, False, True)
        return torch.lstm(X, (start, start), weights, *options)[0]
    # ONNX has an operator for all steps; torch's exporter would write a loop over lstm_cell.
    ours = [torch.cat([part.chunk(4)[i] for i in (0, 3, 1, 2)]) for part in weights]  # i, o, f, g
    inputs = (X.transpose(0, 1), ours[0][None], ours[1][None], torch.cat(ours[2:])[None])
    shape = (X.shape[1], 1, X.shape[0], size)
    op = torch.onnx.ops.symbolic
    Y = op("LSTM", inputs, {"hidden_size": size}, dtype=X.dtype, shape=shape, version=14)
    return Y[:, 0].transpose(0, 1)


def _at(X: Float[Tensor, "N L Q"], steps: Int[Tensor, "N M"]) -> Float[Tensor, "N M Q"]:
    """The steps of each sequence at these places."""
    return X.gather(1, steps[..., None].expand(-1, -1, X.shape[2]))
