# role: linear
# verdict: wrong
# fault: extra_activation
# object: LinearLayer
# about: the layer passes its output through ReLU

import torch
import torch.nn as nn


class LinearLayer(nn.Module):
    """선형 레이어: x [N, in_features] -> [N, out_features]"""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_features, out_features) / in_features ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        linear = torch.matmul(x, self.weight) + self.bias
        return torch.relu(linear)  # <<<
