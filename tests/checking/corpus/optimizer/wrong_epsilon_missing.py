# role: optimizer
# verdict: wrong
# fault: epsilon_missing
# object: Adam
# about: nothing is added to the root, so a zero gradient in the first step gives 0 / 0

import torch


class Adam(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999)):
        super().__init__(params, dict(lr=lr, betas=betas))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                st = self.state[p]
                if not st:
                    st.update(n=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                st["n"] += 1
                st["m"].mul_(b1).add_(p.grad, alpha=1 - b1)
                st["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                m_hat = st["m"] / (1 - b1 ** st["n"])
                v_hat = st["v"] / (1 - b2 ** st["n"])
                p.sub_(group["lr"] * m_hat / v_hat.sqrt())  # <<<
