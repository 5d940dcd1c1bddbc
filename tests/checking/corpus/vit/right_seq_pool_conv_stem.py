# role: vit
# verdict: right
# object: CompactViT
# about: small convolutional stem and sequence pooling (a learned softmax over the tokens) in place of a class token
# round: held-out
import torch
from torch import nn
import torch.nn.functional as F


class Tokenizer(nn.Sequential):
    def __init__(self, in_ch, dim):
        super().__init__(
            nn.Conv2d(in_ch, dim // 2, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(dim // 2, dim, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.Flatten(2),
        )

    def forward(self, x):
        return super().forward(x).mT.contiguous()


class Layer(nn.Module):
    def __init__(self, dim, heads, ratio=2):
        super().__init__()
        self.heads = heads
        self.pre_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)
        self.norm1 = nn.LayerNorm(dim)
        self.linear1 = nn.Linear(dim, ratio * dim)
        self.linear2 = nn.Linear(ratio * dim, dim)

    def self_attn(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def forward(self, src):
        src = src + self.self_attn(self.pre_norm(src))
        return src + self.linear2(F.gelu(self.linear1(self.norm1(src))))


class CompactViT(nn.Module):
    def __init__(self, n_classes=10, img_size=32, in_ch=3, dim=32, depth=2, heads=4):
        super().__init__()
        self.tokenizer = Tokenizer(in_ch, dim)
        n_tokens = (img_size // 8) ** 2
        self.positional_emb = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, n_tokens, dim), std=0.2))
        self.blocks = nn.ModuleList(Layer(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.attention_pool = nn.Linear(dim, 1)
        self.fc = nn.Linear(dim, n_classes)

    def forward(self, x):
        x = self.tokenizer(x) + self.positional_emb
        for blk in self.blocks:
            x = blk(x)
        x = self.norm(x)
        weights = F.softmax(self.attention_pool(x), dim=1).transpose(-1, -2)  # [N, 1, tokens]
        x = torch.matmul(weights, x).squeeze(-2)
        return self.fc(x)
