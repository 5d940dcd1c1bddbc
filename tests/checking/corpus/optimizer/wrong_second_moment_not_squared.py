# role: optimizer
# verdict: wrong
# fault: second_moment_not_squared
# object: Adam
# about: the absolute gradient is averaged in place of its square

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.n_step = 0
        self.exp_avg = [torch.zeros_like(p) for p in self.params]
        self.exp_avg_sq = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        self.n_step += 1
        for i, p in enumerate(self.params):
            grad = p.grad
            self.exp_avg[i].mul_(self.beta1).add_(grad, alpha=1 - self.beta1)
            self.exp_avg_sq[i].mul_(self.beta2).add_(grad.abs(), alpha=1 - self.beta2)  # <<<
            m = self.exp_avg[i] / (1 - self.beta1 ** self.n_step)
            v = self.exp_avg_sq[i] / (1 - self.beta2 ** self.n_step)
            p.addcdiv_(m, v.sqrt().add_(self.eps), value=-self.lr)
