# role: dropout
# verdict: right
# object: dropout_layer
# about: d2l-like function, treats p = 1 separately

import torch


def dropout_layer(X, dropout, training=True):
    assert 0 <= dropout <= 1
    if not training or dropout == 0:
        return X
    # 모든 원소가 삭제되는 경우
    if dropout == 1:
        return torch.zeros_like(X)
    mask = (torch.rand_like(X) > dropout).float()
    return mask * X / (1.0 - dropout)
