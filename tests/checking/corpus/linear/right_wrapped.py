# role: linear
# verdict: right
# object: LinearLayer
# about: thin wrapper of nn.Linear with the notes' init_param

import torch.nn as nn


class LinearLayer(nn.Module):
    def __init__(self, prev_hdim, hdim):
        super(LinearLayer, self).__init__()
        self.linear = nn.Linear(prev_hdim, hdim, bias=True)
        self.init_param()

    def init_param(self):
        # parameter 초기화
        nn.init.kaiming_normal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x):
        return self.linear(x)
