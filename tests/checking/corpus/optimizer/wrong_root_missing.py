# role: optimizer
# verdict: wrong
# fault: root_missing
# object: Adam
# about: divides by the second moment, not by its root

import torch


class Adam:
    """Adam: Adaptive Moment Estimation"""

    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = list(params)
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.iter = 0
        self.state = {p: {"m": torch.zeros_like(p), "v": torch.zeros_like(p)} for p in self.params}

    def step(self):
        self.iter += 1
        for p, s in self.state.items():
            g = p.grad.detach()
            s["m"] = self.beta1 * s["m"] + (1.0 - self.beta1) * g
            s["v"] = self.beta2 * s["v"] + (1.0 - self.beta2) * g * g
            m_t = s["m"] / (1.0 - self.beta1 ** self.iter)
            v_t = s["v"] / (1.0 - self.beta2 ** self.iter)
            p.data.add_(-self.lr * m_t / (v_t + self.eps))  # <<<

    def zero_grad(self):
        for p in self.params:
            p.grad = None
