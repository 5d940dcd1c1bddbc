"""Pre-norm encoder block: x + drop(attention(norm(x))), then x + mlp(norm(x)).

N batch · L tokens · D model width
Nothing modifies the skip path: if both sublayers output zeros, the block is the identity, also in
training. Submodules have timm's names.
"""

from typing import Literal

from torch import nn

from etude.layers.attention import MultiHeadAttention
from etude.layers.dropout import Dropout
from etude.shapes import Float, Tensor

Gelu = Literal["exact", "tanh"]


class MLP(nn.Module):
    """Linear, GELU (exact, or its approximation by tanh), dropout, Linear, dropout.

    Source: A. Dosovitskiy et al., "An Image Is Worth 16x16 Words", 2021, appendix B.1. The dropout
    after the second Linear is from its official code.
    """

    def __init__(self, d_model: int, d_hidden: int, dropout: float, gelu: Gelu = "exact") -> None:
        super().__init__()
        self.fc1 = nn.Linear(d_model, d_hidden)
        self.act = nn.GELU(approximate="none" if gelu == "exact" else "tanh")
        self.drop = Dropout(dropout)
        self.fc2 = nn.Linear(d_hidden, d_model)

    def forward(self, x: Float[Tensor, "N L D"]) -> Float[Tensor, "N L D"]:
        """The same MLP on each token, [N L D]."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))  # type: ignore[no-any-return]


class EncoderBlock(nn.Module):
    """One encoder block. dropout: after attention and in the MLP; att_dropout: on the attention
    weights. eps: of both norms.

    Source: Dosovitskiy et al., 2021, equations 2 and 3.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        att_dropout: float = 0.0,
        eps: float = 1e-6,
        gelu: Gelu = "exact",
    ) -> None:
        super().__init__()
        # eps 1e-6 is the official code's; torch's default of 1e-5 would change outputs of published
        # weights.
        self.norm1 = nn.LayerNorm(d_model, eps=eps)
        self.attn = MultiHeadAttention(d_model, n_heads, att_dropout)
        self.drop = Dropout(dropout)
        self.norm2 = nn.LayerNorm(d_model, eps=eps)
        self.mlp = MLP(d_model, round(d_model * mlp_ratio), dropout, gelu)

    def forward(
        self, x: Float[Tensor, "N L D"], mask: Tensor | None = None
    ) -> Float[Tensor, "N L D"]:
        """The tokens after attention and MLP, [N L D]. mask: as for MultiHeadAttention."""
        # No dropout around the MLP: it ends with its own.
        x = x + self.drop(self.attn(self.norm1(x), mask=mask))
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]
