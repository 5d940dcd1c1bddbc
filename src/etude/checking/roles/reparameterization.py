"""The reparameterization: mu, logvar [N Z] -> z = mu + exp(logvar / 2) eps, eps ~ N(0, 1).

    N batch · Z latent

D. Kingma and M. Welling, "Auto-Encoding Variational Bayes" (2014), section 2.4.

Judged by law on 40,000 numbers: a mean is off by 0.05 (10 standard deviations), a kurtosis by 0.6
(24), a deviation of a fifth of them by 6 % (7.6) with a probability below 1e-13; seeds are fixed.
"""

import inspect
import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from etude.checking.build import READ, Sizes, needed, takes
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first, rest
from etude.checking.trace import Trace
from etude.shapes import Tensor

NUMBERS = 40_000
LEVELS = (-2.0, -1.0, 0.5, 1.0, 1.5)
"""Values of logvar; of a sigma or a variance, where that is what is handed over: exp of them."""
MEAN = re.compile(r"(z_?)?(mu|mean|means|mus|loc|m)(_?(z|vec|vector))?|(mu|mean)\w*", re.I)
Curve = Callable[[Tensor], Tensor]
RIGHT: dict[str, Curve] = {
    "logvar": lambda s: (s / 2).exp(),
    "logstd": lambda s: s.exp(),
    "std": lambda s: s,
    "var": lambda s: s.sqrt(),
}
"""sigma of what is handed over."""
WRONG: dict[str, tuple[Curve, ...]] = {
    "logvar_as_sigma": (lambda s: s.abs(), lambda s: s.abs() / 2),
    "variance_as_sigma": (lambda s: s.exp(), lambda s: (2 * s).exp()),
    "sigma_unused": (torch.ones_like,),
    "sigma_inverted": (lambda s: (-s / 2).exp(), lambda s: (-s).exp()),
    "sigma_wrong": (F.softplus,),
}
"""Of logvar: what is not its sigma."""


@dataclass(frozen=True)
class Call:
    """How it is called. kind: of RIGHT, as the second argument's name says; sure: whether it says;
    paired: both in one argument."""

    mean: str
    spread: str
    kind: str
    sure: bool
    more: dict[str, Any]
    paired: bool = False


def call_of(subject: Subject, width: int) -> Call:
    """Read off the names. Raises CannotJudge where there are no two inputs."""
    names, must = takes(subject.forward), needed(subject.forward)
    if len(must) == 1 and len(names) == 1:
        return Call(names[0], names[0], "logvar", True, {}, True)
    if len(names) < 2:
        raise CannotJudge(
            "check_call", call=str(inspect.signature(subject.forward)), wanted="(mu, logvar)"
        )
    mean = next((n for n in names if MEAN.fullmatch(n)), "")
    spread = next((n for n in names if n != mean and _kind(n)), "")
    mean = mean or next(n for n in names if n != spread)
    spread = spread or next(n for n in names if n != mean)
    more = {n: width for n in must if n not in (mean, spread) and READ["latent"].fullmatch(n)}
    return Call(mean, spread, _kind(spread) or "logvar", bool(_kind(spread)), more)


def _kind(name: str) -> str:
    """What a name says: logvar, logstd, std, var; '' nothing."""
    low = name.lower()
    log = "log" in low or low == "lv"
    if re.search(r"std|sigma|scale|sd(_|$)|dev", low) and not re.search(r"2|sq", low):
        return "logstd" if log else "std"
    if log:
        return "logvar"
    return "var" if re.search(r"var|sigma|^v$", low) else ""


Ask = Callable[..., Tensor]


def asker(subject: Subject, call: Call) -> Ask:
    """ask(mu, spread, seed) -> z; numpy's and Python's noise are seeded as torch's."""

    def ask(mu: Tensor, spread: Tensor, seed: int = 0) -> Tensor:
        return _answer(_run(subject, call, mu, spread, seed, subject.run), mu, spread)

    return ask


def _run(
    subject: Subject, call: Call, mu: Tensor, spread: Tensor, seed: int, how: Callable[..., Any]
) -> Any:
    kept, python = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        if call.paired:
            return how((mu, spread), train=True, seed=seed)
        given = {call.mean: mu, call.spread: spread, **call.more}
        order = [n for n in takes(subject.forward) if n in given]
        if order == takes(subject.forward)[: len(order)]:
            return how(*(given[n] for n in order), train=True, seed=seed)
        return how(train=True, seed=seed, named=given)
    finally:
        np.random.set_state(kept)
        random.setstate(python)


def _answer(out: Any, mu: Tensor, spread: Tensor) -> Tensor:
    """z among what is returned."""
    each = [first(out), *rest(out)]
    alike = [z for z in each if z.shape == mu.shape]
    if not alike:
        raise CannotJudge("check_shape", expected=list(mu.shape), found=list(each[0].shape))
    new = [z for z in alike if not torch.equal(z, mu) and not torch.equal(z, spread)]
    return (new or alike)[0]


