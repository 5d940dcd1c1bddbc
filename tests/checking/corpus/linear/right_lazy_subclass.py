# role: linear
# verdict: right
# object: Dense
# about: Keras-like Dense(units) on top of nn.LazyLinear with Xavier init when the shape is known
# round: held-out
import torch.nn as nn


class Dense(nn.LazyLinear):
    def __init__(self, units, use_bias=True):
        super().__init__(units, bias=use_bias)

    def reset_parameters(self):
        if not self.has_uninitialized_params() and self.in_features != 0:
            nn.init.xavier_uniform_(self.weight)
            if self.bias is not None:
                nn.init.zeros_(self.bias)
