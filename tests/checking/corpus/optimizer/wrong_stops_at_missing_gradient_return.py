# role: optimizer
# verdict: wrong
# fault: stops_at_missing_gradient
# object: GradientDescent
# about: a parameter without gradient ends the whole step, those after it are never updated
# round: held-out

import torch


class BaseOptimizer:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr

    def zero_grad(self):
        for param in self.parameters:
            param.grad = None

    def step(self):
        for param in self.parameters:
            if param.grad is None:
                return  # <<<
            self.update(param, param.grad.detach())

    def update(self, param, grad):
        raise NotImplementedError


class GradientDescent(BaseOptimizer):
    """p <- p - lr * g"""

    def __init__(self, parameters, lr=0.05):
        super().__init__(parameters, lr)

    def update(self, param, grad):
        param.data.copy_(param.data - self.lr * grad)
