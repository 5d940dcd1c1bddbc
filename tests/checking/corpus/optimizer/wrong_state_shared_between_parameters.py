# role: optimizer
# verdict: wrong
# fault: state_shared_between_parameters
# object: sgd_momentum
# about: velocities are filed under the shape, so parameters of one shape share them

import torch


def sgd_momentum(params, grads, state, lr=0.01, momentum=0.9):
    with torch.no_grad():
        for p, g in zip(params, grads):
            key = str(tuple(p.shape))  # <<<
            if key not in state:
                state[key] = torch.zeros_like(p)
            state[key] = momentum * state[key] + g
            p.sub_(lr * state[key])
    return state
