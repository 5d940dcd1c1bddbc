# role: optimizer
# verdict: wrong
# fault: velocity_aliases_gradient
# object: SGD
# about: the buffer of the first step is p.grad itself and not a copy, so clearing the gradient clears the velocity
# round: held-out

import torch


class SGD:
    def __init__(self, params, lr=1e-2, momentum=0.9):
        self.param_groups = [{"params": list(params), "lr": lr, "momentum": momentum}]
        self.state = {}

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buf = self.state.get(p)
                if buf is None:
                    buf = self.state[p] = p.grad  # <<<
                else:
                    buf.mul_(group["momentum"]).add_(p.grad)
                p.add_(buf, alpha=-group["lr"])
