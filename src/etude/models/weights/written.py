"""A Vision Transformer of ours in the names, layouts and descriptions of other libraries."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from etude.errors import UsageError
from etude.locale.texts import text
from etude.models.vit import Config
from etude.models.weights import names
from etude.models.weights.names import Form
from etude.shapes import Spec
from etude.system.limits import Plain

EPS = 1e-6
"""The epsilon of timm, torchvision and the official code, which their files cannot state."""
TINY = "vit_tiny_patch16_224"
"""An architecture of timm whose arguments config.json replaces."""


@dataclass(frozen=True)
class Description:
    """What a file says beside the weights. spec: of the samples; classes: their names; mean, std:
    of pixels from 0 to 1, by channel."""

    config: Config
    spec: Spec
    classes: Sequence[str]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def hidden(self) -> int:
        """Hidden units of an MLP."""
        return round(self.config.width * self.config.mlp_ratio)


def written(model: nn.Module, form: Form, config: Config) -> dict[str, Tensor]:
    """The tensors of a model under the names of a form, in its layout. They are exact copies.

    Raises UsageError if the form cannot state the model's epsilon or GELU.
    """
    problems = []
    if not form.startswith("hf") and config.eps != EPS:
        problems.append(text("weights.written.eps", eps=f"{config.eps:g}", own=f"{EPS:g}"))
    if form in ("torchvision", "npz") and config.gelu != "exact":
        problems.append(text("weights.written.gelu"))
    if problems:
        label = text(f"weights.form.{form}")
        raise UsageError(text("weights.written.refused", form=label), items=problems)
    own, result = model.state_dict(), dict[str, Tensor]()
    for entry in names.entries(form, config.depth, head=True):
        parts = names.from_ours(form, entry.here, own[entry.here].detach(), config.heads)
        for name, part in zip(entry.there, parts, strict=True):
            result[name] = part.clone(memory_format=torch.contiguous_format)
    return result


def metadata(about: Description) -> dict[str, str]:
    """What a single file states in its header, because its names and shapes cannot."""
    config, (_, height, width) = about.config, about.spec.shape
    return {
        "format": "pt",
        "heads": str(config.heads),
        "eps": repr(config.eps),
        "gelu": config.gelu,
        "image": f"{height}x{width}",
    }


def timm_config(about: Description) -> Plain:
    """The config.json of a folder that timm reads: `timm.create_model("local-dir:FOLDER")`."""
    config, (channels, height, width) = about.config, about.spec.shape
    # timm rounds width * ratio down.
    ratio = (about.hidden + 0.5) / config.width
    exact = about.hidden / config.width
    arguments: Plain = {
        "img_size": [height, width],
        "patch_size": config.patch,
        "in_chans": channels,
        "num_classes": about.spec.outputs,
        "global_pool": "token",
        "embed_dim": config.width,
        "depth": config.depth,
        "num_heads": config.heads,
        "mlp_ratio": exact if int(config.width * exact) == about.hidden else ratio,
    }
    if config.gelu == "tanh":
        arguments["act_layer"] = "gelu_tanh"
    prepared = {
        "input_size": [channels, height, width],
        "mean": list(about.mean),
        "std": list(about.std),
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "crop_mode": "center",
        "fixed_input_size": True,
        "num_classes": about.spec.outputs,
        "first_conv": "patch_embed.proj",
        "classifier": "head",
    }
    labels = {"label_names": list(about.classes)} if about.classes else {}
    return {
        "architecture": TINY,
        "num_classes": about.spec.outputs,
        "num_features": config.width,
        "global_pool": "token",
        **labels,
        "model_args": arguments,
        "pretrained_cfg": {**prepared, **labels},
    }


def hf_config(about: Description) -> Plain:
    """The config.json that `ViTForImageClassification.from_pretrained` reads."""
    config, (channels, height, width) = about.config, about.spec.shape
    labels = list(about.classes) or [f"LABEL_{i}" for i in range(about.spec.outputs)]
    return {
        "architectures": ["ViTForImageClassification"],
        "model_type": "vit",
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": about.hidden,
        "hidden_act": "gelu" if config.gelu == "exact" else "gelu_pytorch_tanh",
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.att_dropout,
        "layer_norm_eps": config.eps,
        "image_size": height if height == width else [height, width],
        "patch_size": config.patch,
        "num_channels": channels,
        "qkv_bias": True,
        "id2label": {str(i): label for i, label in enumerate(labels)},
        "label2id": {label: i for i, label in enumerate(labels)},
        "dtype": "float32",
    }


def hf_preparation(about: Description) -> Plain:
    """The preprocessor_config.json of the images."""
    _, height, width = about.spec.shape
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": height, "width": width},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(about.mean),
        "image_std": list(about.std),
    }
