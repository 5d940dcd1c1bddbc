# role: encoder_block
# verdict: wrong
# fault: extra_activation
# object: Encoder
# about: a GELU follows the last linear layer of the MLP
import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, latent_size=64, num_heads=4, dropout=0.1):
        super(Encoder, self).__init__()
        self.norm = nn.LayerNorm(latent_size)
        self.attention = nn.MultiheadAttention(latent_size, num_heads, dropout=dropout, batch_first=True)
        self.norm_mlp = nn.LayerNorm(latent_size)
        self.enc_MLP = nn.Sequential(
            nn.Linear(latent_size, latent_size * 4),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(latent_size * 4, latent_size),
            nn.GELU(),  # <<<
            nn.Dropout(dropout)
        )

    def forward(self, emb_patches):
        first_norm = self.norm(emb_patches)
        attention_out = self.attention(first_norm, first_norm, first_norm)[0]
        first_added = attention_out + emb_patches
        second_norm = self.norm_mlp(first_added)
        return self.enc_MLP(second_norm) + first_added
