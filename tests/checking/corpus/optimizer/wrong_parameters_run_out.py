# role: optimizer
# verdict: wrong
# fault: parameters_run_out
# object: SGD
# about: model.parameters() is a generator and is kept as it is

import torch


class SGD:
    """optm = SGD(model.parameters(), lr=LEARNING_RATE)"""

    def __init__(self, parameters, lr=1e-2):
        self.parameters = parameters  # <<<
        self.lr = lr

    def zero_grad(self):
        for p in self.parameters:
            if p.grad is not None:
                p.grad.zero_()

    def step(self):
        for p in self.parameters:
            if p.grad is not None:
                p.data = p.data - self.lr * p.grad
