# role: optimizer
# verdict: right
# object: apply_adam
# about: gradients under "dW1", moments and the number of the step come from outside, all is given back

import numpy as np


def apply_adam(params, grads, m, v, t, lr=0.01, b1=0.9, b2=0.99, eps=1e-6):
    for name in params:
        g = grads["d" + name]
        m["d" + name] = b1 * m["d" + name] + (1 - b1) * g
        v["d" + name] = b2 * v["d" + name] + (1 - b2) * g ** 2
        mean, square = m["d" + name] / (1 - b1 ** t), v["d" + name] / (1 - b2 ** t)
        params[name] = params[name] - lr * mean / (np.sqrt(square) + eps)
    return params, m, v
