# role: encoder_block
# verdict: wrong
# fault: skip_from_block_input
# object: Encoder
# about: the second sum adds the input of the block
import torch
import torch.nn as nn


class Encoder(nn.Module):
    """pre-norm ViT encoder"""

    def __init__(self, embed_size, num_heads, hidden_size, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_size)
        self.multihead = nn.MultiheadAttention(embed_size, num_heads, dropout=dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_size)
        self.enc_MLP = nn.Sequential(
            nn.Linear(embed_size, hidden_size),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_size, embed_size),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        firstnorm_out = self.norm1(x)
        attention_out = self.multihead(firstnorm_out, firstnorm_out, firstnorm_out)[0]
        first_added = attention_out + x
        secondnorm_out = self.norm2(first_added)
        ff_out = self.enc_MLP(secondnorm_out)
        output = ff_out + x  # <<<
        return output
