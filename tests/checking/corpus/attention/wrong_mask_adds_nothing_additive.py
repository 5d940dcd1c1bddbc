# role: attention
# verdict: wrong
# fault: mask_adds_nothing
# object: DotProductAttention
# about: a boolean mask is added to the scores as if it were already -inf/0
import torch
from torch import nn


class DotProductAttention(nn.Module):
    """Dot product attention.

    Args of forward:
        q, k, v: float [N, H, L, D]
        mask: bool, broadcastable to [N, H, L, L]; True blocks the pair.
    """

    def __init__(self):
        super().__init__()
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, q, k, v, mask=None):
        dk = k.shape[-1]
        qk = torch.matmul(q, k.mT) / (dk ** 0.5)
        if mask is not None:
            qk = qk + mask * 1e-9  # <<<
        a = self.softmax(qk)
        return torch.matmul(a, v), a
