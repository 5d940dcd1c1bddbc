"""Scaled dot-product attention and multi-head attention.

    N batch · H heads · L queries · S keys · d head width · D = H·d model width
    mask: 0 hides a key from a query (as in the notes); any other value shows it

There are two implementations of the same function: an explicit one to read, and torch's fused
kernel, which never stores the weights. Attention weights are returned from before dropout; their
rows sum to 1, or to 0 if every key is hidden.
"""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from etude.errors import InvalidValue
from etude.layers.dropout import dropout as drop
from etude.locale.texts import text
from etude.shapes import Float, Tensor

SHORT = 128
"""On a CPU in 16 bits, the explicit implementation is used below this number of keys."""


def scaled_dot_product_attention(
    Q: Float[Tensor, "... L d"],
    K: Float[Tensor, "... S d"],
    V: Float[Tensor, "... S v"],
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> tuple[Float[Tensor, "... L v"], Float[Tensor, "... L S"]]:
    """softmax(Q K^T / sqrt(d)) V, and the attention weights before dropout.

    A query whose keys are all hidden gets zeros and finite gradients. The softmax is computed in
    fp32 or wider. Source: A. Vaswani et al., "Attention Is All You Need", 2017, section 3.2.1.
    Raises ValueError for a mask whose axes are ambiguous (see `visible`).
    """
    d_K = K.size(-1)
    # A sum of d_K products of independent numbers of variance 1 has variance d_K; without the
    # division the softmax would saturate and its gradient vanish (footnote 4 of the paper).
    # Q is scaled before the product, so that in 16 bits the scores are less likely to overflow.
    scores = (Q * d_K**-0.5).matmul(K.transpose(-2, -1))
    if scores.dtype in (torch.float16, torch.bfloat16):
        # bf16 has 8 significant bits, and its softmax is not even faster: 4.2 against 3.6 ms for
        # scores of 128 x 4 x 50 x 50.
        scores = scores.float()
    if mask is None:
        attention = torch.softmax(scores, dim=-1)
    else:
        keep = visible(mask, scores.shape)
        # The lowest finite number, not -inf: the softmax of a row of -inf is NaN, and so is its
        # gradient. The second fill sets the uniform weights of such a row to zero.
        scores = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)
        attention = torch.softmax(scores, dim=-1).masked_fill(~keep.any(-1, keepdim=True), 0.0)
    # Back to 16 bits, because the product with V needs one type.
    attention = attention.to(V.dtype)
    return drop(attention, dropout).matmul(V), attention


def fused_attention(
    Q: Float[Tensor, "... L d"],
    K: Float[Tensor, "... S d"],
    V: Float[Tensor, "... S v"],
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "... L v"]:
    """The output of `scaled_dot_product_attention` from torch's fused kernel, without weights."""
    if mask is None:
        return F.scaled_dot_product_attention(Q, K, V, dropout_p=dropout)
    keep = visible(mask, (*Q.shape[:-1], K.size(-2)))
    some = keep.any(-1, keepdim=True)
    # In a row where all keys are hidden, the kernel sees all of them, because the softmax of an
    # empty row is NaN in some kernels; the output of that row is then zeroed.
    out = F.scaled_dot_product_attention(Q, K, V, attn_mask=keep | ~some, dropout_p=dropout)
    return out * some


def visible(mask: Tensor, scores: tuple[int | torch.SymInt, ...]) -> Tensor:
    """The mask as booleans that broadcast over scores [... L S]; False hides a key.

    A mask is [L S], or has as many axes as the scores, each of the same length or of length 1.
    Raises ValueError for any other shape.
    """
    # Broadcasting aligns axes from the right, so a mask [N L S] would silently be applied to the
    # heads of scores [N H L S] if N = H. So it is refused, although it would broadcast.
    fits = all(m in (1, s) for m, s in zip(reversed(mask.shape), reversed(scores)))
    if mask.ndim not in (2, len(scores)) or not fits:
        sizes = {"mask": tuple(mask.shape), "scores": tuple(scores)}
        raise InvalidValue(text("layer.attention.mask", **sizes))
    return mask if mask.dtype == torch.bool else mask != 0


def explicit_is_faster(Q: Tensor, K: Tensor) -> bool:
    """Whether the explicit implementation is faster: on a CPU, in 16 bits, for short sequences.

    Measured by benchmarks/attention.py: there the fused kernel takes 3 to 8 times as long, while in
    32 bits it takes a third of the explicit time or less.
    """
    half = Q.dtype in (torch.bfloat16, torch.float16)
    return Q.device.type == "cpu" and half and K.size(-2) < SHORT


class MultiHeadAttention(nn.Module):
    """Multi-head attention: H heads in parallel, each on d = D/H features.

    Parameters have timm's names: `qkv` (the rows of Q, then K, then V) and `proj`. Source: Vaswani
    et al., 2017, section 3.2.2. `dropout` applies to the attention weights, which the paper does
    not mention. Raises ValueError if n_heads does not divide d_model.
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if d_model % n_heads:
            fit = [h for h in range(1, d_model + 1) if d_model % h == 0]
            raise InvalidValue(text("layer.attention.heads", heads=n_heads, width=d_model, fit=fit))
        self.n_heads, self.dropout = n_heads, dropout
        # One matrix for all heads and for Q, K and V: a single large product is faster than 3 H
        # small ones.
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)

    def split(
        self, Q: Float[Tensor, "N L D"], K: Float[Tensor, "N S D"], V: Float[Tensor, "N S D"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Project the inputs and split them into heads: Q [N H L d], K and V [N H S d]."""
        # Self-attention needs one matrix product for all three. Cross-attention uses the matching
        # rows of the same weight, so both have the same parameters.
        if Q is K is V:
            projected = self.qkv(Q).chunk(3, dim=-1)
        else:
            parts = zip((Q, K, V), self.qkv.weight.chunk(3), self.qkv.bias.chunk(3))
            projected = tuple(F.linear(x, weight, bias) for x, weight, bias in parts)
        # (h d), not (d h): a head owns neighbouring rows of the weight, as in timm's checkpoints.
        q, k, v = (rearrange(x, "n l (h d) -> n h l d", h=self.n_heads) for x in projected)
        return q, k, v

    def forward(
        self,
        Q: Float[Tensor, "N L D"],
        K: Float[Tensor, "N S D"] | None = None,
        V: Float[Tensor, "N S D"] | None = None,
        mask: Tensor | None = None,
    ) -> Float[Tensor, "N L D"]:
        """Attention of Q to K and V, or self-attention without them. V defaults to K.

        mask: as for `visible`, with scores [N H L S].
        """
        q, k, v = self.split(Q, Q if K is None else K, (Q if K is None else K) if V is None else V)
        dropout = self.dropout if self.training else 0.0
        if explicit_is_faster(q, k):
            out, _ = scaled_dot_product_attention(q, k, v, mask, dropout)
        else:
            out = fused_attention(q, k, v, mask, dropout)
        return self.proj(rearrange(out, "n h l d -> n l (h d)"))  # type: ignore[no-any-return]

    def weights(
        self,
        Q: Float[Tensor, "N L D"],
        K: Float[Tensor, "N S D"] | None = None,
        mask: Tensor | None = None,
    ) -> Float[Tensor, "N H L S"]:
        """The attention weights before dropout, computed separately from `forward`."""
        # Separately, so that reading the weights cannot change an output: the fused kernel, which
        # forward mostly uses, rounds differently.
        q, k, v = self.split(Q, Q if K is None else K, Q if K is None else K)
        return scaled_dot_product_attention(q, k, v, mask)[1]
