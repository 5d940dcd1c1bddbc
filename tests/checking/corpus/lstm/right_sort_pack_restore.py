# role: lstm
# verdict: right
# object: PytorchSeq2VecWrapper
# about: AllenNLP style: sorts by length, packs, takes hn and puts the samples back into their order
# round: held-out

from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class _EncoderBase(nn.Module):
    def sort_and_run(self, module: nn.LSTM, inputs: Tensor, lengths: Tensor):
        sorted_lengths, order = lengths.sort(descending=True)
        restoration = torch.empty_like(order)
        restoration[order] = torch.arange(order.numel(), device=order.device)
        packed = pack_padded_sequence(inputs.index_select(0, order), sorted_lengths.tolist(), batch_first=True)
        outputs, state = module(packed)
        return outputs, state, restoration


class PytorchSeq2VecWrapper(_EncoderBase):
    """inputs [N L Q], lengths [N] (or a 0/1 mask [N L]) -> [N T]"""

    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, num_layers: int = 1, dropout: float = 0.0):
        super().__init__()
        self._module = nn.LSTM(
            input_dim, hidden_dim, num_layers, batch_first=True, bidirectional=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self._projection = nn.Linear(2 * hidden_dim, output_dim)

    def forward(self, inputs: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
        if lengths is None:
            lengths = torch.full((inputs.size(0),), inputs.size(1), dtype=torch.long, device=inputs.device)
        elif lengths.dim() == 2:
            lengths = lengths.long().sum(-1)
        _, (hidden, _), restoration = self.sort_and_run(self._module, inputs, lengths)
        num_layers, n, dim = self._module.num_layers, hidden.size(1), hidden.size(2)
        last_layer = hidden.view(num_layers, 2, n, dim)[-1]
        vectors = last_layer.transpose(0, 1).reshape(n, 2 * dim)
        return self._projection(vectors.index_select(0, restoration))
