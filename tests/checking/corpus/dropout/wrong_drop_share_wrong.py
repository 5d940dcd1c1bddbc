# role: dropout
# verdict: wrong
# fault: drop_share_wrong
# object: dropout_layer
# about: normal numbers are compared with p where uniform ones are meant
import torch


def dropout_layer(X, dropout=0.5, is_training=True):
    assert 0 <= dropout <= 1
    if not is_training or dropout == 0:
        return X
    # In this case, all elements are dropped out
    if dropout == 1:
        return torch.zeros_like(X)
    mask = (torch.randn(X.shape, device=X.device) > dropout).to(X.dtype)  # <<<
    return mask * X / (1.0 - dropout)
