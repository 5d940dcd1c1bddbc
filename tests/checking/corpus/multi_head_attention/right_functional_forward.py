# role: multi_head_attention
# verdict: right
# object: MultiheadSelfAttention
# about: own parameters in torch's names handed to F.multi_head_attention_forward, with the transposes to length first and back
# round: held-out
import torch
import torch.nn.functional as F
from torch import nn, Tensor
from typing import Optional, Tuple


class MultiheadSelfAttention(nn.Module):
    def __init__(self, num_heads: int, embed_dim: int, drop: float = 0.0) -> None:
        super().__init__()
        self.h, self.e, self.drop = num_heads, embed_dim, drop
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dim))
        self.out_proj_weight = nn.Parameter(torch.empty(embed_dim, embed_dim))
        self.out_proj_bias = nn.Parameter(torch.zeros(embed_dim))
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj_weight)

    def forward(self, x: Tensor, ignore: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """x: [B, L, E]; ignore: bool [B, L], True where a position is padding"""
        x = x.transpose(0, 1)
        out, weights = F.multi_head_attention_forward(
            x, x, x, self.e, self.h,
            self.in_proj_weight, self.in_proj_bias,
            bias_k=None, bias_v=None, add_zero_attn=False,
            dropout_p=self.drop,
            out_proj_weight=self.out_proj_weight, out_proj_bias=self.out_proj_bias,
            training=self.training, key_padding_mask=ignore,
            need_weights=True, average_attn_weights=False,
        )
        return out.transpose(0, 1), weights
