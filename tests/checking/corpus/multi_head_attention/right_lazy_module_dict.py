# role: multi_head_attention
# verdict: right
# object: Attn
# about: lazy linear layers in a ModuleDict, sizes in class attributes, unflatten/movedim
# round: held-out
import torch
from torch import nn


class Attn(nn.Module):
    HEADS = 2
    HEAD_DIM = 16
    P_DROP = 0.1

    def __init__(self):
        super().__init__()
        inner = self.HEADS * self.HEAD_DIM
        self.proj = nn.ModuleDict({name: nn.LazyLinear(inner, bias=False) for name in "qkv"})
        self.proj["out"] = nn.Linear(inner, inner)
        self.register_buffer("tau", torch.tensor(float(self.HEAD_DIM)).sqrt(), persistent=False)

    def heads(self, name, t):
        return self.proj[name](t).unflatten(-1, (self.HEADS, -1)).movedim(-2, 1)

    def forward(self, x, memory=None):
        memory = x if memory is None else memory
        q, k, v = self.heads("q", x), self.heads("k", memory), self.heads("v", memory)
        w = (q @ k.mT).div(self.tau).softmax(-1)
        w = nn.functional.dropout(w, self.P_DROP, self.training)
        return self.proj["out"]((w @ v).movedim(1, -2).flatten(-2))
