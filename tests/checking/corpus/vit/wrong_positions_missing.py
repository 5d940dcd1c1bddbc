# role: vit
# verdict: wrong
# fault: positions_missing
# object: ViT
# about: the position parameter exists but is not added to the tokens
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class ViTConfig:
    image_size: int = 32
    patch_size: int = 8
    num_channels: int = 3
    hidden_size: int = 48
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    intermediate_size: int = 96
    num_labels: int = 10
    dropout: float = 0.0


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.projection = nn.Conv2d(config.num_channels, config.hidden_size,
                                    kernel_size=config.patch_size, stride=config.patch_size)
        n = (config.image_size // config.patch_size) ** 2
        self.cls_token = nn.Parameter(torch.randn(1, 1, config.hidden_size) * 0.02)
        self.position_embeddings = nn.Parameter(torch.randn(1, n + 1, config.hidden_size) * 0.02)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x):
        x = self.projection(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.size(0), -1, -1), x), dim=1)  # <<<
        return self.dropout(x)


class ViT(nn.Module):
    def __init__(self, config=ViTConfig()):
        super().__init__()
        self.embedding = Embeddings(config)
        self.encoder = nn.ModuleList([
            nn.TransformerEncoderLayer(config.hidden_size, config.num_attention_heads,
                                       config.intermediate_size, config.dropout, "gelu",
                                       batch_first=True, norm_first=True)
            for _ in range(config.num_hidden_layers)])
        self.layernorm = nn.LayerNorm(config.hidden_size)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, x):
        x = self.embedding(x)
        for block in self.encoder:
            x = block(x)
        return self.classifier(self.layernorm(x)[:, 0, :])
