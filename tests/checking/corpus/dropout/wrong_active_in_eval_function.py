# role: dropout
# verdict: wrong
# fault: active_in_eval
# object: dropout
# about: the training argument is accepted and never looked at

import torch


def dropout(x, p, training):
    if p == 0:  # <<<
        return x
    keep = 1 - p
    mask = torch.empty_like(x).bernoulli_(keep)
    return mask * x / keep
