"""Proof that a loaded network computes what its file means: block by block against an independent
computation, and against stored outputs of the original network if there are any.

Differences are relative to the standard deviation of each activation. The comparison that decides
is in float64, where only a real difference remains; float32 is reported beside it.

    N images · T tokens · D width · K outputs
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from etude.errors import InvalidValue, UsageError, cause
from etude.layers.patches import cut
from etude.locale.texts import Text, text
from etude.models.weights.files import COPIES, DAMAGE, arrays
from etude.models.weights.foreign import Foreign
from etude.models.weights.independent import Independent
from etude.models.weights.order import as_ppc
from etude.system import limits, portable

EXACT = 1e-9
"""Largest difference in float64. A wrong epsilon of 1e-12 for 1e-6 makes about 1e-6."""
ROUNDING, FAR = 3e-6, 1e-4
"""Of stored float32 outputs: differences below the first are rounding; above the second are not."""
CLEARER = 3
"""How many times nearer a known mistake must come to stored outputs, to be named as the cause."""
IMAGES = 2
INPUTS = ("x", "images", "input", "inputs", "pixel_values")
LOGITS = ("logits", "output", "outputs")
ORDERS = {"k q v": (1, 0, 2), "q v k": (0, 2, 1), "v k q": (2, 1, 0), "k v q": (2, 0, 1)}
"""Orders in which a file may hold query, key and value: the place of q, k and v among the parts."""


@runtime_checkable
class Encoder(Protocol):
    """The parts of our Vision Transformer that are compared."""

    blocks: nn.Sequential
    norm: nn.LayerNorm


@dataclass(frozen=True)
class Proof:
    """blocks: compared. largest: the largest difference in float64; single: in float32. reference:
    the difference from stored outputs of the original network; None if there are none."""

    blocks: int
    largest: float
    single: float
    reference: float | None

    def sentences(self) -> Iterator[Text]:
        """What was compared and how far it differs."""
        values = {"blocks": self.blocks, "largest": f"{self.largest:.0e}"}
        yield text("weights.parity", **values, single=f"{self.single:.0e}")
        if self.reference is None:
            yield text("weights.parity.no_reference")
        else:
            yield text("weights.parity.reference", difference=f"{self.reference:.0e}")


def prove(source: Foreign, model: nn.Module) -> Proof:
    """Compare the blocks of `model`, which holds the weights of `source`, with the file itself.

    Raises UsageError if they differ, with the first step that does, or if stored outputs differ,
    with the known mistake that explains it.
    """
    assert isinstance(model, Encoder)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        largest, single = _by_blocks(source, model)
        difference = None if source.stored.reference is None else _against_outputs(source)
    model.train(was_training)
    return Proof(source.sizes.depth, largest, single, difference)


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference, relative to the standard deviation of what is expected."""
    spread = float(theirs.double().std()) or 1.0
    return float((ours.double() - theirs.double()).abs().max()) / spread


def _by_blocks(source: Foreign, model: Encoder) -> tuple[float, float]:
    """The largest differences over all steps: in float64, in float32."""
    sizes, net = source.sizes, Independent(source)
    shape = (IMAGES, sizes.channels, *(side * sizes.patch for side in sizes.grid))
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    theirs = net.embed(x)
    ours, single = (_embedded(source, x.to(kind)) for kind in (torch.float64, torch.float32))
    steps = [(difference(ours, theirs), difference(single, theirs), text("weights.step.embed"))]
    for i, block in enumerate(model.blocks):
        # A copy of one block at a time: the whole network in float64 may not fit into memory.
        ours, single = copy.deepcopy(block).double()(ours), block(single)
        theirs = net.block(i, theirs)
        where = text("weights.step.block", number=i)
        steps.append((difference(ours, theirs), difference(single, theirs), where))
    ours = copy.deepcopy(model.norm).double()(ours)[:, 0]
    single, theirs = model.norm(single)[:, 0], net.features(theirs)
    where = text("weights.step.norm")
    steps.append((difference(ours, theirs), difference(single, theirs), where))
    first = next((step for step in steps if not step[0] <= EXACT), None)
    if first:
        raise UsageError(
            text("weights.unequal", path=source.stored.path, where=first[2], far=f"{first[0]:.0e}"),
            do=text("weights.unequal.do"),
        )
    return max(step[0] for step in steps), max(step[1] for step in steps)


def _embedded(source: Foreign, x: Tensor) -> Tensor:
    """The tokens by our own road, from the weights in our layout: a product with cut patches."""
    own = source.ours(x.dtype)
    kernel = own["patch_embed.proj.weight"].flatten(1)
    patches = F.linear(cut(x, source.sizes.patch), kernel, own["patch_embed.proj.bias"])
    first = own["cls_token"].expand(len(x), -1, -1)
    return torch.cat((first, patches), 1) + own["pos_embed"]


@dataclass(frozen=True)
class Outputs:
    """What the original network computed. images [N C H W]; features [N D]: the class token after
    the last norm; logits [N K]; None: not stored, or not comparable."""

    images: Tensor
    features: Tensor | None
    logits: Tensor | None


