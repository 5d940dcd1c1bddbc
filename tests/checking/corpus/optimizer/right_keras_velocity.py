# role: optimizer
# verdict: right
# object: GradientDescentOptimizer
# about: the Keras sign convention (v = mu v - lr g, p += v), slots in a dict made on demand, hyperparameters as class attributes
# round: held-out

from collections import defaultdict

import torch


class GradientDescentOptimizer:
    learning_rate = 0.01
    momentum = 0.9

    def __init__(self, params, **hyper):
        for name, value in hyper.items():
            if not hasattr(type(self), name):
                raise TypeError(f"unexpected hyperparameter {name}")
            setattr(self, name, value)
        self._vars = dict(enumerate(params))
        self._slots = defaultdict(dict)

    def _slot(self, key, name):
        if name not in self._slots[key]:
            self._slots[key][name] = torch.zeros_like(self._vars[key], memory_format=torch.preserve_format)
        return self._slots[key][name]

    @torch.no_grad()
    def step(self):
        for key, var in self._vars.items():
            grad = var.grad
            if grad is None:
                continue
            accum = self._slot(key, "momentum")
            accum.copy_(self.momentum * accum - self.learning_rate * grad)
            var.add_(accum)

    def zero_grad(self):
        for var in self._vars.values():
            var.grad = None
