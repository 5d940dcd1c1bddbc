# role: multi_head_attention
# verdict: wrong
# fault: mask_adds_nothing
# object: MHA
# about: the 0/1 mask is cast to float, and scaled_dot_product_attention adds a float mask to the scores
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class MHA(nn.Module):
    """mask: [B, L] with 1 for valid and 0 for padded positions"""

    def __init__(self, nhead, d_model, bias=True):
        super().__init__()
        self.nhead = nhead
        self.in_proj = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)

    def forward(self, x, mask=None):
        q, k, v = [t.unflatten(-1, [self.nhead, -1]).transpose(1, 2) for t in self.in_proj(x).chunk(3, dim=-1)]
        if mask is not None:
            mask = mask[:, None, None, :].to(x.dtype)  # <<<
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(y.transpose(1, 2).flatten(-2))
