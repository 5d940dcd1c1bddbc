# role: optimizer
# verdict: wrong
# fault: lr_applied_twice
# object: MomentumSGD
# about: lr is inside the velocity and in the update again

import torch


class MomentumSGD(torch.optim.Optimizer):
    """v <- momentum * v + grad;  p <- p - lr * v"""

    def __init__(self, params, lr=0.1, momentum=0.9):
        super(MomentumSGD, self).__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                buf = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buf.mul_(momentum).add_(p.grad, alpha=lr)
                p.add_(buf, alpha=-lr)  # <<<
