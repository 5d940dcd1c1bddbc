"""The places where code draws a latent code: a function, a method, maybe pasted out of its class,
or a module with heads of its own. Each becomes a module with `forward(mean, spread)`.

    mu, logvar, z [N Z]
"""

import ast
import inspect
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import MethodType
from typing import Any

import torch
from torch import nn

from etude.checking.build import READ, Sizes, needed, takes
from etude.checking.constructions import first as first_of_class
from etude.checking.networks import samples_for
from etude.checking.source import CannotJudge, Thing, theirs, tree
from etude.checking.subject import first
from etude.checking.trace import tensors
from etude.shapes import Tensor

NAME = (
    r"_*(\w*re_?param\w*|sampling(_?layer)?|\w*gaussian_?sampl\w*"
    r"|sample_?(z|latent\w*|code)?|draw_?(z|latent|code)?)"
)
MEAN = re.compile(r"(z_?)?(mu|mean|means|mus|loc|m)(_?(z|vec|vector))?|(mu|mean)\w*", re.I)
HEAD = re.compile(r"(^|_|\.)(mu|mean|means|loc|m)(_|\.|$|\d)|mean|mu$|^mu", re.I)
DRAWS = r"randn|rsample|\.normal_?\(|torch\.normal|standard_normal|\.rand\(|rand_like|Normal\("
SPREAD = (
    r"log_?_?(var|v\b|std|sigma|scale|sd?\b)|lv\b|ln_?var|\bstd\w*|sigma|\bscale|\bvar(iance)?\b"
)
Z, WIDTH = 20, 24
SIZES = Sizes(
    {"latent": Z, "width": WIDTH, "inputs": 30, "hidden": 28}, ("width", "latent", "hidden")
)


@dataclass(frozen=True)
class Form:
    """it: a module with forward(mean, spread). spread: the name of the second; raw: whether it is a
    layer's output, which may be negative whatever it is called."""

    it: nn.Module
    spread: str = ""
    raw: bool = False


def kind_of(name: str) -> str:
    """What a name says that it holds: logvar, logstd, std, var; '' nothing."""
    low = name.lower()
    log = re.search(r"log(?!it)|ln_|(^|_|\.)lv(_|$|\d)|log$", low)
    if re.search(r"std|sigma|scale|sd(_|$)|dev(?!ice)|log_?s$", low) and not re.search(
        r"2(?!\d)|sq", low
    ):
        return "logstd" if log else "std"
    if log:
        return "logvar"
    return "var" if re.search(r"var|sigma|^v$", low) else ""


class Me(nn.Module):
    """The `self` of a method outside its class: in train mode, on the CPU, with a latent width."""

    device = torch.device("cpu")

    def __getattr__(self, name: str) -> Any:
        if READ["latent"].fullmatch(name):
            return Z
        return super().__getattr__(name)


class Bound(nn.Module):
    """A method as a module. owner: whose mode is set with its own."""

    def __init__(self, owner: Any, method: Callable[..., Any]) -> None:
        super().__init__()
        if isinstance(owner, nn.Module):
            self.owner = owner
        self.forward = method


SECONDS = 2.0
MOST = 4_000_000
"""Numbers of an input above which a whole forward is not tried."""


class _EnoughError(Exception):
    """The code has been drawn; the rest of the forward is not needed."""