def _against_outputs(source: Foreign) -> float | None:
    """The difference from stored outputs; None if none can be compared. Raises UsageError if it is
    more than rounding."""
    stored = _stored_outputs(source)
    if stored.features is None and stored.logits is None:
        return None
    plain = as_timm(source)
    base = _distance(plain, stored)
    if base <= ROUNDING:
        return base
    tried = [(_distance(net, stored), why) for why, net in mistakes(plain)]
    best, why = min(tried, key=lambda pair: pair[0])
    if best * CLEARER < base:
        explained = text("weights.outputs.explained", why=why, far=f"{best:.0e}")
    elif base <= FAR:
        return base
    elif stored.features is not None and _distance(plain, replace(stored, logits=None)) <= FAR:
        explained = text("weights.outputs.between")
    else:
        names = tuple(each for _, each in tried)
        explained = text("weights.outputs.unexplained", names=names)
    path, reference = source.stored.path, source.stored.reference or ""
    values = {"path": path, "reference": reference, "far": f"{base:.0e}"}
    raise UsageError(
        text("weights.outputs", **values, explained=explained), do=text("weights.outputs.do")
    )


def _stored_outputs(source: Foreign) -> Outputs:
    """The outputs beside the weights. Raises UsageError for a file without them."""
    path, sizes = source.stored.reference or "", source.sizes
    shape = (sizes.channels, *(side * sizes.patch for side in sizes.grid))
    try:
        content = limits.content(portable.open_to_read(path), limits.memory() // COPIES)
        found = arrays(content)
        x = next((found[name] for name in INPUTS if name in found), None)
        logits = next((found[name] for name in LOGITS if name in found), None)
        features = found.get("features")
        if x is None or (logits is None and features is None):
            raise InvalidValue(text("weights.outputs.names", inputs=INPUTS, outputs=LOGITS))
        # Without the layers before it, or without itself, the head answers something else.
        if not sizes.outputs or "pre_logits" in source.dropped:
            logits = None
        for y, columns in ((features, sizes.width), (logits, sizes.outputs)):
            if tuple(x.shape[1:]) != shape or not len(x):
                raise _misfit(x, shape)
            if y is not None and tuple(y.shape) != (len(x), columns):
                raise _misfit(y, (len(x), columns))
    except DAMAGE as error:
        raise UsageError(text("weights.unreadable", path=path, why=cause(error))) from None
    few = (None if y is None else y[:IMAGES] for y in (features, logits))
    return Outputs(x[:IMAGES], *few)


def _misfit(x: Tensor, expected: tuple[int, ...]) -> InvalidValue:
    return InvalidValue(text("weights.outputs.shape", shape=tuple(x.shape), expected=expected))


def as_timm(source: Foreign) -> Foreign:
    """The same network with the names and the layout of timm, in float64."""
    return replace(source, form="timm", tensors=source.ours(torch.float64))


def _distance(source: Foreign, stored: Outputs) -> float:
    """How far the outputs of a network are from stored ones."""
    net = Independent(source)
    tokens = net.embed(stored.images.double())
    for i in range(source.sizes.depth):
        tokens = net.block(i, tokens)
    own, differences = net.features(tokens), [0.0]
    if stored.features is not None:
        differences.append(difference(own, stored.features))
    if stored.logits is not None:
        differences.append(difference(net.logits(own), stored.logits))
    return max(differences)


def mistakes(plain: Foreign) -> Iterator[tuple[Text, Foreign]]:
    """What a file with fitting names and shapes may mean after all, and the network that it then
    is. plain: from `as_timm`."""
    sizes, own = plain.sizes, plain.tensors

    def of(changed: Mapping[str, Tensor]) -> Foreign:
        return replace(plain, tensors={**own, **changed})

    kernel = own["patch_embed.proj.weight"]
    yield text("weights.mistake.patch_order"), of({"patch_embed.proj.weight": as_ppc(kernel)})
    for eps in (1e-12, 1e-6, 1e-5):
        if eps != plain.eps:
            yield text("weights.mistake.eps", eps=f"{eps:g}"), replace(plain, eps=eps)
    other = "tanh" if plain.gelu == "exact" else "exact"
    yield text(f"weights.mistake.gelu.{other}"), replace(plain, gelu=other)
    fused = {name: x for name, x in own.items() if "attn.qkv." in name}
    for order, places in ORDERS.items():
        moved = {n: torch.cat([x.chunk(3)[p] for p in places]) for n, x in fused.items()}
        yield text("weights.mistake.qkv", order=order), of(moved)
    by_head = {
        name: rearrange(x, "(h three d) ... -> (three h d) ...", h=sizes.heads, three=3)
        for name, x in fused.items()
    }
    yield text("weights.mistake.qkv", order="(h 3 d)"), of(by_head)
    swapped = {n: own[n.replace("norm1", "norm2")] for n in own if ".norm1." in n}
    swapped |= {n: own[n.replace("norm2", "norm1")] for n in own if ".norm2." in n}
    yield text("weights.mistake.norms"), of(swapped)
    if sizes.channels == 3:
        flipped = {"patch_embed.proj.weight": kernel.flip(1)}
        yield text("weights.mistake.channels"), of(flipped)
    for heads in (h for h in range(1, 33) if sizes.width % h == 0 and h != sizes.heads):
        changed = replace(sizes, heads=heads)
        yield text("weights.mistake.heads", heads=heads), replace(plain, sizes=changed)
