# role: optimizer
# verdict: wrong
# fault: velocity_stale
# object: sgd_momentum
# about: the step is taken with the velocity of the call before, which is updated afterwards

import torch


def init_momentum_states(params):
    return [torch.zeros_like(p) for p in params]


def sgd_momentum(params, states, hyperparams):
    """params are updated in place; hyperparams: {'lr': .., 'momentum': ..}"""
    for p, v in zip(params, states):
        with torch.no_grad():
            p -= hyperparams['lr'] * v  # <<<
            v[:] = hyperparams['momentum'] * v + p.grad
        p.grad.data.zero_()
