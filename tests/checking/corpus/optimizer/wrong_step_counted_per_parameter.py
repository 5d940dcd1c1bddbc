# role: optimizer
# verdict: wrong
# fault: step_counted_per_parameter
# object: AdamOptimizer
# about: t is raised inside the loop over the parameters

import torch


class AdamOptimizer:
    def __init__(self, params, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.params = list(params)
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.t = 0
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, (m, v) in zip(self.params, self.moments):
            if p.grad is None:
                continue
            self.t += 1  # <<<
            m.lerp_(p.grad, 1 - self.beta_1)
            v.lerp_(p.grad.square(), 1 - self.beta_2)
            m_hat = m / (1 - self.beta_1 ** self.t)
            v_hat = v / (1 - self.beta_2 ** self.t)
            p.addcdiv_(m_hat, v_hat.sqrt() + self.epsilon, value=-self.learning_rate)

    def zero_grad(self):
        for p in self.params:
            p.grad = None
