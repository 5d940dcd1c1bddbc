"""How attention with weights of its own is called: its inputs, their layout, and what else it must
be given.

    N batch · L length · D width · d head width
"""

import inspect
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from etude.checking import attention_properties as properties
from etude.checking import masks
from etude.checking.build import needed, takes
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first, is_lazy, rest
from etude.checking.usage import Use
from etude.shapes import Tensor

N, L, D, H = 2, 5, 12, 3


def heads_of(subject: Subject, width: int) -> list[int]:
    """How many heads: as it was made with, as its attributes say, else every divisor."""
    known = [subject.sizes["heads"]] if "heads" in subject.sizes else []
    for module in subject.it.modules() if isinstance(subject.it, nn.Module) else ():
        for name, value in vars(module).items():
            if isinstance(value, int) and re.fullmatch(
                r"(n|num|nr)?_?(heads?|nheads?|h)", name, re.IGNORECASE
            ):
                known.append(value)
    return list(dict.fromkeys(known)) or [h for h in range(1, width + 1) if width % h == 0]


def width_of(subject: Subject) -> int:
    """The width it was made with; where that was not ours to say, the first of the sizes of its
    weights that it takes."""
    if "width" in subject.sizes:
        return int(subject.sizes["width"])
    shapes = [p.shape for p in subject.parameters.values() if not is_lazy(p) and p.ndim >= 2]
    sizes = list(dict.fromkeys(int(size) for shape in shapes for size in (*shape[1:2], *shape)))
    for size in sizes:
        x = torch.randn(N, L, size)
        try:
            subject.run(*[x] * _counts(subject)[0])
        except CannotJudge:
            continue
        return size
    return sizes[0] if sizes else D


def _counts(subject: Subject) -> list[int]:
    """How many inputs a forward may take: x; x and a context; or queries, keys and values."""
    names = [n for n in takes(subject.forward) if not masks.MASK.fullmatch(n)]
    must = [n for n in needed(subject.forward) if not masks.MASK.fullmatch(n)]
    if len(_letters(names)) == 3 or len(must) >= 3:
        return [3, 1]
    return [2, 1] if len(must) == 2 else [1]


def inputs(subject: Subject, count: int, length: int = L, batch: int = N) -> list[Tensor]:
    """As many inputs as the forward takes."""
    width = width_of(subject)
    torch.manual_seed(7)
    return [torch.randn(batch, length, width, requires_grad=True) for _ in range(count)]


def working(subject: Subject) -> tuple[list[Tensor], dict[str, Any]]:
    """Inputs that the forward takes, and what else it must be given."""
    trouble: CannotJudge | None = None
    for count in _counts(subject):
        found = inputs(subject, count)
        width = found[0].shape[-1]
        head = width // (heads_of(subject, width) or [1])[0]
        before = takes(subject.forward)[:count]
        extras = [name for name in needed(subject.forward) if name not in before]
        options = [masks.fillings(name, (N, L, L), head) for name in extras]
        for values in itertools.islice(itertools.product(*options), 60):
            named = dict(zip(extras, values))
            try:
                subject.run(*found, named=named)
            except CannotJudge as error:
                trouble = trouble or error
                continue
            if not extras or properties.attends(subject, found, named, output):
                return found, named
    for use in subject.samples:
        if sampled := _of_a_sample(subject, use):
            return sampled
    raise trouble or CannotJudge("check_call", call=subject.thing.name, wanted="(x)")


def _of_a_sample(subject: Subject, use: Use) -> tuple[list[Tensor], dict[str, Any]] | None:
    """What the file's own whole calls it with, numbers of our own in the tensors [N L D]."""
    names = takes(subject.forward)
    given = {**dict(zip(names, use.arguments)), **use.options}
    torch.manual_seed(7)
    found: list[Tensor] = []
    named: dict[str, Any] = {}
    for name, value in given.items():
        tensor = isinstance(value, torch.Tensor) and value.is_floating_point()
        if tensor and value.ndim == 3 and not masks.MASK.fullmatch(name) and not named:
            found.append(torch.randn(value.shape, requires_grad=True))
        else:
            named[name] = value.double() if tensor else value
    try:
        subject.run(*found, named=named)
    except CannotJudge:
        return None
    return (found, named) if found else None


def output(out: Any) -> Tensor:
    """The output [N L D], wherever it stands among what was returned."""
    each = [x for x in (first(out), *rest(out)) if x.ndim == 3]
    return next((x for x in each if x.shape[1] != x.shape[2]), each[0] if each else first(out))


def _letters(names: Sequence[str]) -> str:
    """ "qkv" in the order in which a forward takes them; '' where it does not."""
    letters = "".join(name.lower()[:1] for name in names[:3])
    return letters if sorted(letters) == ["k", "q", "v"] else ""


def three(subject: Subject, found: Sequence[Tensor]) -> dict[str, Any]:
    """As the program's inputs."""
    letters = _letters(takes(subject.forward)) or "qkv"
    each = [*found, found[-1], found[-1]][:3]
    return {**{f"x{letter}": x for letter, x in zip(letters, each)}, "keep": None}


def needed_mask(subject: Subject, found: Sequence[Tensor]) -> dict[str, Any]:
    """A mask where the forward must have one: None, else one that hides nothing."""
    name = masks.parameter(subject.forward)
    if name not in needed(subject.forward):
        return {}
    for option in masks.fillings(name, (N, L, L), 1):
        try:
            out = first(subject.run(*found, named={name: option}))
        except CannotJudge:
            continue
        if torch.isfinite(out).all():
            return {name: option}
    return {name: None}


def by_name(subject: Subject) -> None:
    """Where inputs are taken by name alone, it is called so."""
    parameters = inspect.signature(subject.forward).parameters.values()
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    names = [name for name in names if not masks.MASK.fullmatch(name)]
    if subject.how is None and names and all(p.kind is p.KEYWORD_ONLY for p in parameters):
        subject.how = lambda it, *given, **named: it(**dict(zip(names, given)), **named)


def awake(subject: Subject) -> None:
    """Give numbers to weights that begin at zero: they would hide what is done before them."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in subject.parameters.values():
            if not is_lazy(p) and p.numel() > 1 and p.is_floating_point() and not p.any():
                p.add_(0.3 * torch.randn(p.shape, generator=generator, dtype=p.dtype))


def layout(subject: Subject, found: Sequence[Tensor], call: Callable[[Tensor], Tensor]) -> None:
    """Where steps come before samples, and nobody says otherwise, it is called so."""
    x = found[0].detach()
    other, later = x.clone(), x.clone()
    other[:1], later[:, :1] = torch.randn_like(x[:1]), torch.randn_like(x[:, :1])
    whole = call(x)
    first_said = masks.batch_first(subject)
    if whole.shape[:2] != x.shape[:2] or first_said:
        return
    mixed = not torch.allclose(call(other)[1:], whole[1:], atol=1e-12)
    apart = torch.allclose(call(later)[:, 1:], whole[:, 1:], atol=1e-12)
    if not (mixed and apart):
        return

    how = subject.how or (lambda it, *given, **named: it(*given, **named))

    def turned(it: Any, *given: Tensor, **named: Any) -> Tensor:
        return output(how(it, *(x.transpose(0, 1) for x in given), **named)).transpose(0, 1)

    subject.how = turned
    if first_said is None:
        subject.doubt = ("check_attention_layout", {"line": subject.line_in("forward")})
    else:
        subject.variants.append("time_first")
