# role: optimizer
# verdict: wrong
# fault: bias_correction_not_a_power
# object: Adam
# about: the correction divides by 1 - beta at every step instead of 1 - beta ** t

import torch


class Adam:
    """Adam optimizer (모멘텀 + RMSProp)"""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr = lr
        self.b1, self.b2 = betas
        self.eps = eps
        self.state = {p: {"m": torch.zeros_like(p), "v": torch.zeros_like(p)} for p in self.params}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        c1, c2 = 1 - self.b1, 1 - self.b2  # <<<
        for p in self.params:
            if p.grad is None:
                continue
            s, g = self.state[p], p.grad.data
            s["m"].mul_(self.b1).add_(g, alpha=1 - self.b1)
            s["v"].mul_(self.b2).addcmul_(g, g, value=1 - self.b2)
            p.data.sub_(self.lr * (s["m"] / c1) / (torch.sqrt(s["v"] / c2) + self.eps))
