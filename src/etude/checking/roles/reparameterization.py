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
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from etude.checking.borrowed import lend
from etude.checking.build import READ, Sizes, needed, takes
from etude.checking.latent_calls import (
    MEAN,
    NAME,
    SPREAD,
    Form,
    Me,
    Z,
    drawn,
    draws,
    forms,
    kind_of,
    method_in,
    source_of,
    widths,
)  # fmt: skip
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.checking.trace import Trace
from etude.checking.verdict import Finding
from etude.shapes import Tensor

NUMBERS = 40_000
SECONDS = 3.0
"""For so long ways to draw are tried."""
LEVELS = (-2.0, -1.0, 0.5, 1.0, 1.5)
"""Values of logvar; of a sigma or a variance, where that is what is handed over: exp of them."""
Curve = Callable[[Tensor], Tensor]
RIGHT: dict[str, Curve] = {
    "logvar": lambda s: (s / 2).exp(),
    "logstd": lambda s: s.exp(),
    "std": lambda s: s,
    "var": lambda s: s.sqrt(),
    "softplus": F.softplus,
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
    paired: both in one argument, a tuple or a tensor."""

    mean: str
    spread: str
    kind: str
    sure: bool
    more: dict[str, Any]
    paired: str = ""


def calls_of(subject: Subject, form: Form, width: int) -> Iterator[Call]:
    """Read off the names. Raises CannotJudge where there are no two inputs."""
    forward = subject.forward
    names, must = takes(forward), needed(forward)
    if form.raw:
        known = kind_of(form.spread)
        kind = known if known.startswith("log") else "logvar"
        yield Call("mean", "spread", kind, known.startswith("log"), {})
        return
    if len(must) == 1 or len(names) == 1:
        said = form.spread or "logvar"
        for paired in ("tuple", "tensor"):
            yield Call(names[0], said, kind_of(said) or "logvar", bool(kind_of(said)), {}, paired)
        return
    if len(names) < 2:
        said = str(inspect.signature(forward))
        raise CannotJudge("check_call", call=said, wanted="(mu, logvar)")
    mean = next((n for n in names if MEAN.fullmatch(n)), "")
    spread = next((n for n in names if n != mean and kind_of(n)), "")
    mean = mean or next(n for n in names if n != spread)
    spread = spread or next(n for n in names if n != mean)
    kind = kind_of(form.spread or spread)
    raw = re.search(r"raw|unconstrained|rho|pre_", spread, re.I) is not None
    more = {n: width for n in must if n not in (mean, spread) and READ["latent"].fullmatch(n)}
    more |= {n: True for n in names if SAMPLES.fullmatch(n)}
    more |= {n: False for n in must if FIXED.fullmatch(n)}
    yield Call(mean, spread, kind or "logvar", bool(kind) and not raw, more)


SAMPLES = re.compile(r"(is_?)?(train(ing)?|sampl(e|ing)|stochastic)", re.I)
FIXED = re.compile(r"deterministic|eval|test", re.I)
Ask = Callable[..., Tensor]


def asker(subject: Subject, call: Call) -> Ask:
    """ask(mu, spread, seed) -> z; numpy's and Python's noise are seeded as torch's."""

    def ask(mu: Tensor, spread: Tensor, seed: int = 0) -> Tensor:
        return drawn(_run(subject, call, mu, spread, seed, subject.run), mu, spread)

    return ask


def _run(
    subject: Subject, call: Call, mu: Tensor, spread: Tensor, seed: int, how: Callable[..., Any]
) -> Any:
    kept, python = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        if call.paired:
            both = (mu, spread) if call.paired == "tuple" else torch.cat([mu, spread], -1)
            return how(both, train=True, seed=seed)
        given = {call.mean: mu, call.spread: spread, **call.more}
        order = [n for n in takes(subject.forward) if n in given]
        if order == takes(subject.forward)[: len(order)]:
            return how(*(given[n] for n in order), train=True, seed=seed)
        return how(train=True, seed=seed, named=given)
    finally:
        np.random.set_state(kept)
        random.setstate(python)


def working(subject: Subject, form: Form) -> tuple[Call, Ask, int]:
    """A latent width that it takes: any, else one that its file names."""
    trouble: CannotJudge | None = None
    for width in widths(subject.it, subject.thing):
        for call in calls_of(subject, form, width):
            ask = asker(subject, call)
            try:
                ask(torch.zeros(4, width), torch.ones(4, width))
                return call, ask, width
            except CannotJudge as error:
                trouble = trouble or error
    assert trouble
    raise trouble


def judge(subject: Subject) -> None:
    """Each way in which it may draw, until one is judged right; else the first that was judged."""
    lend(subject.thing, opt=Me(), args=Me(), config=Me(), cfg=Me())
    wrong: list[Finding] = []
    doubt, trouble = None, None
    until = time.monotonic() + SECONDS
    for form in forms(subject.thing, subject.it):
        subject.built = replace(subject.built, it=form.it)
        subject.found, subject.doubt, subject.held, subject.variants = [], None, [], []
        try:
            judge_form(subject, form)
        except CannotJudge as error:
            trouble = trouble or error
            if time.monotonic() > until:
                break
            continue
        if not subject.found and not subject.doubt:
            return
        wrong, doubt = wrong or subject.found, doubt or subject.doubt
    if trouble and not wrong and not doubt:
        raise trouble
    subject.found, subject.doubt = wrong, doubt


def judge_form(subject: Subject, form: Form) -> None:
    """The mean, the noise, its law, sigma, and gradients."""
    call, ask, width = working(subject, form)
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
    noisy = {name: how for name, how in RIGHT.items() if _allowed(call, name)}
    kind = judge_sigma(subject, call, ask, noisy, (rows, width), trace)
    if kind:
        judge_gradients(subject, ask, noisy[kind], (rows, width), call, trace)


def _allowed(call: Call, name: str) -> bool:
    """A name that says log of the variance means that; the others are used loosely, and only the
    caller could tell. A deviation is made by softplus of what has no such name."""
    if name == "softplus":
        return not call.sure
    return not call.sure or name == "logvar" or call.kind != "logvar"


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
    if not call.sure and not _near(found, torch.ones(len(points))):
        subject.doubt = ("check_sigma_unknown", {"name": subject.thing.name, "spread": call.spread})
        return ""
    code = "sigma_wrong"
    if "log" in call.kind:
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
    """What draws noise around a mean: a function or method of it, a module with both heads."""
    if not draws(thing.it):
        return False
    if thing.is_class:
        module = issubclass(thing.it, torch.nn.Module)
        heads = module and re.search(SPREAD, source_of(thing), re.I) is not None
        return bool(method_in(thing.it)) or heads
    names = needed(thing.it)
    if re.search(r"kl|loss|diverg|entropy|prob|nll", thing.name, re.I):
        return False
    return len(names) >= 2 and bool(MEAN.fullmatch(names[0]) and kind_of(names[1]))


ROLE = Role(
    called=NAME,
    sizes=Sizes({"latent": Z, "width": Z}),
    judge=judge,
    fits=fits,
    kinds=("function", "class"),
    made=False,
)
