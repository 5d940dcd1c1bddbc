# role: attention
# verdict: right
# object: soft_lookup
# about: weights through logsumexp in log space and scores by baddbmm with an additive bias
# round: held-out
import torch
from torch import Tensor


def soft_lookup(keys: Tensor, values: Tensor, queries: Tensor, bias: Tensor = None) -> Tensor:
    """Scaled dot-product attention.

    keys [N, M, D], values [N, M, E], queries [N, T, D]; `bias` [N, T, M] is added
    to the scores (use -inf to forbid a pair). Returns [N, T, E].
    """
    n, t, d = queries.shape
    if bias is None:
        bias = queries.new_zeros(n, t, keys.shape[1])
    logits = torch.baddbmm(bias, queries, keys.transpose(1, 2), beta=1.0, alpha=d ** -0.5)
    log_weights = logits - torch.logsumexp(logits, dim=2, keepdim=True)
    return torch.bmm(log_weights.exp(), values)
