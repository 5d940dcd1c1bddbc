# role: optimizer
# verdict: right
# object: RMSProp
# about: NumPy arrays in a dict by name, gradients by the same names; epsilon is written in the formula

import numpy as np


class RMSProp:
    def __init__(self, eta=0.01, keep=0.99):
        self.eta, self.keep = eta, keep
        self.power = {}

    def update(self, weights, grads):
        for key in weights:
            before = self.power.get(key, np.zeros_like(weights[key]))
            self.power[key] = self.keep * before + (1 - self.keep) * grads[key] ** 2
            weights[key] -= self.eta * grads[key] / (np.sqrt(self.power[key]) + 1e-7)