def working(subject: Subject) -> tuple[Call, Ask, int]:
    """A latent width that it takes: any, else one that its file names."""
    trouble: CannotJudge | None = None
    for width in _widths(subject):
        call = call_of(subject, width)
        ask = asker(subject, call)
        try:
            ask(torch.zeros(4, width), torch.ones(4, width))
            return call, ask, width
        except CannotJudge as error:
            trouble = trouble or error
    assert trouble
    raise trouble


def _widths(subject: Subject) -> Iterator[int]:
    yield Z
    module = inspect.getmodule(subject.thing.it)
    values = {**vars(module), **getattr(subject.it, "__dict__", {})} if module else {}
    for holder in list(values.values()):
        if type(holder).__name__ in ("Namespace", "SimpleNamespace"):
            values.update(vars(holder))
    for name, value in values.items():
        if isinstance(value, int) and READ["latent"].fullmatch(name) and 1 < value < 4096:
            yield value


Z = 20


def judge(subject: Subject) -> None:
    """The mean, the noise, its law, sigma, and gradients."""
    call, ask, width = working(subject)
    rows = NUMBERS // width
    torch.manual_seed(8)
    mu = 10 * torch.randn(rows, width)
    spread = torch.full((rows, width), 0.5 if "log" in call.kind else math.exp(0.25))
    _, trace = _traced(subject, call, mu[:50], spread[:50])
    z = ask(mu, spread, 1).detach()
    if not torch.isfinite(z).all():
        subject.fault("sigma_wrong", 0, ("z", "finite", "not finite"))
        return
    if not judge_mean(subject, mu, z, trace):
        return
    again = ask(mu, spread, 2).detach() - mu
    if not judge_noise(subject, z - mu, again, trace):
        return
    noisy = {name: how for name, how in RIGHT.items() if not call.sure or _allowed(call, name)}
    kind = judge_sigma(subject, call, ask, noisy, (rows, width), trace)
    if kind:
        judge_gradients(subject, ask, noisy[kind], (rows, width), call, trace)


def _allowed(call: Call, name: str) -> bool:
    """A name that says log of the variance means that; the others are used loosely, and only the
    caller could tell."""
    return name == "logvar" if call.kind == "logvar" else True


def _traced(subject: Subject, call: Call, mu: Tensor, spread: Tensor) -> tuple[Any, Trace]:
    out = _run(subject, call, mu, spread, 1, subject.record)
    return out[0], out[1]


def _noise(trace: Trace) -> int:
    return trace.line(
        "randn_like", "randn", "rand_like", "rand", "normal", "uniform", "from_numpy", "tensor",
        "ones_like", "zeros_like",
    )  # fmt: skip


def judge_mean(subject: Subject, mu: Tensor, z: Tensor, trace: Trace) -> bool:
    """z goes up by as much as mu. Faults: mean_unused, mean_scaled."""
    slope = float((z * mu).mean() / (mu * mu).mean())
    if abs(slope - 1) < 0.02:
        return True
    code = "mean_unused" if abs(slope) < 0.02 else "mean_scaled"
    line = trace.line("mul") if code == "mean_scaled" else trace.line("mul", "add")
    subject.fault(code, line, ("what z goes up by when mu goes up by 1", "1", f"{slope:.3g}"))
    return False


def judge_noise(subject: Subject, e: Tensor, again: Tensor, trace: Trace) -> bool:
    """z - mu at one logvar [N Z], of two calls: random, independent, centred, normal. Faults:
    noise_missing, noise_fixed, noise_shared_over_batch, noise_shared_over_latent, uniform_noise,
    noise_not_centred, noise_not_normal."""
    line, std = _noise(trace), float(e.std())
    flat = float((e - e.flatten()[0]).abs().max()) < 1e-6 * (1 + float(e.abs().max()))
    same = float((e - again).abs().max()) < 1e-6 * (1 + float(e.abs().max()))
    if flat and same:
        evidence = ("spread of z around mu", "sigma", f"{std:.2g}")
        subject.fault("noise_missing", line or trace.line("add"), evidence)
        return False
    if same:
        evidence = ("noise of two calls", "two different draws", "the same")
        subject.fault("noise_fixed", line, evidence)
        return False
    for code, axis, what in (
        ("noise_shared_over_batch", 0, "samples"),
        ("noise_shared_over_latent", 1, "latent numbers"),
    ):
        if float((e - e.select(axis, 0).unsqueeze(axis)).abs().max()) < 1e-6 * std + 1e-9:
            evidence = (f"different draws among {e.shape[axis]} {what}", str(e.shape[axis]), "1")
            subject.fault(code, line, evidence)
            return False
    middle = float(e.mean()) / std
    kurtosis = float((((e - e.mean()) / std) ** 4).mean())
    law = ("kurtosis of the noise", "3 (normal)", f"{kurtosis:.2f}")
    centre = ("mean of the noise", "0", f"{middle:.2f} standard deviations")
    if abs(kurtosis - 1.8) < 0.15:
        subject.fault("uniform_noise", line, law, centre)
    elif abs(middle) > 0.05 or abs(kurtosis - 3) > 0.6:
        subject.doubt = ("check_no_match", {"step": "noise", "line": line})
    else:
        subject.hold("noise_normal", f"{kurtosis:.2f}")
        return True
    return False


