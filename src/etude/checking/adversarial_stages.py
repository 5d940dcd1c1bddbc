"""The stages of an adversarial step: players that it may be handed, the file's own first, with
images, losses and optimizers, in every order that its names leave open.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.checking.adversarial_steps import PLAYERS, Batches, Step, meaning, steps_in
from etude.checking.build import Sizes, needed
from etude.checking.constructions import first as first_of_class
from etude.checking.networks import (
    CALLED,
    HELD,
    Settings,
    by_running,
    constant,
    found_in,
    judge_of,
    makings,
    named_owners,
    pictures,
    players_in,
)  # fmt: skip
from etude.checking.source import CannotJudge, Thing, theirs, things
from etude.checking.subject import first
from etude.checking.toys import Pair, toys
from etude.shapes import Tensor


@dataclass(frozen=True)
class Stage:
    """Players, and a turn of theirs. given: tensors that are handed over; steppers: by name, the
    optimizers that are handed over without knowing whose they are."""

    parts: Mapping[str, nn.Module]
    images: Tensor
    turn: Callable[[], Any]
    given: Sequence[Tensor]
    steppers: Mapping[str, torch.optim.Optimizer]
    toy: bool
    step: Step


def stages(module: ModuleType, only: str = "") -> Iterator[Stage | CannotJudge]:
    """All ways to play, the likeliest first; where one cannot be set up, why."""
    found = steps_in(module, only)
    if not found:
        yield CannotJudge("check_aae_no_step")
    for step in found:
        yield from _stages(module, step)


@dataclass(frozen=True)
class Cast:
    """Players of one play. toy: ours; holder: what holds them, for a step that takes one."""

    parts: Mapping[str, nn.Module]
    toy: bool = False
    holder: Any = None


def _stages(module: ModuleType, step: Step) -> Iterator[Stage | CannotJudge]:
    means = {name: meaning(name, use) for name, use in step.wants.items()}
    nets = [name for name, what in means.items() if what == "net"]
    holder = next((name for name, what in means.items() if what == "holder"), "")
    if holder and step.owner is None and "called" not in means:
        nets = [name for name in nets if name != holder]
    for images in pictures(module):
        for cast in _casts(module, images, bool(nets), bool(holder)):
            if isinstance(cast, CannotJudge):
                yield cast
                continue
            ready = {**players_in(step.space), **(cast.parts if holder and cast.holder else {})}
            for order in _orders(nets, ready):
                yield from _staged(module, step, means, order, cast, images)


def _casts(
    module: ModuleType, images: Tensor, nets: bool, holder: bool
) -> Iterator[Cast | CannotJudge]:
    """The file's own players first, then ours."""
    own = found_in(module)
    if holder:
        for it, parts in wholes_in(module):
            judges: Iterable[Mapping[str, nn.Module]] = [parts]
            if "discriminator" not in parts:
                judges = discriminators(own, parts, images)
            yield from (Cast(each, holder=it) for each in judges)
    made = list(makings(module, own)) if len(own) == len(PLAYERS) else []
    if not nets and not holder:
        yield Cast({})
        yield from (each if isinstance(each, CannotJudge) else Cast(each) for each in made)
        return
    for each in made:
        yield each if isinstance(each, CannotJudge) else Cast(each, holder=SimpleNamespace(**each))
    for ours in toys(images):
        if not holder:
            yield Cast(ours, True)
            continue
        for gives in (1, 2, 3):
            yield Cast(ours, True, Pair(ours, gives).to(torch.get_default_dtype()))


def discriminators(
    own: Mapping[str, Thing], parts: Mapping[str, nn.Module], images: Tensor
) -> Iterator[dict[str, nn.Module]]:
    """With the file's own discriminator of the codes of an encoder."""
    if "discriminator" not in own:
        return
    try:
        with torch.no_grad():
            width = first(parts["encoder"](images)).shape[-1]
        sizes = Sizes({"latent": width, "inputs": width, "hidden": 32}, ("latent", "hidden"))
        it = first_of_class(own["discriminator"], sizes, {}).it
    except (CannotJudge, RuntimeError):
        return
    yield {**parts, "discriminator": it.to(torch.get_default_dtype())}


