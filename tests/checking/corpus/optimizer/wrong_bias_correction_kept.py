# role: optimizer
# verdict: wrong
# fault: bias_correction_kept
# object: Adam
# about: the corrected moments are written back and corrected again in the next step

import numpy as np
import torch


class Adam:
    def __init__(self, parameters, lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
        self.parameters = [p for p in parameters]
        self.lr, self.b1, self.b2, self.eps = lr, b1, b2, eps
        self.t = 0
        self.m = [torch.zeros_like(p) for p in self.parameters]
        self.v = [torch.zeros_like(p) for p in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        self.t += 1
        with torch.no_grad():
            for i, p in enumerate(self.parameters):
                if p.grad is None:
                    continue
                self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * p.grad
                self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * p.grad ** 2
                c1, c2 = 1 - np.power(self.b1, self.t), 1 - np.power(self.b2, self.t)
                self.m[i], self.v[i] = self.m[i] / c1, self.v[i] / c2  # <<<
                p.add_(-self.lr * self.m[i] / (torch.sqrt(self.v[i]) + self.eps))