def judge_sigma(
    subject: Subject, call: Call, ask: Ask, noisy: dict[str, Curve], shape: tuple[int, int],
    trace: Trace,
) -> str:  # fmt: skip
    """sigma measured at five values: which curve it is; '' where it is none of the right ones.
    Faults: those of WRONG."""
    points = levels(call)
    s = spread_over(points, shape)
    e = ask(torch.zeros(shape), s, 3).detach()
    found = torch.stack([e[s == value].std() for value in points])
    kinds = sorted(noisy, key=lambda kind: kind != call.kind)
    for kind in kinds:
        if _near(found, noisy[kind](points)):
            if kind != call.kind:
                subject.variants.append(f"sigma_from_{kind}")
            far = (found / noisy[kind](points) - 1).abs().max()
            subject.hold("sigma", float(far))
            return kind
    code = "sigma_wrong"
    if call.kind == "logvar":
        near = (name for name, hows in WRONG.items() if any(_near(found, h(points)) for h in hows))
        code = next(near, code)
    wanted = noisy[call.kind](points)
    evidence = tuple(
        (f"sigma where {call.spread} = {float(v):.3g}", f"{float(w):.3g}", f"{float(f):.3g}")
        for v, w, f in zip(points, wanted, found)
    )
    line = trace.line("exp", "sqrt", "softplus") or trace.line("mul", "add")
    subject.fault(code, line, *evidence)
    return ""


def levels(call: Call) -> Tensor:
    """Five values of what is handed over."""
    values = torch.tensor(LEVELS)
    if "log" not in call.kind:
        values = values.exp() if call.kind == "var" else (values / 2).exp()
    return values


def spread_over(values: Tensor, shape: tuple[int, int]) -> Tensor:
    """By turns in all rows and columns, [N Z]."""
    place = torch.arange(shape[0])[:, None] + torch.arange(shape[1])
    return values[place % len(values)]


def _near(found: Tensor, curve: Tensor) -> bool:
    return bool(((found - curve).abs() <= 0.06 * curve.abs()).all())


def judge_gradients(
    subject: Subject, ask: Ask, sigma: Curve, shape: tuple[int, int], call: Call, trace: Trace
) -> None:
    """dz/dmu = 1 and dz/ds = eps dsigma/ds. Faults: sampled_without_gradient, mean_detached,
    sigma_detached, gradient_differs."""
    mu = torch.zeros(shape, requires_grad=True)
    s = spread_over(levels(call), shape).requires_grad_()
    z = ask(mu, s, 4)
    got: list[Tensor] = [torch.zeros(shape), torch.zeros(shape)]
    if z.requires_grad:
        made = torch.autograd.grad(z.sum(), (mu, s), allow_unused=True)
        got = [torch.zeros(shape) if g is None else g for g in made]
    none = [not bool(g.any()) for g in got]
    cut = trace.line("detach", "data", "numpy", "tensor") or trace.line("normal", "sample")
    if any(none):
        code = "sampled_without_gradient" if all(none) else "mean_detached"
        code = "sigma_detached" if none == [False, True] else code
        missing = " and ".join(n for n, no in zip((call.mean, call.spread), none) if no)
        subject.fault(code, cut, (f"gradient of {missing}", "some", "none"))
        return
    copy = s.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(sigma(copy).sum(), copy)
    eps = z.detach() / sigma(s.detach())
    for name, found, wanted in (
        (call.mean, got[0], torch.ones(shape)),
        (call.spread, got[1], eps * slope),
    ):
        far = float((found - wanted).abs().max() / wanted.abs().max())
        if far > 1e-3:
            evidence = (f"gradient of {name}", "that of mu + sigma eps", f"{far:.2g} apart")
            subject.fault("gradient_differs", 0, evidence, name=name)
            return
    subject.hold("gradients", far)


def fits(thing: Thing) -> bool:
    """A function of mu and logvar."""
    try:
        names = needed(thing.it.forward if thing.is_class else thing.it)
    except (TypeError, ValueError, AttributeError):
        return False
    if re.search(r"kl|loss|diverg|entropy|prob|nll", thing.name, re.I):
        return False
    return len(names) == 2 and bool(MEAN.fullmatch(names[0]) and _kind(names[1]))


ROLE = Role(
    called=r"\w*re_?param\w*|sampling(_?layer)?|\w*gaussian_?sampl\w*",
    sizes=Sizes({"latent": Z, "width": Z}),
    judge=judge,
    fits=fits,
    kinds=("function", "class"),
)
