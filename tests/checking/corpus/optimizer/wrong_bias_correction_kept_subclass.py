# role: optimizer
# verdict: wrong
# fault: bias_correction_kept
# object: Adam
# about: div_ corrects the stored running means in place, so every step corrects them again
# round: held-out

from typing import Callable, Optional

import torch
from torch.optim.optimizer import Optimizer


class Adam(Optimizer):
    def __init__(self, params, lr: float = 1e-3, betas=(0.9, 0.999), eps: float = 1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    def _init_state(self, p):
        self.state[p].update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))

    @torch.no_grad()
    def step(self, closure: Optional[Callable] = None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in filter(lambda q: q.grad is not None, group["params"]):
                if not self.state[p]:
                    self._init_state(p)
                s = self.state[p]
                s["step"] += 1
                s["exp_avg"].lerp_(p.grad, 1 - beta1)
                s["exp_avg_sq"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                m, v = s["exp_avg"], s["exp_avg_sq"]
                m.div_(1 - beta1 ** s["step"]), v.div_(1 - beta2 ** s["step"])  # <<<
                p.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-group["lr"])
        return loss
