"""The names and layouts of a Vision Transformer's weights in the files of five libraries, as data.

One row per module, one column per form. A form differs from ours by names and by layout only, so
every conversion is exact in both directions.

    timm         R. Wightman's timm; our own names
    torchvision  torchvision.models.vit_*
    hf           transformers' ViT as `save_pretrained` writes it
    hf-memory    transformers' ViT, version 5, in memory
    npz          the published .npz files of the paper's official code (google-research)

    D width · H heads · d head width · p patch · C channels
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Form = Literal["timm", "torchvision", "hf", "hf-memory", "npz"]
FORMS: tuple[Form, ...] = ("timm", "torchvision", "hf", "hf-memory", "npz")
PREFIXES = ("", "module.", "model.", "backbone.", "module.backbone.", "opt/target/")
"""What training code puts before every name."""

LAYER = "encoder.layers.encoder_layer_{i}."
DISK, MEMORY = "vit.encoder.layer.{i}.", "vit.layers.{i}."
NPZ = "Transformer/encoderblock_{i}/"
ATTENTION = "MultiHeadDotProductAttention_1/"

# Ours and timm's | torchvision | HF on disk | HF in memory | .npz. A "|" lists query, key, value.
TABLE: tuple[tuple[str, ...], ...] = (
    ("cls_token", "class_token", *["vit.embeddings.cls_token"] * 2, "cls"),
    (
        "pos_embed", "encoder.pos_embedding", *["vit.embeddings.position_embeddings"] * 2,
        "Transformer/posembed_input/pos_embedding",
    ),
    (
        "patch_embed.proj", "conv_proj", *["vit.embeddings.patch_embeddings.projection"] * 2,
        "embedding",
    ),
    (
        "blocks.{i}.norm1", LAYER + "ln_1", DISK + "layernorm_before",
        MEMORY + "layernorm_before", NPZ + "LayerNorm_0",
    ),
    (
        "blocks.{i}.attn.qkv", LAYER + "self_attention.in_proj",
        DISK + "attention.attention.query|key|value", MEMORY + "attention.q_proj|k_proj|v_proj",
        NPZ + ATTENTION + "query|key|value",
    ),
    (
        "blocks.{i}.attn.proj", LAYER + "self_attention.out_proj",
        DISK + "attention.output.dense", MEMORY + "attention.o_proj", NPZ + ATTENTION + "out",
    ),
    (
        "blocks.{i}.norm2", LAYER + "ln_2", DISK + "layernorm_after",
        MEMORY + "layernorm_after", NPZ + "LayerNorm_2",
    ),
    (
        "blocks.{i}.mlp.fc1", LAYER + "mlp.0", DISK + "intermediate.dense",
        MEMORY + "mlp.fc1", NPZ + "MlpBlock_3/Dense_0",
    ),
    (
        "blocks.{i}.mlp.fc2", LAYER + "mlp.3", DISK + "output.dense",
        MEMORY + "mlp.fc2", NPZ + "MlpBlock_3/Dense_1",
    ),
    ("norm", "encoder.ln", *["vit.layernorm"] * 2, "Transformer/encoder_norm"),
    ("head", "heads.head", *["classifier"] * 2, "head"),
)  # fmt: skip
COLUMNS: dict[Form, int] = {"timm": 0, "torchvision": 1, "hf": 2, "hf-memory": 3, "npz": 4}
SINGLE = ("cls_token", "pos_embed")
"""Modules that are one tensor."""
OLD = (("mlp.linear_1.", "mlp.0."), ("mlp.linear_2.", "mlp.3."))
"""Names in the published files of torchvision, which it renames itself while it loads them."""


@dataclass(frozen=True)
class Entry:
    """One tensor of ours and where a file holds it: one name, or those of query, key and value."""

    here: str
    there: tuple[str, ...]


def entries(form: Form, depth: int, head: bool) -> Iterator[Entry]:
    """Every tensor of a network of `depth` blocks, with or without the head."""
    for row in TABLE:
        if row[0] == "head" and not head:
            continue
        for i in range(depth) if "{i}" in row[0] else (0,):
            here, there = (cell.replace("{i}", str(i)) for cell in (row[0], row[COLUMNS[form]]))
            for leaf in ("",) if here in SINGLE else ("weight", "bias"):
                name = f"{here}.{leaf}" if leaf else here
                yield Entry(name, tuple(_leaf(form, part, leaf) for part in _parts(there)))


def _parts(there: str) -> list[str]:
    """The modules of a cell: "a.query|key" becomes a.query and a.key."""
    first, *more = there.split("|")
    stem = first[: re.search(r"[^./]*$", first).start()]  # type: ignore[union-attr]  # matches ""
    return [first, *(stem + part for part in more)]


def _leaf(form: Form, module: str, leaf: str) -> str:
    """The name of a module's weight or bias."""
    if not leaf:
        return module
    if module.endswith("in_proj"):
        return f"{module}_{leaf}"
    if form != "npz":
        return f"{module}.{leaf}"
    norm = "LayerNorm" in module or module.endswith("encoder_norm")
    return f"{module}/{'scale' if norm else 'kernel'}" if leaf == "weight" else f"{module}/bias"


