# role: vit
# verdict: right
# object: MyViT
# about: post-norm blocks with ReLU, class token at the end of the sequence and read from there
import math
import torch
import torch.nn as nn


class EncoderLayer(nn.Module):
    def __init__(self, d, n_head, d_ff):
        super().__init__()
        self.n_head = n_head
        self.wq, self.wk, self.wv, self.wo = [nn.Linear(d, d) for _ in range(4)]
        self.ff = nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(inplace=True), nn.Linear(d_ff, d))
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def mha(self, x):
        B, L, D = x.shape
        dh = D // self.n_head
        q, k, v = [w(x).view(B, L, self.n_head, dh).transpose(1, 2) for w in (self.wq, self.wk, self.wv)]
        a = torch.softmax(q.matmul(k.transpose(-2, -1)) / math.sqrt(dh), dim=-1)
        return self.wo(a.matmul(v).transpose(1, 2).reshape(B, L, D))

    def forward(self, x):
        x = self.ln1(x + self.mha(x))
        return self.ln2(x + self.ff(x))


class MyViT(nn.Module):
    def __init__(self, chw=(1, 28, 28), n_patches=4, n_blocks=2, hidden_d=32, n_heads=2, out_d=10):
        super(MyViT, self).__init__()
        c, h, w = chw
        self.n_patches = n_patches
        self.ph, self.pw = h // n_patches, w // n_patches
        self.linear_mapper = nn.Linear(c * self.ph * self.pw, hidden_d)
        self.class_token = nn.Parameter(torch.rand(1, 1, hidden_d))
        self.pos = nn.Parameter(torch.randn(1, n_patches ** 2 + 1, hidden_d) * 0.02)
        self.blocks = nn.Sequential(*[EncoderLayer(hidden_d, n_heads, 2 * hidden_d) for _ in range(n_blocks)])
        self.mlp = nn.Linear(hidden_d, out_d)

    def patchify(self, images):
        n, c, h, w = images.shape
        x = images.reshape(n, c, self.n_patches, self.ph, self.n_patches, self.pw)
        return x.permute(0, 2, 4, 1, 3, 5).reshape(n, self.n_patches ** 2, -1)

    def forward(self, images):
        tokens = self.linear_mapper(self.patchify(images))
        # 마지막 위치에 class token
        tokens = torch.cat((tokens, self.class_token.expand(len(images), 1, -1)), dim=1)
        out = self.blocks(tokens + self.pos)
        return self.mlp(out[:, -1])
