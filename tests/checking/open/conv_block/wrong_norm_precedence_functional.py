# role: conv_block
# verdict: wrong
# fault: norm_precedence
# object: ConvBlock
# about: without brackets only the mean is divided by the standard deviation
# round: held-out
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    """conv2d - batch norm - relu - max pool"""
    eps = 1e-5
    momentum = 0.1

    def __init__(self, c_out, c_in, k=3):
        super().__init__()
        self.kernel = nn.Parameter(nn.init.kaiming_normal_(torch.empty(c_out, c_in, k, k)))
        self.scale = nn.Parameter(torch.ones(c_out, 1, 1))
        self.shift = nn.Parameter(torch.zeros(c_out, 1, 1))
        self.register_buffer("run_mean", torch.zeros(c_out, 1, 1))
        self.register_buffer("run_var", torch.ones(c_out, 1, 1))

    def norm(self, y):
        if self.training:
            mean = y.mean((0, 2, 3)).view(-1, 1, 1)
            var = y.var((0, 2, 3), correction=0).view(-1, 1, 1)
            with torch.no_grad():
                self.run_mean.lerp_(mean, self.momentum)
                self.run_var.lerp_(var, self.momentum)
        else:
            mean, var = self.run_mean, self.run_var
        return y - mean / (var + self.eps).sqrt()  # <<<

    def forward(self, x):
        y = F.conv2d(x, self.kernel, padding=self.kernel.shape[-1] // 2)
        y = self.norm(y) * self.scale + self.shift
        return F.max_pool2d(F.relu(y), 2)
