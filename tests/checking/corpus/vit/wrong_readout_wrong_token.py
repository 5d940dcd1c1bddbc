# role: vit
# verdict: wrong
# fault: readout_wrong_token
# object: VisionTransformer
# about: the class token is in front but the last token (a patch) is classified
import torch
import torch.nn as nn


class VisionTransformer(nn.Module):
    """ViT for small images, built on nn.TransformerEncoderLayer."""

    def __init__(self, img_size: int = 32, patch_size: int = 8, num_channels: int = 3, num_classes: int = 10,
                 embed_dim: int = 64, num_heads: int = 4, num_layers: int = 2, dropout: float = 0.0):
        super().__init__()
        num_patches = (img_size // patch_size) ** 2
        self.to_patch = nn.Unfold(patch_size, stride=patch_size)
        self.embed = nn.Linear(num_channels * patch_size ** 2, embed_dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim) * 0.02)
        self.pos_embedding = nn.Parameter(torch.randn(1, num_patches + 1, embed_dim) * 0.02)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(embed_dim, num_heads, embed_dim * 2, dropout, activation="gelu",
                                       batch_first=True, norm_first=True)
            for _ in range(num_layers)
        ])
        self.mlp_head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(self.to_patch(x).transpose(1, 2))
        # 맨 앞에 class token 추가
        x = torch.cat([self.cls_token.repeat(x.shape[0], 1, 1), x], dim=1)
        x = self.dropout(x + self.pos_embedding)
        for layer in self.layers:
            x = layer(x)
        return self.mlp_head(x[:, -1])  # <<<
