# role: lstm
# verdict: right
# object: LSTM
# about: several layers and two directions by hand on functions, with the shapes of nn.LSTM(batch_first=True)
# round: held-out

import math

import torch
import torch.nn as nn


def lstm_step(x, h, c, w):
    # i f g o 순서 (torch와 같음)
    z = x.mm(w["ih"].t()) + h.mm(w["hh"].t()) + w["b"]
    i, f, g, o = z.tensor_split(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def scan(xs, h, c, w):
    ys = []
    for x in xs:
        h, c = lstm_step(x, h, c, w)
        ys.append(h)
    return ys, h, c


class LSTM(nn.Module):
    DIRECTIONS = ("fwd", "bwd")

    def __init__(self, Q, D, K=1, dropout=0.0):
        super().__init__()
        self.Q, self.D, self.K = Q, D, K
        self.p = dropout
        self.weights = nn.ModuleDict()
        for k in range(K):
            n_in = Q if k == 0 else 2 * D
            for name in self.DIRECTIONS:
                self.weights[f"{name}{k}"] = nn.ParameterDict({
                    "ih": nn.Parameter(torch.empty(4 * D, n_in)),
                    "hh": nn.Parameter(torch.empty(4 * D, D)),
                    "b": nn.Parameter(torch.empty(4 * D)),
                })
        self.init_param()

    def init_param(self):
        for p in self.parameters():
            nn.init.uniform_(p, -1 / math.sqrt(self.D), 1 / math.sqrt(self.D))

    def forward(self, X):
        """X [N x L x Q] -> Y [N x L x 2D], hn, cn [2K x N x D]"""
        hn, cn = [], []
        seq = list(X.unbind(1))
        for k in range(self.K):
            zeros = X.new_zeros(X.size(0), self.D)
            fwd, hf, cf = scan(seq, zeros, zeros, self.weights[f"fwd{k}"])
            bwd, hb, cb = scan(seq[::-1], zeros, zeros, self.weights[f"bwd{k}"])
            seq = [torch.cat(pair, dim=1) for pair in zip(fwd, reversed(bwd))]
            hn += [hf, hb]
            cn += [cf, cb]
            if self.p > 0 and k < self.K - 1:
                seq = [nn.functional.dropout(s, self.p, self.training) for s in seq]
        return torch.stack(seq, dim=1), (torch.stack(hn), torch.stack(cn))
