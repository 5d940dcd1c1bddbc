# role: conv_block
# verdict: wrong
# fault: batch_statistics_in_eval
# object: ConvBlock
# about: F.batch_norm is always called with training=True

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    """conv -> bn -> relu -> maxpool(2)"""

    def __init__(self, in_dim, out_dim):
        super().__init__()
        self.conv = nn.Conv2d(in_dim, out_dim, 3, 1, 1)
        self.gamma = nn.Parameter(torch.ones(out_dim))
        self.beta = nn.Parameter(torch.zeros(out_dim))
        self.register_buffer("running_mean", torch.zeros(out_dim))
        self.register_buffer("running_var", torch.ones(out_dim))

    def forward(self, x):
        x = self.conv(x)
        x = F.batch_norm(x, self.running_mean, self.running_var, self.gamma, self.beta, True)  # <<<
        return F.max_pool2d(torch.relu(x), kernel_size=2)
