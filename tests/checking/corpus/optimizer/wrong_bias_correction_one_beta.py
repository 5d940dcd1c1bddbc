# role: optimizer
# verdict: wrong
# fault: bias_correction_one_beta
# object: AdamOptimizer
# about: both running means are corrected with beta1

import torch


class AdamOptimizer:
    def __init__(self, model_params, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.model_params = list(model_params)
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.t = 0
        self.m = [torch.zeros_like(p) for p in self.model_params]
        self.v = [torch.zeros_like(p) for p in self.model_params]

    def zero_grad(self):
        for p in self.model_params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        self.t = self.t + 1
        for i, param in enumerate(self.model_params):
            if param.grad is None:
                continue
            grad = param.grad
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad.pow(2)
            m_corrected = self.m[i] / (1 - self.beta1 ** self.t)
            v_corrected = self.v[i] / (1 - self.beta1 ** self.t)  # <<<
            param -= self.lr * m_corrected / (v_corrected.sqrt() + self.epsilon)
