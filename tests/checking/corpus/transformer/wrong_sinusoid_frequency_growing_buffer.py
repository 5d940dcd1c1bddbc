# role: transformer
# verdict: wrong
# fault: sinusoid_wrong
# object: SeriesTransformer
# about: the minus sign of the exponent is missing, so frequencies grow to 10000 rad per step and the table is noise
# round: held-out
import math
import torch
from torch import nn


class SinusoidalPositions(nn.Module):
    def __init__(self, width, length=256):
        super().__init__()
        t = torch.arange(length, dtype=torch.float64)[:, None]
        omega = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (math.log(10000.0) / width))  # <<<
        table = torch.stack((torch.sin(t * omega), torch.cos(t * omega)), dim=-1).flatten(1)
        self.register_buffer("table", table.to(torch.get_default_dtype()))

    def forward(self, x):
        return x + self.table[: x.shape[1]]


class SeriesTransformer(nn.Module):
    """[N, L, Q] -> [N, L, D]"""

    def __init__(self, q=6, d=32, nhead=4, num_layers=2, ff=64, drop=0.1):
        super().__init__()
        self.inp = nn.Linear(q, d)
        self.pos = SinusoidalPositions(d)
        self.drop = nn.Dropout(drop)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(d, nhead, ff, drop, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(num_layers))
        self.norm = nn.LayerNorm(d)

    def forward(self, x):
        x = self.drop(self.pos(self.inp(x)))
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)
