"""ViT: a Transformer encoder over the patches of an image, read out at a class token.

    x [N C H W] -> patches [N P D] -> class token before them [N 1+P D] -> depth blocks
    -> norm -> token 0 -> [N outputs]

Source: A. Dosovitskiy et al., "An Image Is Worth 16x16 Words", 2021. Parameter names are timm's, so
weights can be exchanged with timm in both directions; `models/weights` reads and writes the files
of timm and of other libraries.
"""

from typing import Literal

import torch
from einops import repeat
from pydantic import Field
from torch import nn

from etude.config import DEEPEST, WIDEST
from etude.config import Config as Base
from etude.errors import InvalidValue
from etude.layers.block import EncoderBlock
from etude.layers.dropout import Dropout
from etude.layers.patches import PatchEmbedding, misfit
from etude.locale.texts import text
from etude.models.architecture import NOTES, SMALL, Architecture, Preset, Pretrained
from etude.models.plain import PlainNetwork, mlp_names, source
from etude.models.weights.pretrained import FEW, complete, load, scaling
from etude.shapes import Float, Spec, Tensor
from etude.system.limits import Plain
from etude.tasks.protocol import Tuning

NARROW = 384
"""Largest width with the higher learning rate of fine-tuning."""


class Config(Base):
    """Sizes of a Vision Transformer; the weights that it starts from, and how it is tuned then."""

    later = (
        "weights", "weights_sha256", "head", "freeze", "probe", "layer_decay", "eps", "gelu",
        "grid", "mean", "std",
    )  # fmt: skip
    patch: int = Field(default=4, ge=1, le=WIDEST, description="config.vit.patch")
    width: int = Field(default=64, ge=1, le=WIDEST, description="config.vit.width")
    depth: int = Field(default=6, ge=1, le=DEEPEST, description="config.vit.depth")
    heads: int = Field(default=4, ge=1, le=WIDEST, description="config.vit.heads")
    mlp_ratio: float = Field(default=2.0, gt=0, le=1000, description="config.vit.mlp_ratio")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="config.vit.dropout")
    att_dropout: float = Field(default=0.0, ge=0, lt=1, description="config.vit.att_dropout")
    weights: str = Field(default="", max_length=4096, description="config.vit.weights")
    weights_sha256: str = Field(default="", max_length=64, description="config.vit.weights_sha256")
    head: Literal["new", "keep"] = Field(default="new", description="config.vit.head")
    freeze: int = Field(default=0, ge=0, le=DEEPEST, description="config.vit.freeze")
    probe: float = Field(default=0.0, ge=0, le=1, description="config.vit.probe")
    layer_decay: float = Field(default=1.0, gt=0, le=1, description="config.vit.layer_decay")
    eps: float = Field(default=1e-6, gt=0, lt=1, description="config.vit.eps")
    gelu: Literal["exact", "tanh"] = Field(default="exact", description="config.vit.gelu")
    grid: tuple[int, ...] = Field(default=(), description="config.vit.grid")
    mean: tuple[float, ...] = Field(default=(), description="config.vit.mean")
    std: tuple[float, ...] = Field(default=(), description="config.vit.std")

    @property
    def tuning(self) -> Tuning:
        """The order and the rates in which the parameters are trained."""
        # The positions belong to the first layer, and the last norm to the head.
        start = ("patch_embed.", "cls_token", "pos_embed")
        blocks = [f"blocks.{i}." for i in range(self.depth)]
        powers = {prefix: self.depth - i for i, prefix in enumerate(blocks)}
        powers |= dict.fromkeys(start, self.depth + 1)
        decay = self.layer_decay
        return Tuning(
            first=("head.",),
            share=self.probe,
            frozen=(*start, *blocks[: self.freeze]) if self.freeze else (),
            factors={prefix: decay**n for prefix, n in powers.items()} if decay < 1 else {},
        )


