# role: lstm_cell
# verdict: right
# object: LazyLSTMCell
# about: dataclass config, lazy layers in ModuleDicts, the gates computed in a dict comprehension, state as a NamedTuple
# round: held-out

from dataclasses import dataclass
from typing import NamedTuple, Optional

import torch
from torch import Tensor, nn


@dataclass
class CellConfig:
    hidden_size: int = 32
    bias: bool = True


class State(NamedTuple):
    h: Tensor
    c: Tensor


class LazyLSTMCell(nn.Module):
    ACTIVATIONS = {"input": torch.sigmoid, "forget": torch.sigmoid, "output": torch.sigmoid, "content": torch.tanh}

    def __init__(self, config: Optional[CellConfig] = None):
        super().__init__()
        self.config = config or CellConfig()
        n, bias = self.config.hidden_size, self.config.bias
        self.from_x = nn.ModuleDict({k: nn.LazyLinear(n, bias=bias) for k in self.ACTIVATIONS})
        self.from_h = nn.ModuleDict({k: nn.Linear(n, n, bias=False) for k in self.ACTIVATIONS})

    def zero_state(self, like: Tensor) -> State:
        zeros = like.new_zeros(*like.shape[:-1], self.config.hidden_size)
        return State(zeros, zeros)

    def forward(self, x: Tensor, state: Optional[State] = None) -> State:
        h, c = self.zero_state(x) if state is None else state
        gate = {k: act(self.from_x[k](x) + self.from_h[k](h)) for k, act in self.ACTIVATIONS.items()}
        c = torch.addcmul(gate["forget"] * c, gate["input"], gate["content"])
        return State(h=gate["output"] * c.tanh(), c=c)
