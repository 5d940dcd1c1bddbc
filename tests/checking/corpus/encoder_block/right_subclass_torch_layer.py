# role: encoder_block
# verdict: right
# object: EncoderBlock
# about: a subclass of nn.TransformerEncoderLayer that only sets its arguments
# round: held-out
import torch.nn as nn


class EncoderBlock(nn.TransformerEncoderLayer):
    """ViT encoder block (LN -> MSA -> LN -> MLP)."""

    def __init__(self, heads=4, dim=32, mlp_ratio=4, p=0.1):
        super().__init__(
            d_model=dim,
            nhead=heads,
            dim_feedforward=dim * mlp_ratio,
            dropout=p,
            activation="gelu",
            layer_norm_eps=1e-6,
            batch_first=True,
            norm_first=True,
        )

    def forward(self, x):
        return super().forward(x)
