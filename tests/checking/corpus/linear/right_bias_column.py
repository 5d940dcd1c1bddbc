# role: linear
# verdict: right
# object: FC
# about: bias is one more column of the weight and the input gets a column of ones
# round: held-out
import torch
from torch import nn


class FC(nn.Module):
    def __init__(self, fan_out: int, fan_in: int):
        super().__init__()
        self.theta = nn.Parameter(torch.randn(fan_out, fan_in + 1) * (2 / fan_in) ** 0.5)
        with torch.no_grad():
            self.theta[:, -1].zero_()

    def forward(self, x):
        ones = torch.ones_like(x[..., :1])
        return torch.cat([x, ones], dim=-1) @ self.theta.t()
