# role: transformer
# verdict: right
# object: Bert
# about: a nanoGPT-like ModuleDict (wte, wpe, h, ln_f) that reads both ways, HF-style attention_mask and first-token pooling
# round: held-out

from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


@dataclass
class BertConfig:
    block_size: int = 64
    vocab_size: int = 128
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 32
    dropout: float = 0.0
    num_labels: int = 3


class SelfAttention(nn.Module):
    def __init__(self, config: BertConfig):
        super().__init__()
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)
        self.n_head, self.dropout = config.n_head, config.dropout

    def forward(self, x, keep):
        q, k, v = rearrange(self.c_attn(x), "b t (three h d) -> three b h t d", three=3, h=self.n_head)
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=keep, dropout_p=self.dropout if self.training else 0.0
        )
        return self.c_proj(rearrange(y, "b h t d -> b t (h d)"))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(config.n_embd), nn.LayerNorm(config.n_embd)
        self.attn = SelfAttention(config)
        self.mlp = nn.ModuleDict(dict(
            c_fc=nn.Linear(config.n_embd, 4 * config.n_embd),
            act=nn.GELU(approximate="tanh"),
            c_proj=nn.Linear(4 * config.n_embd, config.n_embd),
            drop=nn.Dropout(config.dropout),
        ))

    def mlpf(self, x):
        m = self.mlp
        return m.drop(m.c_proj(m.act(m.c_fc(x))))

    def forward(self, x, keep=None):
        x = x + self.attn(self.ln_1(x), keep)
        return x + self.mlpf(self.ln_2(x))


class Bert(nn.Module):
    """input_ids [N L], attention_mask [N L] (1: token, 0: padding) -> logits [N num_labels]"""

    def __init__(self, config: BertConfig = BertConfig()):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(dict(
            wte=nn.Embedding(config.vocab_size, config.n_embd),
            wpe=nn.Embedding(config.block_size, config.n_embd),
            drop=nn.Dropout(config.dropout),
            h=nn.ModuleList(Block(config) for _ in range(config.n_layer)),
            ln_f=nn.LayerNorm(config.n_embd),
        ))
        self.score = nn.Linear(config.n_embd, config.num_labels)
        self.register_buffer("position_ids", torch.arange(config.block_size).unsqueeze(0), persistent=False)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def forward(self, input_ids: Tensor, attention_mask: Optional[Tensor] = None) -> Tensor:
        keep = None if attention_mask is None else attention_mask[:, None, None, :].bool()
        t = self.transformer
        x = t.drop(t.wte(input_ids) + t.wpe(self.position_ids[:, :input_ids.shape[1]]))
        for block in t.h:
            x = block(x, keep)
        return self.score(t.ln_f(x)[:, 0])
