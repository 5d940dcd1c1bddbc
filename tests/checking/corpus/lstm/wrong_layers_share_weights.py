# role: lstm
# verdict: wrong
# fault: layers_shared
# object: DeepLSTM
# about: the list of layers holds one and the same cell several times

import torch
import torch.nn as nn


class DeepLSTM(nn.Module):
    def __init__(self, feature_dim, d_model, n_layers=3):
        super().__init__()
        self.d_model = d_model
        self.embed = nn.Linear(feature_dim, d_model)
        self.layers = nn.ModuleList([nn.LSTMCell(d_model, d_model)] * n_layers)  # <<<

    def forward(self, x):
        N, L, _ = x.size()
        states = [(x.new_zeros(N, self.d_model), x.new_zeros(N, self.d_model)) for _ in self.layers]
        x = self.embed(x)
        outs = []
        for t in range(L):
            inp = x[:, t]
            for n, layer in enumerate(self.layers):
                states[n] = layer(inp, states[n])
                inp = states[n][0]
            outs.append(inp)
        return torch.stack(outs, dim=1)
