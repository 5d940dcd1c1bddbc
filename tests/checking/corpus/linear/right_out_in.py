# role: linear
# verdict: right
# object: Linear
# about: weight stored [out, in] as torch does, Kaiming-uniform init, bias optional

import math

import torch
import torch.nn as nn


class Linear(nn.Module):
    """y = x W^T + b"""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1 / math.sqrt(self.in_features)
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x):
        out = x.matmul(self.weight.t())
        if self.bias is not None:
            out = out + self.bias
        return out
