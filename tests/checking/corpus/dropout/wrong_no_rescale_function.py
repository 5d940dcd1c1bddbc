# role: dropout
# verdict: wrong
# fault: no_rescale
# object: dropout
# about: masked_fill without any rescaling

import torch


def dropout(x, p=0.5, training=True):
    """p = 노드를 얼마나 활용 안할지"""
    if not training or p == 0.0:
        return x
    drop = torch.rand(x.size(), device=x.device) < p
    return x.masked_fill(drop, 0.0)  # <<<