def wholes_in(module: ModuleType) -> Iterator[tuple[nn.Module, dict[str, nn.Module]]]:
    """Modules of the file's own classes that hold encoder and decoder, maybe all players."""
    for thing in things(module):
        if not (thing.is_class and issubclass(thing.it, nn.Module)):
            continue
        numbers = {"latent": constant(module, "latent", 6), "hidden": 32, "inputs": 784}
        try:
            it = first_of_class(thing, Sizes(numbers, ("inputs", "hidden", "latent")), {}).it
        except CannotJudge:
            continue
        parts = players_in(dict(it.named_children()))
        if {"encoder", "decoder"} <= set(parts):
            it.to(torch.get_default_dtype())
            yield it, parts


def _orders(nets: Sequence[str], ready: Mapping[str, nn.Module]) -> Iterator[dict[str, str]]:
    """Which player each network is, as its name says first."""
    told = {n: next((p for p in PLAYERS if re.fullmatch(HELD[p], n, re.I)), "") for n in nets}
    free = [part for part in PLAYERS if part not in ready or len(nets) == len(PLAYERS)]
    if len(nets) > len(free):
        nets = [n for n in nets if told[n]]
    ways = [dict(zip(nets, way)) for way in itertools.permutations(free, len(nets))]
    ways.sort(key=lambda way: -sum(told[n] == part for n, part in way.items()))
    yield from ways


def _staged(
    module: ModuleType, step: Step, means: Mapping[str, str], order: Mapping[str, str], cast: Cast,
    images: Tensor,
) -> Iterator[Stage | CannotJudge]:  # fmt: skip
    Z = 6 if cast.toy else constant(module, "latent", 6)
    steppers = {n: torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1e-3)
                for n, what in means.items() if what == "opt"}  # fmt: skip
    labels = torch.zeros(len(images), dtype=torch.long)
    for batch in ((images, labels), images):
        values = _values(step, means, order, cast, images, batch, Z, steppers)
        given = [images, *(v for v in values.values() if isinstance(v, torch.Tensor))]
        try:
            turn, held = bound(step, values, images)
        except CannotJudge as error:
            yield error
            return
        players = {**players_in(step.space), **cast.parts, **held}
        players |= {part: cast.parts[part] for part in order.values() if part in cast.parts}
        if len([p for p in PLAYERS if p in players]) < len(PLAYERS):
            players = {**by_running(step.space, images), **players}
        if missing := [part for part in PLAYERS if part not in players]:
            yield CannotJudge("check_aae_part", part=missing[0])
            return
        players = {p: players[p].to(torch.get_default_dtype()) for p in PLAYERS}
        yield Stage(players, images, turn, given, steppers, cast.toy, step)
        if "loader" not in means.values():
            return


