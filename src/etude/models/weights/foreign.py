"""Foreign: a Vision Transformer in a file, recognised by its names, with its sizes and conventions.

Sizes come from shapes. What shapes cannot say (heads, epsilon, GELU, the grid of positions) comes
from the description beside the file, from the user, or from the convention of the form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt, prod

import torch
from torch import Tensor

from etude.errors import UsageError
from etude.locale.texts import Sentence, Text, text
from etude.models.weights import names
from etude.models.weights.description import Description, described
from etude.models.weights.files import Stored
from etude.models.weights.names import Form
from etude.models.weights.order import unflattened

HEAD_WIDTH = 64
WIDE_HEADS = {1152: 16, 1280: 16, 1408: 16, 1664: 16}
"""Heads of published networks (SoViT-400m, ViT-H, -g, -G) whose heads are not 64 wide."""
OTHER = (
    (r"dist_token|distillation_token|head_dist", "distilled"),
    (r"reg_token|register_token", "registers"),
    (r"\.ls[12]\.|\.gamma_[12]|lambda1|layer_scale", "layer_scale"),
    (r"(^|\.)fc_norm\.", "average"),
    (r"q_norm|k_norm", "query_norm"),
    (r"norm_pre\.|pre_layernorm|ln_pre", "norm_before"),
    (r"rope|rotary|relative_position|rel_pos", "positions"),
    (r"attn_pool|attention_pool|(^|\.)head\.probe", "attention_pool"),
    (r"decoder", "decoder"),
    (r"w12|w3\.|fc1_g|gate_proj", "gated"),
    (r"patch_embed\.backbone|conv_root|block[1-4]/unit|patch_embeddings\.backbone", "hybrid"),
)
"""Parts that other architectures have, by their names: with them the numbers cannot agree."""
DROPPED = (
    (r"^vit\.pooler\.", "pooler"),
    (r"^pre_logits[./]", "pre_logits"),
    (r"^vit\.embeddings\.mask_token$", "mask_token"),
)
"""Parts that are not used between the image and the class token."""


@dataclass(frozen=True)
class Sizes:
    """D width, blocks, heads, hidden units of an MLP, side of a patch, channels, (rows, columns) of
    the grid of patches, outputs of the head (0: there is none)."""

    width: int
    depth: int
    heads: int
    hidden: int
    patch: int
    channels: int
    grid: tuple[int, int]
    outputs: int


@dataclass(frozen=True)
class Foreign:
    """A recognised network.

    tensors: by the names of the table. about: what its description says. eps: of all layer norms;
    gelu: "exact" or "tanh". dropped: parts that are left out. notes: for the user.
    """

    form: Form
    stored: Stored
    tensors: dict[str, Tensor]
    sizes: Sizes
    about: Description
    eps: float
    gelu: str
    dropped: tuple[str, ...]
    notes: tuple[Text, ...]

    def ours(self, kind: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """Its tensors under our names, in our layout."""
        result = {}
        for entry in names.entries(self.form, self.sizes.depth, self.sizes.outputs > 0):
            parts = [self.tensors[name].to(kind) for name in entry.there]
            result[entry.here] = names.to_ours(self.form, entry.here, parts).contiguous()
        return result


def foreign(source: Stored, heads: int, grid: tuple[int, int] | None) -> Foreign:
    """Recognise the network of a file. heads, grid: what the user says; 0 and None if nothing.

    Raises UsageError, with every name that is missing or unexpected and every wrong shape.
    """
    known = names.recognised(source.tensors)
    if known is None:
        some = tuple(sorted(source.tensors)[:5])
        raise UsageError(
            text("weights.unknown", path=source.path, names=some), do=text("weights.unknown.do")
        )
    form, named = known
    about = described(source)
    tensors = {name: source.tensors[stored] for name, stored in named.items()}
    notes = [*source.notes, *about.notes]
    _fill_biases(form, tensors, notes)
    _unflatten(source, form, tensors, about, notes)
    dropped = {kind: name for name in tensors for kind in [_kind(name, DROPPED)] if kind}
    for name in [n for n in tensors if _kind(n, DROPPED)]:
        del tensors[name]
    sizes = _sizes(source, form, tensors, about, heads, grid, notes)
    problems = [*_misfits(form, tensors, sizes, named), *about.contradictions(sizes)]
    if problems:
        raise UsageError(
            text("weights.misfit", path=source.path, form=text(f"weights.form.{form}")),
            items=problems,
        )
    eps = about.eps if about.eps is not None else (1e-12 if form.startswith("hf") else 1e-6)
    notes += [text(f"weights.dropped.{kind}") for kind in sorted(dropped)]
    return Foreign(
        form, source, tensors, sizes, about, eps, about.gelu, tuple(sorted(dropped)), tuple(notes)
    )


def _kind(name: str, table: tuple[tuple[str, str], ...]) -> str:
    """The second word of the first row whose pattern a name has; "" if none."""
    return next((kind for pattern, kind in table if re.search(pattern, name)), "")


def _fill_biases(form: Form, tensors: dict[str, Tensor], notes: list[Text]) -> None:
    """Zeros for biases of query, key and value if no block has any: that is the same function."""
    rows = [
        entry
        for entry in names.entries(form, names.depth(form, tensors), False)
        if entry.here.endswith("attn.qkv.bias")
    ]
    wanted = [name for entry in rows for name in entry.there]
    if not wanted or any(name in tensors for name in wanted):
        return
    for name in wanted:
        stem = re.sub(r"bias$", "kernel" if form == "npz" else "weight", name)
        if (kernel := tensors.get(stem)) is not None and kernel.ndim > 1:
            tensors[name] = torch.zeros(kernel.shape[1:] if form == "npz" else kernel.shape[:1])
    notes.append(text("weights.no_biases"))


def _unflatten(
    source: Stored, form: Form, tensors: dict[str, Tensor], about: Description, notes: list[Text]
) -> None:
    """Replace a patch embedding that is stored as a matrix by its kernel. Raises UsageError if its
    order cannot be known."""
    entry = next(e for e in names.entries(form, 0, False) if e.here == "patch_embed.proj.weight")
    flat = tensors.get(entry.there[0])
    if flat is None or flat.ndim != 2 or form == "npz":
        return
    patch = next((value for _, size, value in about.stated if size == "patch"), 0)
    found = unflattened(flat, patch)
    if found is None:
        raise UsageError(text("weights.refused", path=source.path), items=[text("weights.flat")])
    tensors[entry.there[0]] = found[0].contiguous()
    notes.append(text("weights.flat.found", order=found[1]))


def _sizes(
    source: Stored,
    form: Form,
    tensors: dict[str, Tensor],
    about: Description,
    heads: int,
    grid: tuple[int, int] | None,
    notes: list[Text],
) -> Sizes:
    """All sizes. Raises UsageError if a tensor that they are read from is missing or of a shape
    that no Vision Transformer has."""
    first = {entry.here: entry.there[0] for entry in names.entries(form, 1, True)}

    def shape(here: str, axes: int) -> tuple[int, ...]:
        x = tensors.get(first[here])
        if x is None:
            reason: Sentence = _absence(here, first[here])
            raise UsageError(text("weights.sizes", path=source.path, why=reason))
        if x.ndim != axes or not x.numel():
            why = text("weights.axes", name=first[here], shape=tuple(x.shape), axes=axes)
            raise UsageError(text("weights.sizes", path=source.path, why=why))
        return tuple(x.shape)

    tokens, width = shape("pos_embed", 3)[1:]
    shape("cls_token", 3)
    kernel = shape("patch_embed.proj.weight", 4)
    patch, channels = (kernel[0], kernel[2]) if form == "npz" else (kernel[2], kernel[1])
    hidden = shape("blocks.0.mlp.fc1.bias", 1)[0]
    head = tensors.get(first["head.bias"])
    axes = tensors.get(first["blocks.0.attn.qkv.weight"])
    own = axes.shape[1] if form == "npz" and axes is not None and axes.ndim == 3 else 0
    return Sizes(
        width=width,
        depth=names.depth(form, tensors),
        heads=_heads(source, width, own or about.heads, heads, notes),
        hidden=hidden,
        patch=patch,
        channels=channels,
        grid=_grid(source, tokens - 1, patch, about, grid),
        outputs=0 if head is None else head.numel(),
    )


def _absence(here: str, name: str) -> Text:
    key = "weights.no_class_token" if here == "cls_token" else "weights.missing"
    return text(key, name=name)


def _heads(source: Stored, width: int, own: int, asked: int, notes: list[Text]) -> int:
    """The number of heads: the file's, the user's, or as in published networks of this width."""
    if own and asked and own != asked:
        raise UsageError(text("weights.heads.other", path=source.path, own=own, asked=asked))
    count = own or asked
    if not count:
        count = WIDE_HEADS.get(width, width // HEAD_WIDTH if width % HEAD_WIDTH == 0 else 0)
        if not count:
            raise UsageError(
                text("weights.heads.unknown", path=source.path, width=width),
                do=text("weights.heads.unknown.do"),
            )
        notes.append(text("weights.heads.guessed", heads=count, width=width))
    if width % count:
        raise UsageError(text("weights.heads.width", path=source.path, width=width, heads=count))
    return count


def _grid(
    source: Stored, tokens: int, patch: int, about: Description, asked: tuple[int, int] | None
) -> tuple[int, int]:
    """(rows, columns) of the positions: the user's, the description's, or the square root."""
    stated = asked
    if stated is None and about.image is not None:
        stated = (about.image[0] // patch, about.image[1] // patch)
    if stated is not None and prod(stated) == tokens:
        return stated
    side = isqrt(max(tokens, 0))
    if stated is not None or side * side != tokens or not tokens:
        fit = tuple(f"{h},{tokens // h}" for h in range(1, tokens + 1) if tokens % h == 0)
        values = {"path": source.path, "tokens": tokens, "grid": stated or ()}
        key = "weights.grid.other" if stated else "weights.grid.unknown"
        raise UsageError(text(key, **values), do=text("weights.grid.do", fit=fit[:20]))
    return side, side


def _misfits(
    form: Form, tensors: dict[str, Tensor], sizes: Sizes, named: dict[str, str]
) -> Iterator[Text]:
    """One line for each tensor that is missing, has a wrong shape, or is unexpected."""
    expected: set[str] = set()
    for entry in names.entries(form, sizes.depth, sizes.outputs > 0):
        ours = torch.empty(shape_of(entry.here, sizes), device="meta")
        parts = names.from_ours(form, entry.here, ours, sizes.heads)
        expected |= set(entry.there)
        for name, part in zip(entry.there, parts, strict=True):
            stored = named.get(name, name)
            if name not in tensors:
                yield text("weights.missing", name=stored)
            elif tensors[name].shape != part.shape:
                shapes = {"shape": tuple(tensors[name].shape), "expected": tuple(part.shape)}
                yield text("weights.shape", name=stored, **shapes)
    for name in sorted(set(tensors) - expected):
        kind = _kind(name, OTHER)
        stored = named.get(name, name)
        yield (
            text("weights.unexpected.kind", name=stored, why=text(f"weights.other.{kind}"))
            if kind
            else text("weights.unexpected", name=stored)
        )


def shape_of(here: str, sizes: Sizes) -> tuple[int, ...]:
    """The shape of one of our tensors in a network of these sizes."""
    width, hidden = sizes.width, sizes.hidden
    module, _, leaf = here.rpartition(".")
    if here == "cls_token":
        return 1, 1, width
    if here == "pos_embed":
        return 1, 1 + prod(sizes.grid), width
    if here == "patch_embed.proj.weight":
        return width, sizes.channels, sizes.patch, sizes.patch
    out = {"qkv": 3 * width, "fc1": hidden, "head": sizes.outputs}.get(module.split(".")[-1], width)
    into = hidden if module.endswith("fc2") else width
    vector = leaf == "bias" or "norm" in module
    return (out,) if vector else (out, into)
