"""Transformer encoder for sequences: every step attends to all others.

    x [N L Q] -> tokens [N P D], P = L/patch groups of steps -> blocks -> mean of valid tokens
    -> [N outputs]

An image is read as a sequence of rows: `patch` rows of W*C values make a token.
"""

import math

import torch
from einops import rearrange
from pydantic import Field
from torch import nn
from torch.nn import functional as F

from etude.config import DEEPEST, WIDEST
from etude.config import Config as Base
from etude.layers.block import EncoderBlock
from etude.layers.dropout import Dropout
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset
from etude.models.plain import PlainNetwork, mlp_names, source
from etude.shapes import Float, Int, Spec, Tensor


class Config(Base):
    """Sizes of a Transformer encoder."""

    width: int = Field(default=64, ge=1, le=WIDEST, description="config.transformer.width")
    depth: int = Field(default=3, ge=1, le=DEEPEST, description="config.transformer.depth")
    heads: int = Field(default=4, ge=1, le=WIDEST, description="config.transformer.heads")
    patch: int = Field(default=1, ge=1, le=WIDEST, description="config.transformer.patch")
    mlp_ratio: float = Field(default=2.0, gt=0, le=1000, description="config.transformer.mlp_ratio")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="config.transformer.dropout")
    att_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="config.transformer.att_dropout"
    )


def sinusoids(
    length: int | torch.SymInt,
    width: int,
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "P D"]:
    """Sinusoidal position embeddings. Source: Vaswani et al., 2017, section 3.5."""
    position = torch.arange(length, device=device, dtype=dtype)[:, None]  # type: ignore[arg-type]
    pairs = torch.arange((width + 1) // 2, device=device, dtype=dtype)
    angle = position * torch.exp(-math.log(10_000) * 2 * pairs / width)
    # Stacking and flattening alternates sine and cosine as in the paper; an odd width gets one sine
    # more than cosines.
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)[:, :width]


class Transformer(nn.Module):
    """Pre-norm encoder with a final norm. Padded tokens are excluded from attention and mean."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        self.patch = config.patch
        self.embed = nn.Linear(spec.shape[-1] * config.patch, config.width)
        self.drop = Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            EncoderBlock(
                config.width, config.heads, config.mlp_ratio, config.dropout, config.att_dropout
            )
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        self.head = nn.Linear(config.width, spec.outputs)
        # The task adds the output to the naive forecast, so zero is exactly that forecast.
        if spec.target == "forecast":
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def tokens(self, x: Float[Tensor, "N L Q"]) -> Float[Tensor, "N P D"]:
        """Embeds each group of `patch` steps, with position; zeros fill up an incomplete group."""
        x = F.pad(x, (0, 0, 0, -x.shape[1] % self.patch))
        tokens = self.embed(rearrange(x, "n (l p) q -> n l (p q)", p=self.patch))
        # Angles grow with the position, and in 16 bits large ones have no fractional digits left.
        wide = torch.promote_types(tokens.dtype, torch.float32)
        waves = sinusoids(tokens.shape[1], tokens.shape[2], x.device, wide)
        return tokens + waves.to(tokens)  # type: ignore[no-any-return]

    def forward(
        self, x: Float[Tensor, "N L Q"], lengths: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "N outputs"]:
        tokens = self.drop(self.tokens(x))
        if lengths is None:
            valid = mask = None
        else:
            # Rounded up: a token counts as valid if at least one of its steps is valid.
            count = (lengths.to(x.device) + self.patch - 1) // self.patch
            valid = torch.arange(tokens.shape[1], device=x.device) < count[:, None]
            # The mask hides keys only; the mean below leaves out the outputs at padded queries.
            mask = rearrange(valid, "n l -> n 1 1 l")
        for block in self.blocks:
            tokens = block(tokens, mask)
        tokens = self.norm(tokens)
        if valid is None:
            return self.head(tokens.mean(1))  # type: ignore[no-any-return]
        # Padded tokens have the weight 0, so the mean does not depend on the longest sequence of
        # the batch.
        share = valid / valid.sum(1, keepdim=True)
        return self.head((tokens * share[..., None].to(tokens)).sum(1))  # type: ignore[no-any-return]


def default(spec: Spec) -> Preset:
    """Three blocks of width 64; one block of width 32 for forecasts of short series."""
    if spec.target == "forecast":
        model = {"width": 32, "depth": 1, "heads": 4, "dropout": 0.0}
        return Preset(model, {**SMALL, "lr": 3e-3, "weight_decay": 1e-3, "batch_size": 16}, 400)
    return Preset(
        {"width": 64, "depth": 3, "heads": 4, "dropout": 0.1},
        {**SMALL, "lr": 3e-3, "weight_decay": 0.05},
        2000,
    )


def notes(spec: Spec) -> Preset:
    """The notes' multi-head attention with dropout on its weights, their GELU MLP, and Adam."""
    model = {"width": 64, "depth": 2, "heads": 4, "dropout": 0.1, "att_dropout": 0.1}
    return Preset(model, NOTES, 2000)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    sizes = {
        **dict(config), "features": spec.shape[-1], "outputs": spec.outputs, "masked": padded,
        "hidden": round(config.width * config.mlp_ratio), "eps": "1e-6", "gelu": "",
    }  # fmt: skip
    page = source("transformer.py.j2", **sizes)
    return PlainNetwork("Transformer", page, renamed=mlp_names(config.dropout))


ARCHITECTURE = Architecture(
    Config,
    Transformer,
    title="Transformer",
    summary=text("model.transformer.summary"),
    reads=("sequence",),
    presets={"default": default, "notes": notes},
    highlights=("forecast", "attention", "hidden-steps"),
    code=code,
)
