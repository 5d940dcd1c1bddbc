# role: vit
# verdict: wrong
# fault: dropout_on_skip
# object: ViT
# about: in the residual wrapper the sum of skip and branch is dropped
import torch
import torch.nn as nn
from einops import rearrange, repeat


class Residual(nn.Module):
    def __init__(self, dim, fn, dropout):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fn = fn
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(x + self.fn(self.norm(x)))  # <<<


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.scaling = (emb_dim // num_heads) ** -0.5
        self.query = nn.Linear(emb_dim, emb_dim)
        self.key = nn.Linear(emb_dim, emb_dim)
        self.value = nn.Linear(emb_dim, emb_dim)
        self.linear = nn.Linear(emb_dim, emb_dim)

    def forward(self, x):
        Q = rearrange(self.query(x), 'b q (h d) -> b h q d', h=self.num_heads)
        K = rearrange(self.key(x), 'b k (h d) -> b h d k', h=self.num_heads)
        V = rearrange(self.value(x), 'b v (h d) -> b h v d', h=self.num_heads)
        attention = torch.softmax(torch.matmul(Q, K) * self.scaling, dim=-1)
        context = rearrange(torch.matmul(attention, V), 'b h q d -> b q (h d)')
        return self.linear(context)


class MLP(nn.Module):
    def __init__(self, emb_dim, hidden):
        super().__init__()
        self.linear_1 = nn.Linear(emb_dim, hidden)
        self.linear_2 = nn.Linear(hidden, emb_dim)

    def forward(self, x):
        return self.linear_2(nn.functional.gelu(self.linear_1(x)))


class ViT(nn.Module):
    def __init__(self, in_channel=3, img_size=32, patch_size=8, emb_dim=64, num_heads=4,
                 num_layers=2, num_classes=10, dropout_ratio=0.2):
        super().__init__()
        self.patch_size = patch_size
        self.embedding = nn.Linear(patch_size * patch_size * in_channel, emb_dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.positions = nn.Parameter(torch.randn((img_size // patch_size) ** 2 + 1, emb_dim) * 0.02)
        layers = []
        for _ in range(num_layers):
            layers.append(Residual(emb_dim, MultiHeadAttention(emb_dim, num_heads), dropout_ratio))
            layers.append(Residual(emb_dim, MLP(emb_dim, emb_dim * 2), dropout_ratio))
        self.transformer = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(emb_dim)
        self.classifier = nn.Linear(emb_dim, num_classes)

    def forward(self, img):
        x = rearrange(img, 'b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=self.patch_size, p2=self.patch_size)
        x = self.embedding(x)
        c = repeat(self.cls_token, '() n d -> b n d', b=x.shape[0])
        x = torch.cat((c, x), dim=1)
        x = x + self.positions
        x = self.norm(self.transformer(x))
        return self.classifier(x[:, 0])
