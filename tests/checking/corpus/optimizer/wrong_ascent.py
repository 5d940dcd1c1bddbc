# role: optimizer
# verdict: wrong
# fault: ascent
# object: SGD
# about: the gradient is added

import torch


class SGD:
    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr

    def step(self):
        with torch.no_grad():
            for param in self.params:
                if param.grad is not None:
                    param += self.lr * param.grad  # <<<

    def zero_grad(self):
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()
