# role: transformer
# verdict: wrong
# fault: dropout_in_eval
# object: TransformerEncoder
# about: F.dropout without training=self.training drops in eval mode too
# round: held-out

import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import rearrange, repeat


class PreNormBlock(nn.Module):
    def __init__(self, emb_dim, num_heads, mlp_ratio=2):
        super().__init__()
        self.num_heads = num_heads
        self.scaling = (emb_dim // num_heads) ** -0.5
        self.norms = nn.ModuleList([nn.LayerNorm(emb_dim) for _ in range(2)])
        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.linear = nn.Linear(emb_dim, emb_dim)
        self.mlp = nn.Sequential(
            nn.Linear(emb_dim, mlp_ratio * emb_dim), nn.GELU(), nn.Linear(mlp_ratio * emb_dim, emb_dim)
        )

    def attend(self, x):
        Q, K, V = (rearrange(f(x), "b l (h d) -> b h l d", h=self.num_heads)
                   for f in (self.query, self.key, self.value))
        attention = torch.softmax(torch.einsum("bhqd,bhkd->bhqk", Q, K) * self.scaling, dim=-1)
        return self.linear(rearrange(attention @ V, "b h l d -> b l (h d)"))

    def forward(self, x):
        x = x + self.attend(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class TransformerEncoder(nn.Module):
    """[N L Q] -> class scores, read from a token in front"""

    def __init__(self, in_dim=6, emb_dim=32, num_heads=4, depth=2, n_classes=5, max_len=100, drop_rate=0.1):
        super().__init__()
        self.drop_rate = drop_rate
        self.embed = nn.Linear(in_dim, emb_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.positions = nn.Parameter(torch.randn(max_len + 1, emb_dim) * 0.02)
        self.blocks = nn.Sequential(*[PreNormBlock(emb_dim, num_heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(emb_dim)
        self.head = nn.Linear(emb_dim, n_classes)

    def forward(self, x):
        x = self.embed(x)
        c = repeat(self.cls_token, "() n d -> b n d", b=x.shape[0])
        x = torch.cat((c, x), dim=1)
        x = x + self.positions[:x.shape[1]]
        x = F.dropout(x, p=self.drop_rate)  # <<<
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0])