class Heads(nn.Module):
    """A module whose heads give what is handed over. heads: two layers, or one that gives both."""

    def __init__(self, owner: nn.Module, heads: Sequence[nn.Module], x: Tensor) -> None:
        super().__init__()
        self.owner, self.heads, self.x = owner, tuple(heads), x

    def forward(self, mean: Tensor, spread: Tensor) -> Tensor:
        """z: what the next part is called with, else what the module gives back."""
        try:
            return self._z(self.x, mean, spread)
        except RuntimeError:  # it asks its input how many rows there are
            if len(mean) * self.x[0].numel() > MOST:
                raise
            return self._z(self.x[:1].repeat(len(mean), *[1] * (self.x.ndim - 1)), mean, spread)

    def _z(self, x: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
        given = [mean, spread] if len(self.heads) == 2 else [torch.cat([mean, spread], -1)]
        waits, drawn, plain = set(range(len(given))), list[Tensor](), list[Tensor]()

        def head(i: int) -> Callable[..., Tensor]:
            def hook(module: nn.Module, ins: Any, out: Tensor) -> Tensor:
                waits.discard(i)
                return given[i].view(len(mean), -1, *[1] * (out.ndim - 2))

            return hook

        def part(module: nn.Module, ins: Any) -> None:
            for each in tensors(ins):
                if waits or each.numel() != mean.numel():
                    continue
                if each.data_ptr() not in (g.data_ptr() for g in given) and not _alike(
                    each, mean, spread
                ):
                    drawn.append(each.reshape(mean.shape))
                    raise _EnoughError
                if _alike(each, mean):
                    plain.append(each.reshape(mean.shape))

        with ExitStack() as stack:
            for i, module in enumerate(self.heads):
                stack.callback(module.register_forward_hook(head(i)).remove)
            for module in self.owner.modules():
                if module not in self.heads and module is not self.owner:
                    stack.callback(module.register_forward_pre_hook(part).remove)
            try:
                out = self.owner(x)
            except _EnoughError:
                return drawn[0]
        found = [
            o.reshape(mean.shape) for o in tensors(list(_values(out))) if o.numel() == mean.numel()
        ]
        new = [o for o in found if not _alike(o, mean, spread)]
        return (new or plain or found)[0]


def _alike(value: Tensor, *others: Tensor) -> bool:
    flat = value.detach().flatten()
    return any(
        flat.numel() == o.numel() and torch.equal(flat, o.detach().flatten()) for o in others
    )


def _values(out: Any) -> Iterator[Any]:
    if isinstance(out, torch.Tensor | list | tuple):
        yield from tensors(out)
    elif hasattr(out, "values"):
        yield from out.values()
    elif hasattr(out, "__dict__"):
        yield from vars(out).values()


def forms(thing: Thing, it: Any) -> Iterator[Form]:
    """The ways in which a thing draws a code, the likeliest first. it: what was made already."""
    if not thing.is_class and not isinstance(it, nn.Module):
        names = list(inspect.signature(it).parameters)
        yield Form(Bound(None, MethodType(it, Me()) if names[:1] == ["self"] else it))
        return
    cls = thing.it if thing.is_class else type(it)
    trouble: CannotJudge | None = None
    made = None if thing.is_class else it
    if thing.is_class:
        try:
            made = first_of_class(thing, SIZES, {}).it
        except CannotJudge as error:
            trouble = error
    if isinstance(made, nn.Module):
        made.double()
    if name := method_in(cls):
        owner = made if made is not None else bare(cls)
        yield Form(Bound(owner, getattr(owner, name)), handed(cls, name))
    elif made is None and trouble:
        raise trouble
    if isinstance(made, nn.Module):
        if len(needed(made.forward)) != 1 or method_in(cls) == "forward":
            yield Form(made)
            return
        yield from heads_in(thing, made)
        yield Form(made)


def bare(cls: type) -> Any:
    """An object of a class that has not been through its constructor."""
    it: Any = object.__new__(cls)
    if isinstance(it, nn.Module):
        nn.Module.__init__(it)
    return it


def method_in(cls: type) -> str:
    """The method that takes a mean and a spread; ''."""
    best = ""
    for name, it in vars(cls).items():
        it = it.__func__ if isinstance(it, staticmethod | classmethod) else it
        if not inspect.isfunction(it):
            continue
        names = [n for n in takes(it) if n != "cls"]
        two = len(names) > 1 and MEAN.fullmatch(names[0]) and kind_of(names[1])
        named = re.fullmatch(NAME, name, re.I) and len(needed(it)) in (1, 2) and names
        if (named and (two or "param" in name)) or (two and draws(it)):
            best = name if not best or named else best
    return best


def handed(cls: type, method: str) -> str:
    """What a class hands its method as the spread, where that is a variable that is called the log
    of something, so no deviation; ''."""
    parsed = tree(cls)
    for node in ast.walk(parsed) if parsed else ():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == method:
            last = node.args[-1] if len(node.args) > 1 else None
            name = getattr(last, "id", getattr(last, "attr", ""))
            if kind_of(name).startswith("log"):
                return str(name)
    return ""


def draws(it: Any) -> bool:
    """Whether a function, or a class when it is called, draws noise: first values of weights are
    none."""
    methods = vars(it).items() if inspect.isclass(it) else [("", it)]
    called = [each for name, each in methods if not re.search("init|reset", name)]
    try:
        written = (inspect.getsource(each) for each in called if inspect.isroutine(each))
        return any(re.search(DRAWS, source) for source in written)
    except (OSError, TypeError):
        return False


def heads_in(thing: Thing, it: nn.Module) -> Iterator[Form]:
    """A module whose own layers give mean and spread."""
    trouble: CannotJudge | None = None
    until = time.monotonic() + SECONDS
    for x in samples_for(it, 2):
        if trouble and time.monotonic() > until:
            break
        outs: list[tuple[str, nn.Module, Tensor]] = []
        with ExitStack() as stack:
            for name, module in it.named_modules():
                if not list(module.children()):
                    stack.callback(module.register_forward_hook(_noting(name, outs)).remove)
            try:
                it.train()
                with theirs(thing.file, "check_crashed", shapes=f"{list(x.shape)}"):
                    out = it(x)
            except CannotJudge as error:
                trouble = trouble or error
                continue
        yield from _pairs(
            thing, it, x, outs, [o for o in _values(out) if isinstance(o, torch.Tensor)]
        )
        return
    if trouble:
        raise trouble


def _noting(name: str, outs: list[tuple[str, nn.Module, Tensor]]) -> Callable[..., None]:
    def hook(module: nn.Module, ins: Any, out: Any) -> None:
        if isinstance(out, torch.Tensor) and list(module.parameters(recurse=False)):
            outs.append((name, module, out))

    return hook


def _pairs(
    thing: Thing, it: nn.Module, x: Tensor, outs: list[tuple[str, nn.Module, Tensor]],
    given: Sequence[Tensor],
) -> Iterator[Form]:  # fmt: skip
    """Two layers of one shape of which a mean's name or place tells the first, or one layer whose
    output is cut in two."""
    said = spoken(thing)
    for i, (name, module, out) in enumerate(outs):
        for other, second, out2 in outs[i + 1 :]:
            if out.shape != out2.shape or second is module or out.numel() == len(out):
                continue
            names, both = (name, other), (module, second)
            swapped = kind_of(name) and not kind_of(other)
            if swapped or (HEAD.search(other) and not HEAD.search(name)):
                names, both = names[::-1], both[::-1]
            told = bool(kind_of(names[1]) or HEAD.search(names[0]))
            returned = sum(any(_alike(g, o) for g in given) for o in (out, out2)) == 2
            if told or returned:
                yield Form(Heads(it, both, x), kind_name(names[1], said), True)
    for _, module, out in outs:
        half = out.shape[-1] // 2 if out.ndim == 2 and out.shape[-1] % 2 == 0 else 0
        parts = (out[:, :half], out[:, half:]) if half else ()
        if parts and all(any(_alike(g, p) for g in given) for p in parts):
            yield Form(Heads(it, [module], x), kind_name("", said), True)
    last = [o for o in outs if o[2].ndim == 2 and o[2].shape[-1] % 2 == 0]
    if last and re.search(r"chunk|split|\[.*:.*\]", source_of(thing)):
        for _, module, _ in reversed(last):
            yield Form(Heads(it, [module], x), kind_name("", said), True)


def kind_name(name: str, said: str) -> str:
    """The head's name where it says log of what, else the variable's."""
    return name if kind_of(name).startswith("log") or not said else said


def source_of(thing: Thing) -> str:
    """The text of a thing; ''."""
    try:
        return inspect.getsource(thing.it if thing.is_class else type(thing.it))
    except (OSError, TypeError):
        return ""


def spoken(thing: Thing) -> str:
    """A variable of a class whose name says log of variance or of deviation; ''."""
    parsed = tree(thing.it if thing.is_class else type(thing.it))
    names = [n.id for n in ast.walk(parsed) if isinstance(n, ast.Name)] if parsed else []
    return next(
        (n for n in names if kind_of(n).startswith("log") and n not in ("log", "logging")), ""
    )


def drawn(out: Any, mu: Tensor, spread: Tensor) -> Tensor:
    """z among what is returned."""
    each = list(tensors(list(_values(out)))) or [first(out)]
    alike = [z for z in each if z.shape == mu.shape] + [
        z[0] for z in each if z.shape[1:] == mu.shape
    ]
    if not alike:
        raise CannotJudge("check_shape", expected=list(mu.shape), found=list(each[0].shape))
    new = [z for z in alike if not torch.equal(z, mu) and not torch.equal(z, spread)]
    return (new or alike)[0]


def widths(it: Any, thing: Thing) -> Iterator[int]:
    """Latent widths to try: of its heads; else any, then those that its file names."""
    if isinstance(it, Heads):
        outs = [getattr(head, "out_features", 0) for head in it.heads]
        if outs[0]:
            yield outs[0] // (3 - len(outs))
            return
    yield Z
    module = inspect.getmodule(thing.it)
    values = {**vars(module), **getattr(it, "__dict__", {})} if module else {}
    for holder in list(values.values()):
        if type(holder).__name__ in ("Namespace", "SimpleNamespace"):
            values.update(vars(holder))
    for name, value in values.items():
        if isinstance(value, int) and READ["latent"].fullmatch(name) and 1 < value < 4096:
            yield value
