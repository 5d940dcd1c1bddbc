# role: optimizer
# verdict: right
# object: adam_step
# about: function with explicit gradients and a state dict that is filled at the first call

import torch


def adam_step(params, grads, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
    """Updates params in place, returns the state for the next call."""
    if not state:
        state["t"] = 0
        state["m"] = [torch.zeros_like(p) for p in params]
        state["v"] = [torch.zeros_like(p) for p in params]
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        for k, (p, g) in enumerate(zip(params, grads)):
            state["m"][k] = betas[0] * state["m"][k] + (1 - betas[0]) * g
            state["v"][k] = betas[1] * state["v"][k] + (1 - betas[1]) * g ** 2
            mhat = state["m"][k] / (1 - betas[0] ** t)
            vhat = state["v"][k] / (1 - betas[1] ** t)
            p -= lr * mhat / (torch.sqrt(vhat) + eps)
    return state
