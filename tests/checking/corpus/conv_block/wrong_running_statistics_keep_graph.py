# role: conv_block
# verdict: wrong
# fault: running_statistics_keep_graph
# object: ConvBNReLU
# about: the running statistics are made from tensors with a graph, so the graph of all batches is kept
import torch
import torch.nn as nn


class BatchNorm(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.scale = nn.Parameter(torch.ones(1, c, 1, 1))
        self.shift = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.register_buffer("running_mean", torch.zeros(1, c, 1, 1))
        self.register_buffer("running_var", torch.ones(1, c, 1, 1))

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=(0, 2, 3), keepdim=True)
            var = x.var(dim=(0, 2, 3), keepdim=True, correction=0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean  # <<<
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mean, var = self.running_mean, self.running_var
        return self.scale * (x - mean) / torch.sqrt(var + self.eps) + self.shift


class ConvBNReLU(nn.Module):
    """conv -> bn -> relu -> maxpool"""

    def __init__(self, in_ch, out_ch):
        super().__init__()
        self.conv = nn.Conv2d(in_ch, out_ch, 3, padding=1)
        self.bn = BatchNorm(out_ch)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(self.bn(self.conv(x)).relu())
