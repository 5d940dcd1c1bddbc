# role: vit
# verdict: wrong
# fault: only_first_layer_used
# object: VisionTransformer
# about: return stands inside the loop of the encoder
import torch
import torch.nn as nn


class EncoderLayer(nn.Module):
    def __init__(self, d_model, nhead, mlp_ratio):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.mha = nn.MultiheadAttention(d_model, nhead, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(d_model, d_model * mlp_ratio), nn.GELU(),
                                 nn.Linear(d_model * mlp_ratio, d_model))

    def forward(self, x):
        n = self.ln1(x)
        x = x + self.mha(n, n, n)[0]
        return x + self.mlp(self.ln2(x))


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, nhead, mlp_ratio):
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(d_model, nhead, mlp_ratio) for _ in range(num_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
            return self.norm(x)  # <<<


class VisionTransformer(nn.Module):
    def __init__(self, d_model=48, n_classes=10, img_size=32, patch_size=8, n_channels=3, n_heads=4, n_layers=3):
        super().__init__()
        self.proj = nn.Conv2d(n_channels, d_model, kernel_size=patch_size, stride=patch_size)
        n_patches = (img_size // patch_size) ** 2
        self.cls_token = nn.Parameter(torch.randn(1, 1, d_model) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, n_patches + 1, d_model) * 0.02)
        self.encoder = Encoder(n_layers, d_model, n_heads, 2)
        self.classifier = nn.Linear(d_model, n_classes)

    def forward(self, images):
        x = self.proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.encoder(x + self.pos)
        return self.classifier(x[:, 0])
