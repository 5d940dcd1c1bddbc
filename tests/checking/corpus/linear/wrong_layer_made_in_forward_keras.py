# role: linear
# verdict: wrong
# fault: layer_made_in_forward
# object: Dense
# about: a new nn.Linear is made in every call, so nothing is registered and the weights are new each time
# round: held-out
import torch.nn as nn


class Dense(nn.Module):
    """keras처럼 출력 크기만 주면 되는 layer"""

    def __init__(self, units, use_bias=True):
        super().__init__()
        self.units = units
        self.use_bias = use_bias

    def forward(self, x):
        in_features = x.size(-1)
        fc = nn.Linear(in_features, self.units, bias=self.use_bias).to(x)  # <<<
        return fc(x)
