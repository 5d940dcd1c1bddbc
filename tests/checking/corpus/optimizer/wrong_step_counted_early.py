# role: optimizer
# verdict: wrong
# fault: step_counted_early
# object: Adam
# about: the counter begins at 1 and is counted up before its first use

import math

import torch


class Adam:
    def __init__(self, params, lr: float = 1e-3, beta_1: float = 0.9, beta_2: float = 0.999, eps: float = 1e-8):
        self.params = tuple(params)
        self.lr = lr
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.eps = eps
        self.iteration = 1  # <<<
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in self.params]

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        self.iteration += 1
        correct_1 = 1 - math.pow(self.beta_1, self.iteration)
        correct_2 = 1 - math.pow(self.beta_2, self.iteration)
        for p, (first, second) in zip(self.params, self.moments):
            if p.grad is None:
                continue
            first.lerp_(p.grad, 1 - self.beta_1)
            second.lerp_(p.grad.square(), 1 - self.beta_2)
            p.addcdiv_(first / correct_1, (second / correct_2).sqrt() + self.eps, value=-self.lr)
