# role: optimizer
# verdict: right
# object: Adam
# about: Adam on torch._foreach functions with running powers of beta, and the correction folded into the step size as in the paper's section 2
# round: held-out

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Hyper:
    alpha: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


class Adam:
    def __init__(self, theta, hyper: Hyper = None, **kw):
        self.theta = [p for p in theta]
        self.hyper = hyper or Hyper(**kw)
        self.m = [torch.zeros_like(p) for p in self.theta]
        self.v = [torch.zeros_like(p) for p in self.theta]
        self.beta_1_power = self.beta_2_power = 1.0

    def zero_grad(self, set_to_none: bool = True):
        for p in self.theta:
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                torch.zero_(p.grad)

    @torch.no_grad()
    def step(self):
        hp = self.hyper
        self.beta_1_power *= hp.beta_1
        self.beta_2_power *= hp.beta_2
        idx = [k for k, p in enumerate(self.theta) if p.grad is not None]
        if not idx:
            return
        p, m, v = ([seq[k] for k in idx] for seq in (self.theta, self.m, self.v))
        g = [q.grad for q in p]

        torch._foreach_lerp_(m, g, 1 - hp.beta_1)
        torch._foreach_mul_(v, hp.beta_2)
        torch._foreach_addcmul_(v, g, g, 1 - hp.beta_2)

        root = (1 - self.beta_2_power) ** 0.5
        alpha_t = hp.alpha * root / (1 - self.beta_1_power)
        denom = torch._foreach_sqrt(v)
        torch._foreach_add_(denom, hp.epsilon * root)
        torch._foreach_addcdiv_(p, m, denom, -alpha_t)
