"""What each of our layers is compared with: torch.nn, the formula, and timm where it is installed.

    N batch · H heads · L queries · S keys · d head width · D model width · P patches · K layers

MLP, CNN and ResNet are torch.nn's own modules one after the other, and have no reference here.
"""

import importlib.util
import math
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from etude import layers
from etude.checking.case import Case, Weights, of, weights_of
from etude.layers.attention import fused_attention
from etude.locale.texts import Text, text
from etude.models import transformer, vit
from etude.shapes import Spec, Tensor

N, H, L, S, D, K = 4, 4, 24, 20, 32, 2
d = D // H
RATIO, CHANNELS, SIDE, PATCH, CLASSES = 2.0, 3, 16, 4, 7


def cases() -> Iterator[Case]:
    """All of them."""
    torch.manual_seed(3)
    yield from attention()
    yield from blocks()
    yield from recurrent()
    yield from gaussian()
    yield from networks()


def draws(*shape: int) -> Tensor:
    """Standard normal, float64."""
    return torch.randn(*shape, dtype=torch.float64)


def formula(_: Weights, Q: Tensor, K: Tensor, V: Tensor, keep: Tensor | None = None) -> Tensor:
    """Vaswani et al., 2017, equation 1, a row at a time as it is written."""
    scores = torch.einsum("nhld,nhsd->nhls", Q, K) / math.sqrt(Q.shape[-1])
    if keep is not None:
        scores = scores.masked_fill(~keep.to(scores.device), -math.inf)
    shares = torch.exp(scores - scores.amax(-1, keepdim=True))
    return torch.einsum("nhls,nhsd->nhld", shares / shares.sum(-1, keepdim=True), V)


def attention() -> Iterator[Case]:
    """Both roads, with and without a mask, and many heads."""
    inputs = [draws(N, H, L, d), draws(N, H, S, d), draws(N, H, S, d)]
    keep = torch.rand(N, 1, L, S) > 0.4
    keep[..., 0] = True
    roads: dict[str, Callable[..., Tensor]] = {
        "scaled_dot_product_attention": lambda *x: layers.scaled_dot_product_attention(*x)[0],
        "fused_attention": fused_attention,
    }
    for name, road in roads.items():
        yield Case(name, "formula", lambda P, *x, f=road: f(*x), formula, {}, inputs)
        yield Case(
            f"{name}, masked", "formula",
            lambda P, *x, f=road: f(*x, keep.to(x[0].device)),
            lambda P, Q, K, V: formula(P, Q, K, V, keep), {}, inputs,
        )  # fmt: skip
    ours = layers.MultiHeadAttention(D, H)
    theirs = nn.MultiheadAttention(D, H, batch_first=True)
    yield Case(
        "MultiHeadAttention", "nn.MultiheadAttention", of(ours),
        of(theirs, in_torch, need_weights=False),
        weights_of(ours), [draws(N, L, D), draws(N, S, D), draws(N, S, D)],
    )  # fmt: skip


def in_torch(P: Weights, prefix: str = "") -> dict[str, Tensor]:
    """Weights of attention by the names of nn.MultiheadAttention."""
    own = {"in_proj_": "qkv.", "out_proj.": "proj."}
    return {
        f"{theirs}{kind}": P[f"{prefix}{ours}{kind}"]
        for theirs, ours in own.items()
        for kind in ("weight", "bias")
    }


def in_encoder(P: Weights, prefix: str = "") -> dict[str, Tensor]:
    """Weights of a block by the names of nn.TransformerEncoderLayer."""
    own = {"norm1": "norm1", "norm2": "norm2", "linear1": "mlp.fc1", "linear2": "mlp.fc2"}
    found = {f"self_attn.{k}": v for k, v in in_torch(P, f"{prefix}attn.").items()}
    for theirs, ours in own.items():
        for kind in ("weight", "bias"):
            found[f"{theirs}.{kind}"] = P[f"{prefix}{ours}.{kind}"]
    return found


