# role: vit
# verdict: wrong
# fault: batch_first_missing
# object: VisionTransformer
# about: nn.TransformerEncoderLayer is left in its length-first layout and fed batch first
# round: held-out
import torch
import torch.nn as nn
from einops import repeat


class VisionTransformer(nn.Module):
    def __init__(self, img_shape=(1, 32, 32), patch_size=(8, 8), emb_dim=32, num_heads=4,
                 num_layers=2, num_classes=10, dropout_ratio=0.1):
        super().__init__()
        C, H, W = img_shape
        self.to_patch = nn.Conv2d(C, emb_dim, kernel_size=patch_size, stride=patch_size)
        num_patches = (H // patch_size[0]) * (W // patch_size[1])
        self.cls_token = nn.Parameter(torch.randn(1, 1, emb_dim))
        self.positions = nn.Parameter(torch.randn(1, num_patches + 1, emb_dim))
        self.drop = nn.Dropout(dropout_ratio)
        layer = nn.TransformerEncoderLayer(d_model=emb_dim, nhead=num_heads, dim_feedforward=emb_dim * 4,
                                           dropout=dropout_ratio, activation='gelu', norm_first=True)  # <<<
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.mlp_head = nn.Sequential(nn.LayerNorm(emb_dim), nn.Linear(emb_dim, num_classes))

    def forward(self, img):
        x = self.to_patch(img)
        x = x.flatten(2).transpose(1, 2)  # b n d
        c = repeat(self.cls_token, '() n d -> b n d', b=x.shape[0])
        x = torch.cat((c, x), dim=1)
        x = self.drop(x + self.positions)
        x = self.encoder(x)
        return self.mlp_head(x[:, 0])
