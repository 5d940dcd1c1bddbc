# role: optimizer
# verdict: wrong
# fault: bias_correction_missing
# object: adam
# about: only the first moment is corrected

import torch


def adam(params, grads, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] = state.get("t", 0) + 1
    t = state["t"]
    ms = state.setdefault("m", [torch.zeros_like(p) for p in params])
    vs = state.setdefault("v", [torch.zeros_like(p) for p in params])
    with torch.no_grad():
        for p, g, m, v in zip(params, grads, ms, vs):
            m[:] = beta1 * m + (1 - beta1) * g
            v[:] = beta2 * v + (1 - beta2) * torch.square(g)
            m_bias_corr = m / (1 - beta1 ** t)
            p[:] -= lr * m_bias_corr / (torch.sqrt(v) + eps)  # <<<