def encoder_layer() -> nn.Module:
    """torch's block, of the choices that ours has. In train mode (without dropout), where torch
    takes no shortcuts."""
    return nn.TransformerEncoderLayer(
        D, H, int(RATIO * D), dropout=0.0, activation="gelu", layer_norm_eps=1e-6, batch_first=True,
        norm_first=True,
    ).train()  # fmt: skip


def blocks() -> Iterator[Case]:
    """An encoder block, and patches."""
    block = layers.EncoderBlock(D, H, RATIO)
    yield Case(
        "EncoderBlock", "nn.TransformerEncoderLayer", of(block), of(encoder_layer(), in_encoder),
        weights_of(block), [draws(N, L, D)],
    )  # fmt: skip
    patches = layers.PatchEmbedding(CHANNELS, PATCH, D)
    yield Case(
        "PatchEmbedding", "nn.Conv2d", of(patches), convolved,
        weights_of(patches), [draws(N, CHANNELS, SIDE, SIDE)],
    )  # fmt: skip


def convolved(P: Weights, x: Tensor, prefix: str = "") -> Tensor:
    """Patches [N P D] by a convolution whose stride is its size."""
    weight, bias = P[f"{prefix}proj.weight"], P[f"{prefix}proj.bias"]
    return F.conv2d(x, weight, bias, stride=PATCH).flatten(2).transpose(1, 2)


class Readable(nn.Module):
    """An LSTM's top layer by its readable steps."""

    def __init__(self, lstm: layers.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, x: Tensor) -> Tensor:
        """Y [N L D]."""
        return torch.stack([step.h for step in list(self.lstm.steps(x))[-1]], dim=1)


def recurrent() -> Iterator[Case]:
    """The readable LSTM against torch's cell; the fused one, with padding, against it too."""
    lstm = layers.LSTM(d, D, K)
    P, x = weights_of(lstm), draws(N, L, d)
    yield Case(
        "LSTM.steps", "nn.LSTMCell", of(Readable(lstm)), lambda P, x: cells(own(P), x),
        {f"lstm.{k}": v for k, v in P.items()}, [x],
    )  # fmt: skip
    yield Case("LSTM", "nn.LSTMCell", of(lstm), cells, P, [x])
    lengths = torch.tensor([L, 3, 1, L - 1])
    yield Case(
        "LSTM, padded", "nn.LSTMCell", of(lstm, lengths=lengths),
        lambda P, x: alone(P, x, lengths.tolist()), P, [x],
    )  # fmt: skip


def alone(P: Weights, x: Tensor, lengths: list[int]) -> Tensor:
    """Each sample by itself, as long as it is, and zeros after that."""
    cut = [cells(P, x[i : i + 1, :n])[0] for i, n in enumerate(lengths)]
    return torch.stack([F.pad(y, (0, 0, 0, L - len(y))) for y in cut])


def own(P: Weights) -> dict[str, Tensor]:
    """Names without the part before the point."""
    return {k.partition(".")[2]: v for k, v in P.items()}


def cells(P: Weights, x: Tensor) -> Tensor:
    """Y [N L D] of K layers of nn.LSTMCell."""
    for layer in range(K):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = {name: P[f"{name}_l{layer}"] for name in names}
        width = weights["weight_hh"].shape[1]
        cell = nn.LSTMCell(x.shape[-1], width, device="meta")
        states = (x.new_zeros(len(x), width), x.new_zeros(len(x), width))
        shown = []
        for t in range(x.shape[1]):
            states = functional_call(cell, weights, (x[:, t], states))
            shown.append(states[0])
        x = torch.stack(shown, dim=1)
    return x


