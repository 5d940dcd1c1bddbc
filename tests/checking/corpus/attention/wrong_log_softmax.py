# role: attention
# verdict: wrong
# fault: log_softmax
# object: attention
# about: F.log_softmax where softmax should be
import torch
import torch.nn.functional as F


def attention(query, key, value, dropout=0.0, training=False):
    """Compute attention for [..., L, d] tensors, returns (output, weights)."""
    dim = query.size(-1)
    energy = torch.einsum('...qd,...kd->...qk', query, key) * dim ** -0.5
    weights = F.log_softmax(energy, dim=-1)  # <<<
    if dropout > 0:
        weights = F.dropout(weights, dropout, training)
    return torch.einsum('...qk,...kd->...qd', weights, value), weights
