# role: vit
# verdict: wrong
# fault: random_forward
# object: MyViT
# about: the positions are a fresh random tensor in every forward and not a parameter
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))

    def forward(self, x):
        s = lambda t: t.view(*t.shape[:2], self.h, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(s(self.q(x)), s(self.k(x)), s(self.v(x)))
        return self.o(y.transpose(1, 2).flatten(2))


class MyViT(nn.Module):
    def __init__(self, chw=(3, 32, 32), p=8, d=32, n_blocks=2, n_heads=4, n_out=10):
        super().__init__()
        self.p, self.d = p, d
        self.patch = nn.Conv2d(chw[0], d, p, p)
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.ln1 = nn.ModuleList([nn.LayerNorm(d) for _ in range(n_blocks)])
        self.att = nn.ModuleList([Attention(d, n_heads) for _ in range(n_blocks)])
        self.ln2 = nn.ModuleList([nn.LayerNorm(d) for _ in range(n_blocks)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
                                  for _ in range(n_blocks)])
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, n_out)

    def forward(self, images):
        # 패치 -> 토큰
        tokens = self.patch(images).flatten(2).transpose(1, 2)
        n, l, d = tokens.shape
        x = torch.cat([self.cls.expand(n, 1, d), tokens], dim=1)
        pos = torch.randn(1, l + 1, d, device=x.device, dtype=x.dtype)  # <<<
        x = x + pos
        for a, att, b, mlp in zip(self.ln1, self.att, self.ln2, self.mlp):
            x = x + att(a(x))
            x = x + mlp(b(x))
        return self.out(self.norm(x[:, 0]))
