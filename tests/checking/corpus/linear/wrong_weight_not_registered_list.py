# role: linear
# verdict: wrong
# fault: weight_not_registered
# object: MyLinear
# about: the weight lives in a Python list, invisible to parameters()

import math

import torch
import torch.nn as nn


class MyLinear(nn.Module):
    def __init__(self, input_size, output_size):
        super().__init__()
        bound = math.sqrt(6 / (input_size + output_size))
        W = torch.rand(output_size, input_size) * 2 * bound - bound
        self.params = [nn.Parameter(W)]  # <<<
        self.bias = nn.Parameter(torch.zeros(output_size))

    def forward(self, input):
        weight = self.params[0]
        return nn.functional.linear(input, weight, self.bias)
