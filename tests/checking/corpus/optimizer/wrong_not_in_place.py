# role: optimizer
# verdict: wrong
# fault: not_in_place
# object: sgd
# about: the name p is bound to a new tensor, the parameter stays

import torch


def sgd(params, grads, state=None, lr=0.01):
    """Minibatch stochastic gradient descent, updates the parameters."""
    with torch.no_grad():
        for p, g in zip(params, grads):
            p = p - lr * g  # <<<
    return state
