# role: attention
# verdict: wrong
# fault: softmax_axis
# object: scaled_dot_product_attention
# about: the axis written for [N L L] scores is kept although there is a head axis now
import torch
import torch.nn.functional as F


def scaled_dot_product_attention(Q, K, V, mask=None):
    # Q, K, V : [N x H x L x D]
    # mask : [N x 1 x 1 x L], False -> not attended
    dim_k = K.size(-1)
    energy = torch.einsum("nhqd,nhkd->nhqk", [Q, K])
    energy = energy / dim_k ** (1 / 2)

    if mask is not None:
        energy = energy.masked_fill(mask == 0, float("-1e20"))

    attn = F.softmax(energy, dim=1)  # <<<
    out = torch.einsum("nhqk,nhkd->nhqd", [attn, V])
    return out