def _values(
    step: Step, means: Mapping[str, str], order: Mapping[str, str], cast: Cast, images: Tensor,
    batch: Any,
    Z: int, steppers: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """What each name is given."""
    parts = cast.parts
    adversarial = judge_of(parts["discriminator"], Z) if "discriminator" in parts else nn.MSELoss()
    rows = len(images)
    known: dict[str, Any] = {
        "images": images, "latent": Z, "batch": rows, "epochs": 1, "prior": torch.randn(rows, Z),
        "device": torch.device("cpu"), "rate": 1e-3, "loader": Batches([batch, batch]),
        "adversarial": adversarial, "pixels": nn.MSELoss(), "loss": nn.MSELoss(), "epoch": 0,
        "holder": cast.holder, "real": torch.ones(rows, 1), "fake": torch.zeros(rows, 1),
    }  # fmt: skip
    known["settings"] = Settings(known)
    found: dict[str, Any] = {}
    for name, what in means.items():
        if name in order:
            found[name] = parts[order[name]]
        elif what == "opt":
            found[name] = steppers[name]
        elif what == "loss":
            said = next(
                (m for m in ("pixels", "adversarial") if re.fullmatch(CALLED[m], name, re.I)), ""
            )
            found[name] = known[said or "loss"]
        elif what in known:
            found[name] = known[what]
    free = [name for name, what in means.items() if not what]
    if "images" not in means.values() and "loader" not in means.values() and free:
        found[free.pop(0)] = images
    if step.name == "loop":  # what the statements before it could not make
        found |= {name: 1 if step.wants[name].counted else None for name in free}
    return found


def bound(
    step: Step, values: Mapping[str, Any], images: Tensor
) -> tuple[Callable[[], Any], dict[str, nn.Module]]:
    """A turn, and the players that the object of a method holds."""
    if step.owner is None:
        assert step.call
        return _called(step.call, values, step.name), {}
    shape = tuple(images.shape[1:]) if images.ndim == 4 else (1, 28, 28)
    numbers = {
        "image_shape": shape, "latent": constant_of(values), "hidden": 32, "rate": 1e-3,
        "inputs": images[0].numel(), "channels": shape[0],
    }  # fmt: skip
    takes = inspect.signature(step.owner.it).parameters
    given = {n: v for n, v in values.items() if n in takes and n not in step.own
             and not _plain(v) and not isinstance(v, torch.Tensor)}  # fmt: skip
    rates = [n for n in needed(step.owner.it) if n not in given and re.search(r"lr|rate", n)]
    given |= dict.fromkeys(rates, 1e-3)
    it = first_of_class(step.owner, Sizes(numbers, ("inputs", "hidden", "latent")), given).it
    if isinstance(it, nn.Module):
        it.to(torch.get_default_dtype())
    inner = dict(it.named_children()) if isinstance(it, nn.Module) else vars(it)
    with theirs(step.owner.file, "check_crashed", shapes=step.owner.name):
        method = getattr(it, step.name)
    own = {n: v for n, v in values.items() if n in step.own}
    for name in [n for n, v in own.items() if isinstance(v, torch.optim.Optimizer)]:
        if name.endswith("s") and (ready := _own_optimizers(it)):
            own[name] = ready
    return _called(method, own, step.name), {**by_running(inner, images), **players_in(inner)}


def _own_optimizers(owner: Any) -> Any:
    """The optimizers that the object of a training step makes for it; None where it makes none."""
    for name in dir(owner):
        if re.fullmatch(r"(configure|make|build|create|get)_optim\w*", name):
            maker = getattr(owner, name)
            return maker() if callable(maker) and not needed(maker) else None
    return None


def constant_of(values: Mapping[str, Any]) -> int:
    """The width of a code."""
    return next(
        (
            v
            for n, v in values.items()
            if type(v) is int and re.fullmatch(CALLED["latent"], n, re.I)
        ),
        6,
    )


def _called(call: Callable[..., Any], values: Mapping[str, Any], name: str) -> Callable[[], Any]:
    signature = inspect.signature(call)
    empty = inspect.Parameter.empty
    needs = [n for n, p in signature.parameters.items()
             if p.default is empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]  # fmt: skip
    if missing := [n for n in needs if n not in values]:
        raise CannotJudge("check_ask", parameter=missing[0], call=f"{name}{signature}")
    wanted = {n: v for n, v in values.items() if n in signature.parameters}
    kept = {n: v for n, v in wanted.items() if n in needs or not _plain(v)}
    return lambda: call(**kept)


def _plain(value: Any) -> bool:
    return isinstance(value, int | float | str | torch.device | SimpleNamespace)


def owners(
    names: Sequence[str], uses: Mapping[str, set[str]]
) -> Iterator[dict[str, tuple[str, ...]]]:
    """Whose parameters each optimizer has: as its name says where it says so, else as it is used.
    uses: by name, what went backward before its steps: rec, D, G."""
    marks = named_owners(names)
    both, rest = ("encoder", "decoder"), dict(uses)
    alone = [n for n, u in rest.items() if u == {"rec"}]
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        use = rest.get(name, set())
        if marks[name]:
            found[name] = marks[name]
        elif "D" in use:
            found[name] = ("discriminator",) if use == {"D"} else PLAYERS
        elif use == {"G"} or (use == {"rec", "G"} and alone):
            found[name] = ("encoder",)
        else:
            found[name] = both
    shared = [n for n in alone if found[n] == both]
    if len(shared) == 2:  # one for each of encoder and decoder
        for pair in (both, both[::-1]):
            yield {**found, **{n: (part,) for n, part in zip(shared, pair)}}
        return
    if alone and any(found[n] == ("encoder",) and "rec" in rest[n] for n in found):
        found |= {n: ("decoder",) for n in alone if found[n] == both}
    yield found