def recognised(names: Iterable[str]) -> tuple[Form, dict[str, str]] | None:
    """(form, the file's own name by its name in the table) by the form that fits most names; None
    if no form has a whole block."""
    every = list(names)
    best: tuple[int, Form, dict[str, str]] | None = None
    for prefix in PREFIXES:
        for form in FORMS:
            named = {_standard(form, name, prefix): name for name in every}
            known = {
                name for entry in entries(form, _depth(form, named), True) for name in entry.there
            }
            count = len(known & set(named))
            if _depth(form, named) and (best is None or count > best[0]):
                best = count, form, named
    return None if best is None else (best[1], best[2])


def _standard(form: Form, name: str, prefix: str) -> str:
    """The name as in the table: without a prefix, and with HF's own."""
    name = name.removeprefix(prefix)
    if form.startswith("hf") and re.match(r"(embeddings|encoder|layers|layernorm|pooler)\.", name):
        return f"vit.{name}"  # ViTModel, which has no head, leaves its own name out
    if form == "torchvision":
        for old, new in OLD:
            name = name.replace(old, new)
    return name


def _depth(form: Form, names: Iterable[str]) -> int:
    """The number of blocks: one more than the highest index of a first norm."""
    cell = next(row for row in TABLE if row[0] == "blocks.{i}.norm1")[COLUMNS[form]]
    before, after = cell.split("{i}")
    pattern = re.compile(re.escape(before) + r"(\d{1,4})" + re.escape(after) + r"[./]")
    return max((int(m[1]) + 1 for name in names if (m := pattern.match(name))), default=0)


def depth(form: Form, names: Iterable[str]) -> int:
    """The number of blocks that a file of this form names."""
    return _depth(form, names)


def to_ours(form: Form, here: str, tensors: list[Tensor]) -> Tensor:
    """Our tensor `here` from those of a file."""
    if form == "npz":
        tensors = [_from_npz(here, each) for each in tensors]
    return torch.cat(tensors) if len(tensors) > 1 else tensors[0]


def _from_npz(here: str, x: Tensor) -> Tensor:
    """An array of a .npz file as torch's layers hold it: kernels are [in out] there, and those of
    attention have an axis of heads."""
    if here == "patch_embed.proj.weight":  # [p p C D]
        return x.permute(3, 2, 0, 1)
    if here.endswith("attn.qkv.weight"):  # [D H d]
        return x.flatten(1).T
    if here.endswith("attn.qkv.bias"):  # [H d]
        return x.flatten()
    if here.endswith("attn.proj.weight"):  # [H d D]
        return x.flatten(0, 1).T
    return x.T if here.endswith(".weight") and x.ndim == 2 else x


def from_ours(form: Form, here: str, x: Tensor, heads: int) -> list[Tensor]:
    """The tensors of a file, in the order of `Entry.there`, from our tensor `here`."""
    parts = list(x.chunk(3)) if "attn.qkv" in here and form in ("hf", "hf-memory", "npz") else [x]
    return [_to_npz(here, each, heads) for each in parts] if form == "npz" else parts


def _to_npz(here: str, x: Tensor, heads: int) -> Tensor:
    if here == "patch_embed.proj.weight":
        return x.permute(2, 3, 1, 0)
    if here.endswith("attn.qkv.weight"):
        return x.T.reshape(len(x), heads, -1)
    if here.endswith("attn.qkv.bias"):
        return x.reshape(heads, -1)
    if here.endswith("attn.proj.weight"):
        return x.T.reshape(heads, -1, len(x))
    return x.T if here.endswith(".weight") and x.ndim == 2 else x
