# role: encoder_block
# verdict: wrong
# fault: dropout_on_skip
# object: AttentionBlock
# about: pre-norm block which drops the residual stream itself before adding the attention
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.2):
        """
        Inputs:
            embed_dim - Dimensionality of input and attention feature vectors
            hidden_dim - Dimensionality of hidden layer in feed-forward network
            num_heads - Number of heads to use in the Multi-Head Attention block
            dropout - Amount of dropout to apply
        """
        super().__init__()
        self.layer_norm_1 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.layer_norm_2 = nn.LayerNorm(embed_dim)
        self.linear = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        inp_x = self.layer_norm_1(x)
        x = self.drop(x) + self.attn(inp_x, inp_x, inp_x)[0]  # <<<
        x = x + self.drop(self.linear(self.layer_norm_2(x)))
        return x
