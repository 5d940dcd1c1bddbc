"""The network of a file, computed from the file's own names and layout by torch's functions alone.

It shares neither the table of names nor a layer with our network, so a mistake in either shows as a
difference. Dropout is left out: this is the function in evaluation mode.

    N batch · C channels · T tokens · D width · H heads · d head width · p patch
"""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from etude.models.weights.foreign import Foreign
from etude.shapes import Float


@dataclass(frozen=True)
class Independent:
    """The steps of one network in float64. of: what the file holds."""

    of: Foreign

    def embed(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N T D"]:
        """The tokens that the first block reads."""
        tokens = EMBED[self.of.form](self, x)
        return tokens

    def block(self, i: int, x: Float[Tensor, "N T D"]) -> Float[Tensor, "N T D"]:
        """Block i."""
        return BLOCK[self.of.form](self, i, x)

    def features(self, x: Float[Tensor, "N T D"]) -> Float[Tensor, "N D"]:
        """The class token after the last norm."""
        norm = {
            "timm": "norm", "torchvision": "encoder.ln", "hf": "vit.layernorm",
            "hf-memory": "vit.layernorm", "npz": "Transformer/encoder_norm",
        }[self.of.form]  # fmt: skip
        return self.norm(norm, x)[:, 0]

    def logits(self, features: Float[Tensor, "N D"]) -> Float[Tensor, "N K"]:
        """The answers of the head."""
        if self.of.form == "npz":
            return features @ self.get("head/kernel") + self.get("head/bias")
        head = {"timm": "head", "torchvision": "heads.head"}.get(self.of.form, "classifier")
        return self.linear(head, features)

    def get(self, name: str) -> Tensor:
        """A tensor of the file in float64."""
        return self.of.tensors[name].double()

    def linear(self, name: str, x: Tensor) -> Tensor:
        """x W^T + b with the weight and the bias of a module."""
        return F.linear(x, self.get(f"{name}.weight"), self.get(f"{name}.bias"))

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Layer norm over the last axis."""
        scale, bias = ("/scale", "/bias") if self.of.form == "npz" else (".weight", ".bias")
        centred = x - x.mean(-1, keepdim=True)
        variance = centred.square().mean(-1, keepdim=True)
        normal = centred / (variance + self.of.eps).sqrt()
        return normal * self.get(name + scale) + self.get(name + bias)

    def gelu(self, x: Tensor) -> Tensor:
        """x times the normal distribution function, or its approximation by tanh."""
        if self.of.gelu == "tanh":
            return 0.5 * x * (1 + torch.tanh(sqrt(2 / torch.pi) * (x + 0.044715 * x**3)))
        return 0.5 * x * (1 + torch.erf(x / sqrt(2)))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """softmax(q k^T / sqrt(d)) v for heads [N H T d]."""
        return torch.softmax(q @ k.transpose(-2, -1) / sqrt(q.shape[-1]), -1) @ v

    def with_token(self, patches: Tensor, token: str, positions: str) -> Tensor:
        """The class token before the patches, plus the positions."""
        first = self.get(token).expand(len(patches), -1, -1)
        return torch.cat((first, patches), 1) + self.get(positions)


def _convolved(net: Independent, x: Tensor, name: str) -> Tensor:
    """The patches by the convolution that the file stores."""
    kernel, bias = net.get(f"{name}.weight"), net.get(f"{name}.bias")
    return F.conv2d(x, kernel, bias, stride=kernel.shape[-1]).flatten(2).transpose(1, 2)


def _timm_embed(net: Independent, x: Tensor) -> Tensor:
    return net.with_token(_convolved(net, x, "patch_embed.proj"), "cls_token", "pos_embed")


def _timm_block(net: Independent, i: int, x: Tensor) -> Tensor:
    at, (count, tokens, width) = f"blocks.{i}.", x.shape
    fused = net.linear(f"{at}attn.qkv", net.norm(f"{at}norm1", x))
    q, k, v = fused.reshape(count, tokens, 3, net.of.sizes.heads, -1).permute(2, 0, 3, 1, 4)
    out = net.attend(q, k, v).transpose(1, 2).reshape(count, tokens, width)
    x = x + net.linear(f"{at}attn.proj", out)
    hidden = net.gelu(net.linear(f"{at}mlp.fc1", net.norm(f"{at}norm2", x)))
    return x + net.linear(f"{at}mlp.fc2", hidden)


def _torchvision_embed(net: Independent, x: Tensor) -> Tensor:
    return net.with_token(_convolved(net, x, "conv_proj"), "class_token", "encoder.pos_embedding")


def _torchvision_block(net: Independent, i: int, x: Tensor) -> Tensor:
    at = f"encoder.layers.encoder_layer_{i}."
    y = net.norm(f"{at}ln_1", x).transpose(0, 1)
    # torch's own function of nn.MultiheadAttention, which torchvision's blocks contain.
    out, _ = F.multi_head_attention_forward(
        y, y, y, x.shape[-1], net.of.sizes.heads,
        net.get(f"{at}self_attention.in_proj_weight"), net.get(f"{at}self_attention.in_proj_bias"),
        None, None, False, 0.0,
        net.get(f"{at}self_attention.out_proj.weight"),
        net.get(f"{at}self_attention.out_proj.bias"), training=False, need_weights=False,
    )  # fmt: skip
    x = x + out.transpose(0, 1)
    hidden = net.gelu(net.linear(f"{at}mlp.0", net.norm(f"{at}ln_2", x)))
    return x + net.linear(f"{at}mlp.3", hidden)


def _hf_embed(net: Independent, x: Tensor) -> Tensor:
    at = "vit.embeddings."
    patches = _convolved(net, x, f"{at}patch_embeddings.projection")
    return net.with_token(patches, f"{at}cls_token", f"{at}position_embeddings")


def _hf_block(net: Independent, i: int, x: Tensor) -> Tensor:
    disk = net.of.form == "hf"
    at = f"vit.encoder.layer.{i}." if disk else f"vit.layers.{i}."
    attention = [f"attention.attention.{n}" for n in ("query", "key", "value")]
    out, fc1, fc2 = "attention.output.dense", "intermediate.dense", "output.dense"
    if not disk:
        attention = [f"attention.{n}_proj" for n in "qkv"]
        out, fc1, fc2 = "attention.o_proj", "mlp.fc1", "mlp.fc2"
    y = net.norm(f"{at}layernorm_before", x)
    heads = (len(x), x.shape[1], net.of.sizes.heads, -1)
    q, k, v = (net.linear(at + name, y).view(heads).transpose(1, 2) for name in attention)
    x = x + net.linear(at + out, net.attend(q, k, v).transpose(1, 2).flatten(2))
    hidden = net.gelu(net.linear(at + fc1, net.norm(f"{at}layernorm_after", x)))
    return x + net.linear(at + fc2, hidden)


def _npz_embed(net: Independent, x: Tensor) -> Tensor:
    kernel = net.get("embedding/kernel")  # [p p C D]
    p = kernel.shape[0]
    cut = x.unfold(2, p, p).unfold(3, p, p)  # [N C h w p p]
    patches = torch.einsum("nchwpq,pqcd->nhwd", cut, kernel) + net.get("embedding/bias")
    return net.with_token(patches.flatten(1, 2), "cls", "Transformer/posembed_input/pos_embedding")


def _npz_block(net: Independent, i: int, x: Tensor) -> Tensor:
    at = f"Transformer/encoderblock_{i}/"
    attention = f"{at}MultiHeadDotProductAttention_1/"
    y = net.norm(f"{at}LayerNorm_0", x)
    q, k, v = (
        torch.einsum("ntd,dhe->nhte", y, net.get(f"{attention}{name}/kernel"))
        + net.get(f"{attention}{name}/bias")[:, None]
        for name in ("query", "key", "value")
    )
    out = torch.einsum("nhte,hed->ntd", net.attend(q, k, v), net.get(f"{attention}out/kernel"))
    x = x + out + net.get(f"{attention}out/bias")
    y = net.norm(f"{at}LayerNorm_2", x)
    mlp = f"{at}MlpBlock_3/Dense_"
    hidden = net.gelu(y @ net.get(f"{mlp}0/kernel") + net.get(f"{mlp}0/bias"))
    return x + hidden @ net.get(f"{mlp}1/kernel") + net.get(f"{mlp}1/bias")


EMBED = {
    "timm": _timm_embed, "torchvision": _torchvision_embed, "hf": _hf_embed,
    "hf-memory": _hf_embed, "npz": _npz_embed,
}  # fmt: skip
BLOCK = {
    "timm": _timm_block, "torchvision": _torchvision_block, "hf": _hf_block,
    "hf-memory": _hf_block, "npz": _npz_block,
}  # fmt: skip
