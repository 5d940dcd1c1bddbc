# role: vit
# verdict: right
# object: ViTForImageClassification
# about: HuggingFace-like names, one dataclass config with defaults, shared init through apply, returns logits
# round: held-out
import math
from dataclasses import dataclass
from typing import Tuple

import torch
from torch import nn, Tensor


@dataclass(frozen=True)
class ViTConfig:
    image_size: Tuple[int, int] = (32, 16)
    patch_size: int = 8
    num_channels: int = 1
    hidden_size: int = 32
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    intermediate_size: int = 64
    num_labels: int = 5
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12

    @property
    def num_patches(self):
        return math.prod(s // self.patch_size for s in self.image_size)


class ViTEmbeddings(nn.Module):
    def __init__(self, cfg: ViTConfig):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, cfg.hidden_size))
        self.position_embeddings = nn.Parameter(torch.zeros(1, cfg.num_patches + 1, cfg.hidden_size))
        self.projection = nn.Conv2d(cfg.num_channels, cfg.hidden_size, cfg.patch_size, cfg.patch_size)

    def forward(self, pixel_values: Tensor) -> Tensor:
        tokens = self.projection(pixel_values).flatten(2).transpose(1, 2)
        tokens = torch.cat((self.cls_token.expand(len(tokens), -1, -1), tokens), 1)
        return tokens + self.position_embeddings


class ViTLayer(nn.Module):
    def __init__(self, cfg: ViTConfig):
        super().__init__()
        self.n = cfg.num_attention_heads
        d = cfg.hidden_size
        self.layernorm_before = nn.LayerNorm(d, eps=cfg.layer_norm_eps)
        self.attention = nn.ModuleDict({k: nn.Linear(d, d) for k in ("query", "key", "value", "output")})
        self.layernorm_after = nn.LayerNorm(d, eps=cfg.layer_norm_eps)
        self.intermediate = nn.Linear(d, cfg.intermediate_size)
        self.output = nn.Linear(cfg.intermediate_size, d)

    def attend(self, h: Tensor) -> Tensor:
        b, l, d = h.shape
        q, k, v = (self.attention[name](h).reshape(b, l, self.n, d // self.n) for name in ("query", "key", "value"))
        p = torch.einsum("blnd,bmnd->bnlm", q, k).div(math.sqrt(d // self.n)).softmax(-1)
        return self.attention["output"](torch.einsum("bnlm,bmnd->blnd", p, v).flatten(2))

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = hidden + self.attend(self.layernorm_before(hidden))
        mlp = self.output(nn.functional.gelu(self.intermediate(self.layernorm_after(hidden))))
        return mlp + hidden


class ViTForImageClassification(nn.Module):
    def __init__(self, config: ViTConfig = ViTConfig()):
        super().__init__()
        self.config = config
        self.embeddings = ViTEmbeddings(config)
        self.encoder = nn.Sequential(*(ViTLayer(config) for _ in range(config.num_hidden_layers)))
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.apply(self._init_weights)
        nn.init.trunc_normal_(self.embeddings.position_embeddings, std=config.initializer_range)
        nn.init.trunc_normal_(self.embeddings.cls_token, std=config.initializer_range)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.trunc_normal_(module.weight, std=self.config.initializer_range)
            nn.init.zeros_(module.bias)

    def forward(self, pixel_values: Tensor) -> Tensor:
        hidden = self.encoder(self.embeddings(pixel_values))
        return self.classifier(self.layernorm(hidden)[:, 0, :])
