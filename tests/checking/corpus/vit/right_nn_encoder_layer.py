# role: vit
# verdict: right
# object: VisionTransformer
# about: torch's own nn.TransformerEncoderLayer (norm_first, gelu) and nn.TransformerEncoder
import torch
import torch.nn as nn


class VisionTransformer(nn.Module):
    def __init__(self, image_size=28, patch_size=7, in_channels=1, num_classes=10,
                 embed_dim=48, num_layers=2, num_heads=4, mlp_dim=96, dropout=0.0):
        super().__init__()
        assert image_size % patch_size == 0
        self.patch_embed = nn.Conv2d(in_channels, embed_dim, patch_size, stride=patch_size)
        n = (image_size // patch_size) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, n + 1, embed_dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        layer = nn.TransformerEncoderLayer(
            d_model=embed_dim, nhead=num_heads, dim_feedforward=mlp_dim,
            dropout=dropout, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers, norm=nn.LayerNorm(embed_dim),
                                             enable_nested_tensor=False)
        self.fc = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.cls_token.repeat(x.shape[0], 1, 1), x], dim=1)
        x = self.encoder(x + self.pos_embed)
        return self.fc(x[:, 0, :])
