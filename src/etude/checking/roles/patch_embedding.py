"""Patch embedding: images [N C H W] -> tokens [N P D], with or without class token and positions.

    N batch · C channels · P patches · D width · p q patch height, width

A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), equation 1.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange

from etude.checking import common, pixels
from etude.checking.build import READ, Sizes
from etude.checking.fit import Meant, search
from etude.checking.products import Use, unused, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, made_with, written
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Make, Trace, Weights
from etude.shapes import Tensor

N, C, PATCH, D = 2, 3, 4, 20
IMAGE = (8, 12)
POSITION = re.compile(r"\w*(pos|pe\b|position)\w*", re.IGNORECASE)
CLASS = re.compile(r"\w*(cls|class|special)\w*", re.IGNORECASE)


def patched(x: Tensor, p: int, q: int) -> Tensor:
    """[N C (h p) (w q)] -> [N (h w) (c p q)]."""
    return rearrange(x, "n c (h p) (w q) -> n (h w) (c p q)", p=p, q=q)


def embed(s: Steps) -> Tensor:
    """From s.image to tokens; s.token [D] and s.positions [P D] may be None; s.last: the class
    token is the last."""
    s.step("patches", lambda s: patched(s.image, s.p, s.q))
    s.step("embedded", lambda s: s.patches @ s.WP.mT + s.bP)
    s.step("joined", joined)
    tokens: Tensor = s.step(
        "placed", lambda s: s.joined if s.positions is None else s.joined + s.positions
    )
    return tokens


def joined(s: Steps) -> Any:
    """The class token before, or behind, the patches."""
    x: Tensor = s.embedded
    if s.token is None:
        return x
    token = s.token.expand(x.shape[0], 1, -1)
    return torch.cat([x, token] if s.last else [token, x], 1)


def _turned(s: Steps) -> Any:
    """[N P D] with numbers in the order of [N D P]: a view where axes should have moved."""
    x = s.patches @ s.WP.mT + s.bP
    return x.mT.reshape(x.shape)


def _flat(s: Steps) -> Any:
    """Cut out of memory in order, whatever the patches are."""
    return s.image.reshape(s.image.shape[0], -1, s.image.shape[1] * s.p * s.q)


def _columns(s: Steps) -> Any:
    """What F.unfold gives, [N (c p q) P], viewed as [N P (c p q)]."""
    x = patched(s.image, s.p, s.q)
    return x.mT.reshape(x.shape)


def _windows(s: Steps) -> Any:
    """What two calls of Tensor.unfold give, [N C h w p q], viewed as [N (h w) (C p q)]."""
    x = rearrange(s.image, "n c (h p) (w q) -> n c h w p q", p=s.p, q=s.q)
    return x.reshape(patched(s.image, s.p, s.q).shape)


def _swapped(order: str) -> Any:
    """Height and width taken for each other: other pixels on images that are not square."""

    def patches(s: Steps) -> Any:
        n, c, h, w = s.image.shape
        x = s.image.reshape(n, c, w, h)
        return rearrange(x, f"n c (h p) (w q) -> n {order} (c p q)", p=s.p, q=s.q)

    return patches


def _strips(pattern: str) -> Any:
    """Other cuts that keep the shape."""

    def patches(s: Steps) -> Any:
        n, c, h, w = s.image.shape
        count = h * w // (s.p * s.q)
        return rearrange(s.image.reshape(n, c, count, s.p, s.q), pattern)

    return patches


FAULTS = (
    Change("patches_scrambled", {"patches": _flat}),
    Change("patches_scrambled", {"patches": _strips("n c l p q -> n l (c p q)")}),
    Change("patches_scrambled", {"patches": _columns}),
    Change("patches_scrambled", {"patches": _windows}),
    Change("patches_scrambled", {"embedded": _turned}),
    Change("stride_missing", {"patches": lambda s: F.unfold(s.image, (s.p, s.q)).mT}),
    Change("height_width_swapped", {"patches": _swapped("(h w)")}),
    Change("height_width_swapped", {"patches": _swapped("(w h)")}),
    Change("positions_missing", {"placed": lambda s: s.joined}),
    Change("positions_same_for_all", {"placed": lambda s: s.joined + s.positions[:1]}),
    Change(
        "class_token_unused",
        {
            "joined": lambda s: s.embedded,
            "placed": lambda s: s.embedded + s.positions[: s.embedded.shape[1]],
        },
    ),
)
ORDERS = ("c p q", "p q c", "c q p", "q p c", "p c q", "q c p")
"""How the numbers of a patch may lie: a learned product takes any."""
TOKENS = (
    common.plain("rows_first"),
    Change(
        "columns_first",
        {
            "patches": lambda s: rearrange(
                s.image, "n c (h p) (w q) -> n (w h) (c p q)", p=s.p, q=s.q
            ),
        },
    ),
)


def image_size(subject: Subject) -> tuple[int, int]:
    """Height and width of the images it was made for; not square where it may choose."""
    shape = subject.sizes.get("image_shape")
    if shape is not None:
        return int(shape[-2]), int(shape[-1])
    size = subject.sizes.get("image", attribute(subject, "image") or IMAGE)
    return (size, size) if isinstance(size, int) else (int(size[-2]), int(size[-1]))


def attribute(subject: Subject, meaning: str) -> Any:
    """What the thing, or a configuration that it keeps, says of a size; None."""
    for module in subject.it.modules():
        for value in (module, *vars(module).values()):
            for name, size in vars(value).items() if hasattr(value, "__dict__") else ():
                plain = isinstance(size, int) or (isinstance(size, tuple) and len(size) > 1)
                if READ[meaning].fullmatch(name) and plain:
                    return size
    return None


def image(subject: Subject, batch: int = N) -> Tensor:
    """Images that it takes: of its channels, else of three or one."""
    torch.manual_seed(9)
    shape = subject.sizes.get("image_shape")
    known = subject.sizes.get("channels") or attribute(subject, "channels") or C
    channels = [int(shape[0])] if shape is not None else [known, 3, 1]
    p = next((p.shape[-1] for p in subject.parameters.values() if p.ndim == 4), PATCH)
    told = {"image", "image_shape"} & set(subject.sizes) or attribute(subject, "image")
    free = [] if told else [(2 * p, 3 * p)]
    sizes = [*free, image_size(subject), *((s, s) for s in (8, 28, 32, 16, 64, 224))]
    trouble: CannotJudge | None = None
    for size, c in itertools.product(sizes, dict.fromkeys(channels)):
        x = torch.randn(batch, int(c), *size, requires_grad=True)
        try:
            subject.run(x)
            return x
        except CannotJudge as error:
            trouble = trouble or error
    assert trouble
    raise trouble


def product(
    use: Use, P: Weights, x: Tensor, order: str, size: tuple[int, int]
) -> dict[str, Any] | None:
    """The patch product as [D (c p q)] with its patch size; None where it cannot be one."""
    weight = use.weight(P)
    if use.kind == "conv":
        p, q = weight.shape[-2:]
        flat = weight.flatten(1) if order == ORDERS[0] else None
    else:
        p, q = size
        fits = weight.ndim == 2 and weight.shape[1] == x.shape[1] * p * q
        pattern = f"d ({order}) -> d (c p q)"
        flat = rearrange(weight, pattern, c=x.shape[1], p=p, q=q) if fits else None
    if flat is None:
        return None
    bias = use.bias(P).flatten() if use.bias else weight.new_zeros(weight.shape[0])
    return {"WP": flat, "bP": bias, "p": int(p), "q": int(q)}


def patch_size(subject: Subject, P: Weights, use: Use, channels: int) -> tuple[int, int]:
    """As it was made with; else the square root of what a product takes."""
    size = subject.sizes.get("patch")
    if size is not None:
        return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    side = round((use.shape(P)[1] / channels) ** 0.5)
    return side, side


def class_token(found: Sequence[Use], P: Weights, width: int, left: Sequence[str]) -> str:
    """The parameter that is joined; else a declared one of such a name; ''."""
    for use in found:
        if use.kind == "join" and use.weight(P).shape[-1] == width and len(use.names) == 1:
            return use.names[0]
    return next((name for name in left if called(name, CLASS)), "")


def called(name: str, pattern: re.Pattern[str]) -> bool:
    """Whether a parameter, or what holds it, has such a name."""
    parts = name.split(".")
    return bool(pattern.fullmatch(parts[-1]) or pattern.fullmatch(parts[0]))


def positions(
    found: Sequence[Use], P: Weights, width: int, left: Sequence[str], trace: Trace
) -> list[Make | None]:
    """What may be added for the places: what is learned, or declared for it, or a table of
    constants; nothing where there is none of these."""
    options: list[Make | None] = []
    for use in found:
        weight = use.weight(P)
        if use.kind == "add" and weight.ndim > 1 and weight.shape[-1] == width:
            options.append(_rows(use.weight, width))
    options += [_rows(_of(name), width) for name in left if called(name, POSITION)]
    for call in trace.named("add", "iadd"):
        for each, data, made in zip(call.ins, call.data, call.made):
            constant = not data and not made and each.is_floating_point()
            if constant and each.ndim > 1 and each.shape[-1] == width:
                options.append(_table(each.reshape(-1, width)))
    return options or [None]


def _rows(make: Make, width: int) -> Make:
    return lambda P: make(P).reshape(-1, width)


def _of(name: str) -> Make:
    return lambda P: P[name]


def _table(value: Tensor) -> Make:
    return lambda P: value


def meanings(
    subject: Subject, found: Sequence[Use], P: Weights, x: Tensor, trace: Trace
) -> Iterator[Meant]:
    """What the first product, the class token and the positions may be."""
    first_use = next((use for use in found if use.kind in ("conv", "linear")), None)
    if first_use is None:
        return
    left = unused(trace, P)
    size = patch_size(subject, P, first_use, x.shape[1])
    width = first_use.shape(P)[0]
    token = class_token(found, P, width, left)
    for place in positions(found, P, width, left, trace):
        for order, last in itertools.product(ORDERS, (False, True) if token else (False,)):
            if product(first_use, P, x, order, size):
                yield Meant(order, _make(first_use, x, order, size, token, place, last))


def _make(
    use: Use,
    x: Tensor,
    order: str,
    size: tuple[int, int],
    token: str,
    place: Make | None,
    last: bool,
) -> Any:
    def make(P: Weights) -> dict[str, Any]:
        found = product(use, P, x, order, size) or {}
        width = found["WP"].shape[0]
        found["token"] = P[token].reshape(-1, width)[:1] if token else None
        found["positions"] = place(P) if place else None
        return {**found, "last": last}

    return make


def judge(subject: Subject) -> None:
    """Tokens and gradients against the reference, or which pixels reach which token; what is
    random; positions that are none."""
    if not common.registered(subject):
        return
    x = image(subject)
    if not common.same_twice(subject, x):
        if subject.found[-1].code == "random_forward" and one_token(subject, x):
            subject.found[-1] = subject.found[-1].named("class_token_random")
        return
    common.spread(subject)
    turned = first(subject.run(x))
    if turned.ndim == 3 and turned.shape[1] == N != len(turned):
        subject.variants.append("time_first")
    out, trace = subject.record(x)
    out, P = pixels.tokens_of(first(out)), subject.parameters
    found = uses(trace, P)
    options = list(meanings(subject, found, P, x, trace))
    fit = search(embed, {"image": x}, options, P, out, trace, (TOKENS,), FAULTS)
    if same_positions(subject, found, P):
        return
    if fit is None or not (fit.right or fit.fault):
        pixels.judge(subject, x)
    right = bool(fit and (fit.right or fit.fault)) and common.explain(subject, fit, trace)
    if not subject.found:
        common.learns(subject, out, trace)
    if right and fit:
        common.gradients(subject, embed, {"image": x}, fit, out)
    if not subject.found and not subject.doubt:

        def call(x: Tensor) -> Tensor:
            return pixels.tokens_of(first(subject.run(x)))

        if common.batch_apart(subject, call, x.detach()):
            common.coarser(subject, call, x.detach(), call(x.detach()))


def one_token(subject: Subject, x: Tensor) -> bool:
    """Whether two calls differ in a single token: the class token is drawn anew."""
    a, b = (first(subject.run(x, seed=seed)) for seed in (1, 2))
    apart = (a - b).abs().amax((0, 2)) > TOLERANCE
    return int(apart.sum()) == 1


def same_positions(subject: Subject, found: Sequence[Use], P: Weights) -> bool:
    """Whether one vector is added to all tokens. Fault: positions_same_for_all."""
    for use in found:
        named = POSITION.fullmatch(use.names[0].split(".")[-1])
        if use.kind == "add" and named and use.weight(P).numel() == use.x.shape[-1]:
            evidence = ("positions", f"one for each of {use.x.shape[-2]} tokens", "1 for all")
            subject.fault("positions_same_for_all", use.line, evidence)
            return True
    return False


def fits(thing: Thing) -> bool:
    """Made with the size of a patch, without heads and depth."""
    known = made_with(thing, ROLE.sizes)
    return (
        "patch" in known
        and written(thing, "patch")
        and not written(thing, r"def __init__\([^)]*(head|depth|layers)")
    )


ROLE = Role(
    called=r"\w*patch_?(embed(ding|der|dings)?|ify|ing|es|s|izer|encoder|projection)\w*|\w*patch\w*|(linear|image)_?(projection|embed\w*)|embeddings?|\w*to_?patch\w*",
    sizes=Sizes(
        {
            "image_shape": (C, *IMAGE),
            "image": IMAGE,
            "patch": PATCH,
            "channels": C,
            "width": D,
        },
        ("image", "patch", "channels", "width"),
    ),
    judge=judge,
    fits=fits,
)