class ViT(nn.Module):
    """Vision Transformer. Raises ValueError if the patch does not divide the image, the number of
    heads does not divide the width, or there are fewer blocks than frozen ones."""

    def __init__(self, config: Config, spec: Spec) -> None:
        super().__init__()
        channels, height, width = spec.shape
        if height % config.patch or width % config.patch:
            raise InvalidValue(misfit(height, width, config.patch))
        if config.freeze > config.depth:
            raise InvalidValue(text("model.vit.freeze", count=config.freeze, depth=config.depth))
        self.tuning = config.tuning
        patches = (height // config.patch) * (width // config.patch)
        self.patch_embed = PatchEmbedding(channels, config.patch, config.width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + patches, config.width))
        self.pos_drop = Dropout(config.dropout)
        self.blocks = nn.Sequential(
            *(
                EncoderBlock(
                    config.width,
                    config.heads,
                    config.mlp_ratio,
                    config.dropout,
                    config.att_dropout,
                    config.eps,
                    config.gelu,
                )
                for _ in range(config.depth)
            )
        )
        # timm's epsilon: with torch's default, 1e-5, exchanged weights would give other outputs.
        self.norm = nn.LayerNorm(config.width, eps=config.eps)
        self.head = nn.Linear(config.width, spec.outputs)
        self.init_param()

    def init_param(self) -> None:
        """Initialise as the official code: Xavier uniform for Linear layers, position embeddings
        with standard deviation 0.02, class token and head zero."""
        # The patch embedding, a Conv2d, keeps torch's own initialisation.
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.pos_embed, std=0.02)
        nn.init.zeros_(self.cls_token)
        # A zero head makes the first predictions uniform, whatever the random features are.
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N outputs"]:
        x = self.patch_embed(x)
        c = repeat(self.cls_token, "() n d -> b n d", b=x.shape[0])
        # The class token comes first, as in timm: pos_embed has its position at index 0.
        x = torch.cat((c, x), dim=1)
        x = self.pos_drop(x + self.pos_embed)
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0])  # type: ignore[no-any-return]


def patch_for(height: int, width: int) -> int:
    """The largest patch side that divides the image into at least 16 patches; 1 if none does."""
    fit = [p for p in range(1, min(height, width) + 1) if height % p == 0 and width % p == 0]
    return max((p for p in fit if (height // p) * (width // p) >= 16), default=1)


def default(spec: Spec) -> Preset:
    """Four blocks of width 64 over at least 16 patches."""
    _, height, width = spec.shape
    model = {"patch": patch_for(height, width), "width": 64, "depth": 4, "heads": 4}
    return Preset({**model, "dropout": 0.1}, {**SMALL, "lr": 3e-3, "weight_decay": 0.05}, 1800)


def notes(spec: Spec) -> Preset:
    """The notes' ViT: dropout on attention weights, linear-gelu-dropout-linear, Adam. Sizes are
    ours."""
    _, height, width = spec.shape
    model = {"patch": patch_for(height, width), "width": 64, "depth": 4, "heads": 4}
    return Preset({**model, "dropout": 0.1, "att_dropout": 0.1}, NOTES, 2000)


def finetune(spec: Spec) -> Preset:
    """Fine-tuning of weights from a file: a linear probe, then all layers with a learning rate that
    falls by 0.75 per layer towards the image.

    Sources: A. Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", 2022 (linear probe first); H. Bao et al., "BEiT", 2022 (rates by layer).
    """
    train = {"optimizer": "adamw", "schedule": "cosine", "warmup": 0.1, "clip": 1.0}
    model = {**default(spec).model, "dropout": 0.0, "probe": 0.2, "layer_decay": 0.75}
    return Preset(model, {**train, "lr": 1e-4, "weight_decay": 0.05}, 500)


def settings(fields: Plain, rarest: int | None) -> Preset:
    """What fine-tuning takes from the width, and from the number of images of the rarest class."""
    few = rarest is not None and rarest < FEW
    train = {} if int(fields["width"]) <= NARROW else {"lr": 3e-5}
    return Preset({"probe": 1.0} if few else {}, train)


def code(config: Config, spec: Spec, padded: bool) -> PlainNetwork:
    """The network as plain PyTorch."""
    channels, height, width = spec.shape
    sizes = {
        **dict(config), "channels": channels, "outputs": spec.outputs, "masked": False,
        "patches": (height // config.patch) * (width // config.patch),
        "hidden": round(config.width * config.mlp_ratio),
        "eps": f"{config.eps:g}".replace("e-0", "e-"),
        "gelu": 'approximate="tanh"' if config.gelu == "tanh" else "",
    }  # fmt: skip
    # One convolution embeds the patches, so its layer needs no module of its own.
    names = {"patch_embed.proj.": "patch_embed.", **mlp_names(config.dropout)}
    return PlainNetwork("ViT", source("vit.py.j2", **sizes), renamed=names)


ARCHITECTURE = Architecture(
    Config,
    ViT,
    title="ViT",
    summary=text("model.vit.summary"),
    reads=("image",),
    presets={"default": default, "notes": notes, "finetune": finetune},
    highlights=("class-token", "positions"),
    targets=("class", "value"),
    pretrained=Pretrained(complete, scaling, "finetune", settings, load),
    code=code,
)