def gaussian() -> Iterator[Case]:
    """Drawing codes, and how far two clouds are apart."""

    def drawn(_: Weights, mu: Tensor, logvar: Tensor) -> Tensor:
        # The same draws, as they are made: in 32 bits, from torch's generator.
        noise = torch.randn(mu.shape, device=mu.device, dtype=torch.float32).to(mu.dtype)
        return torch.addcmul(mu, logvar.exp().sqrt(), noise)

    def pairs(_: Weights, a: Tensor, b: Tensor) -> Tensor:
        def mean(x: Tensor, y: Tensor) -> Tensor:
            return torch.stack([F.pairwise_distance(p, y, eps=0).mean() for p in x]).mean()

        return 2 * mean(a, b) - mean(a, a) - mean(b, b)

    codes = [draws(N, D), draws(N, D)]
    yield Case(
        "reparameterize", "formula", lambda P, *x: layers.reparameterize(*x), drawn, {}, codes
    )
    clouds = [draws(L, d), draws(S, d) + 0.5]
    yield Case(
        "energy_distance", "pair by pair", lambda P, *x: layers.energy_distance(*x), pairs, {},
        clouds, (torch.float64, torch.float32),
    )  # fmt: skip


@cache
def timm_networks() -> ModuleType | Text | None:
    """timm's Vision Transformers; None if timm is not installed; the reason if it is, but cannot be
    imported."""
    if not importlib.util.find_spec("timm"):
        return None
    try:
        return importlib.import_module("timm.models.vision_transformer")
    # Of any library that timm imports: often of a torchvision that does not fit torch.
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        return text("verify.timm", why=f"{type(error).__name__}: {error}")


def networks() -> Iterator[Case]:
    """Whole networks put together of torch.nn."""
    image, series = (
        Spec("image", (CHANNELS, SIDE, SIDE), CLASSES),
        Spec("sequence", (L, d), CLASSES),
    )
    sizes = {"width": D, "depth": K, "heads": H, "dropout": 0.0, "mlp_ratio": RATIO}
    seer = vit.ViT(vit.Config.read({**sizes, "patch": PATCH}), image)
    x = draws(N, CHANNELS, SIDE, SIDE)
    yield Case("ViT", "torch.nn", of(seer), seen, weights_of(seer), [x])
    timm = timm_networks()
    if isinstance(timm, ModuleType):
        theirs = timm.VisionTransformer(
            img_size=SIDE, patch_size=PATCH, in_chans=CHANNELS, num_classes=CLASSES, embed_dim=D,
            depth=K, num_heads=H, mlp_ratio=RATIO,
        )  # fmt: skip
        yield Case("ViT", "timm", of(seer), of(theirs), weights_of(seer), [x])
    reader = transformer.Transformer(transformer.Config.read(sizes), series)
    yield Case("Transformer", "torch.nn", of(reader), read, weights_of(reader), [draws(N, L, d)])


def encoded(P: Weights, x: Tensor) -> Tensor:
    """Through all blocks, and the norm after them."""
    layer = encoder_layer()
    for index in range(K):
        x = functional_call(layer, in_encoder(P, f"blocks.{index}."), (x,))
    return F.layer_norm(x, (D,), P["norm.weight"], P["norm.bias"], 1e-6)


def seen(P: Weights, x: Tensor) -> Tensor:
    """Dosovitskiy et al., 2021, equations 1 to 4, and a linear head."""
    tokens = convolved(P, x, "patch_embed.")
    tokens = torch.cat([P["cls_token"].expand(len(x), -1, -1), tokens], dim=1) + P["pos_embed"]
    return F.linear(encoded(P, tokens)[:, 0], P["head.weight"], P["head.bias"])


def read(P: Weights, x: Tensor) -> Tensor:
    """Vaswani et al., 2017, section 3.5, pre-norm, the mean of all tokens."""
    tokens = F.linear(x, P["embed.weight"], P["embed.bias"])
    rates = [10_000 ** (-2 * (i // 2) / D) for i in range(D)]
    waves = [
        [(math.cos if i % 2 else math.sin)(t * rate) for i, rate in enumerate(rates)]
        for t in range(L)
    ]
    tokens = tokens + torch.tensor(waves, dtype=x.dtype, device=x.device)
    return F.linear(encoded(P, tokens).mean(1), P["head.weight"], P["head.bias"])
