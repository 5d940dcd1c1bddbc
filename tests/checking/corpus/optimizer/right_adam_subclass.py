# role: optimizer
# verdict: right
# object: MyAdam
# about: a subclass of torch.optim.Optimizer with per-parameter state

import math

import torch
from torch.optim import Optimizer


class MyAdam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        defaults = dict(lr=lr, betas=betas, eps=eps)
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                state["step"] += 1
                exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
                exp_avg.mul_(b1).add_(p.grad, alpha=1 - b1)
                exp_avg_sq.mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                c1 = 1 - b1 ** state["step"]
                c2 = 1 - b2 ** state["step"]
                denom = (exp_avg_sq.sqrt() / math.sqrt(c2)).add_(group["eps"])
                p.addcdiv_(exp_avg, denom, value=-group["lr"] / c1)
        return loss
