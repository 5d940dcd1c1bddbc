"""Dropout, as a module or as a function of x, p and the mode: judged by its law.

    N batch · D units · p probability that a unit is dropped

N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014),
sections 4 and 10; the usual "inverted" form divides by 1 - p in training.

With 40,000 units a share of 0.7 is off by 0.03 (13 standard deviations) with a probability below
1e-37, so a right one does not fail; and seeds are fixed.
"""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from etude.checking import common
from etude.checking.build import READ, Sizes, needed, takes
from etude.checking.fit import difference
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

N, D, P = 40, 1000, 0.3
NEAR = 0.03
"""How far a share may be off."""
TRAIN = re.compile(r"(is_?|in_?)?train(ing)?(_?(mode|flg|flag|phase))?", re.IGNORECASE)
EVAL = re.compile(r"(is_?|in_?)?(eval(uate|uation)?|test(ing)?|inference)", re.IGNORECASE)
X = re.compile(r"x|inputs?|tensor|data|h|a|z|hidden", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """How it is called. p: the probability of dropping that it is given; modes: whether it can be
    told to train or to predict; names: besides x; unknown: the one that must be p, by its place."""

    p: float
    modes: bool
    names: tuple[str, ...]
    unknown: str = ""

    def named(self, train: bool) -> dict[str, Any]:
        """Arguments besides x."""
        values: dict[str, Any] = {}
        for name in self.names:
            if READ["keep"].fullmatch(name):
                values[name] = 1 - P
            elif TRAIN.fullmatch(name):
                values[name] = train
            elif EVAL.fullmatch(name):
                values[name] = not train
            elif name.lower() == "mode":
                values[name] = "train" if train else "eval"
            elif name == self.unknown or READ["dropout"].fullmatch(name):
                values[name] = P
        return values


def call_of(subject: Subject) -> Call:
    """Read off the signature. Raises CannotJudge where a needed argument has no known name."""
    names = takes(subject.forward)
    first_one = next((name for name in names if X.fullmatch(name)), names[0] if names else "")
    others = tuple(name for name in names if name != first_one)
    module = isinstance(subject.it, nn.Module)
    modes = module or isinstance(getattr(subject.it, "training", None), bool)
    modes = modes or any(TRAIN.fullmatch(n) or EVAL.fullmatch(n) or n == "mode" for n in others)
    call = Call(P, modes, others)
    said = [n for n in others if n in call.named(True)]
    if unknown := [n for n in needed(subject.forward)[1:] if n not in said]:
        told = any(call.named(True)[n] in (P, 1 - P) for n in said)
        call = call if told else Call(P, modes, others, unknown[0])
    missing = [n for n in needed(subject.forward) if n != first_one and n not in call.named(True)]
    if missing or not names:
        wanted = "(x) or (x, p, training)"
        raise CannotJudge("check_call", call=str(inspect.signature(subject.forward)), wanted=wanted)
    given = any(m in subject.sizes for m in ("dropout", "keep")) and subject.thing.is_class
    if not given and not any(v in (P, 1 - P) for v in call.named(True).values()):
        return Call(_own(subject), modes, others)
    return call


def _own(subject: Subject) -> float:
    """The probability that a made object says it has."""
    for module in subject.it.modules() if isinstance(subject.it, nn.Module) else [subject.it]:
        for name, value in vars(module).items() if hasattr(module, "__dict__") else ():
            if isinstance(value, float) and 0 < value < 1:
                if READ["keep"].fullmatch(name):
                    return 1 - value
                if READ["dropout"].fullmatch(name):
                    return value
    raise CannotJudge("check_ask", parameter="p", call=subject.built.said)


Ask = Callable[..., Tensor]


def asker(subject: Subject, call: Call) -> Ask:
    """ask(x, train, seed) -> y; seed None: noise goes on from where it is."""
    x_first = takes(subject.forward)[0] not in call.names

    def ask(x: Tensor, train: bool, seed: int = 0) -> Tensor:
        named = call.named(train)
        if not isinstance(subject.it, nn.Module) and hasattr(subject.it, "training"):
            subject.it.training = train
        if not x_first:
            name = next(n for n in takes(subject.forward) if n not in call.names)
            return first(subject.run(train=train, seed=seed, named={name: x, **named}))
        return first(subject.run(x, train=train, seed=seed, named=named))

    return ask


def sample(rows: int = N) -> Tensor:
    """x [N D], no number near zero; not a leaf, so that it may be changed in place."""
    generator = torch.Generator().manual_seed(4)
    x = 0.5 + torch.rand(rows, D, generator=generator)
    sign = torch.randint(0, 2, (rows, D), generator=generator) * 2 - 1
    return x * sign


@dataclass(frozen=True)
class Law:
    """What a call in train mode did. kept [N D]: where y is not zero; scale: y / x there, None
    where it varies."""

    kept: Tensor
    scale: float | None

    @property
    def share(self) -> float:
        """Of units kept."""
        return float(self.kept.double().mean())


def law(x: Tensor, y: Tensor) -> Law:
    """Read off input and output."""
    kept = y.detach() != 0
    ratio = (y.detach() / x)[kept]
    if not len(ratio):
        return Law(kept, None)
    middle = float(ratio.median())
    constant = float((ratio - middle).abs().max()) < 1e-5 * max(abs(middle), 1e-9)
    return Law(kept, middle if constant else None)


def judge(subject: Subject) -> None:
    """Train mode and eval mode; then the mask, its share, the scale, gradients."""
    call = call_of(subject)
    ask = asker(subject, call)
    x = sample()
    given = x.clone()
    trained = ask(given, True, 1)
    if trained.shape != x.shape:
        raise CannotJudge("check_shape", expected=list(x.shape), found=list(trained.shape))
    if not torch.equal(given, x):
        subject.variants.append("in_place")
    if not reached_by_eval(subject, call, x):
        return
    train = law(x, trained)
    quiet = law(x, ask(x.clone(), False, 2)) if call.modes else None
    if quiet is None:
        subject.variants.append("no_mode")
    elif not judge_eval(subject, train, quiet, call, _recorded(subject, call, x, False)):
        return
    trace = _recorded(subject, call, x, True)
    if not judge_mask(subject, ask, x, train, trace):
        return
    if not judge_scale(subject, train, quiet, call, trace):
        return
    judge_gradient(subject, ask, trace)


def reached_by_eval(subject: Subject, call: Call, x: Tensor) -> bool:
    """A module that is called with x alone does nothing in eval mode: a flag of its own, which
    model.eval() does not set, would go on dropping. Fault: flag_of_its_own."""
    alone = isinstance(subject.it, nn.Module) and set(needed(subject.forward)) <= {
        _x(subject, call)
    }
    if not alone or not any(TRAIN.fullmatch(n) or EVAL.fullmatch(n) for n in call.names):
        return True
    own = {
        n: v for n, v in call.named(False).items() if not (TRAIN.fullmatch(n) or EVAL.fullmatch(n))
    }
    outs = [first(subject.run(seed=s, named={_x(subject, call): x.clone(), **own})) for s in (1, 2)]
    if torch.equal(outs[0], outs[1]):
        return True
    evidence = ("module.eval(), then two calls of module(x)", "equal", "different")
    subject.fault("flag_of_its_own", subject.line_in("forward"), evidence)
    return False


def _x(subject: Subject, call: Call) -> str:
    return next(n for n in takes(subject.forward) if n not in call.names)


def _recorded(subject: Subject, call: Call, x: Tensor, train: bool) -> Trace:
    name = next(n for n in takes(subject.forward) if n not in call.names)
    named = {name: x.clone(), **call.named(train)}
    placed = [named.pop(name)] if takes(subject.forward)[0] == name else []
    return subject.record(*placed, train=train, seed=1, named=named)[1]


def judge_eval(subject: Subject, train: Law, quiet: Law, call: Call, trace: Trace) -> bool:
    """Identity in eval mode, or, with nothing rescaled in train mode, 1 - p of it (the 2014 paper's
    form). Faults: active_in_eval, modes_swapped, rescaled_in_eval."""
    last = next((c.line for c in reversed(trace.calls) if c.line), 0)
    noise = trace.line(*common.NOISE) or last
    if quiet.share < 1:
        evidence = ("share of units dropped in eval mode", "0", f"{1 - quiet.share:.2f}")
        code = "modes_swapped" if train.share == 1 else "active_in_eval"
        subject.fault(code, noise, evidence)
        return False
    if quiet.scale is None:
        evidence = ("output in eval mode", "the input", "differs unit by unit")
        subject.fault("active_in_eval", noise, evidence)
        return False
    if abs(quiet.scale - 1) < 1e-6:
        subject.hold("identity_in_eval", abs(quiet.scale - 1))
        return True
    plain = train.scale is not None and abs(train.scale - 1) < 1e-6
    if plain and abs(quiet.scale - (1 - call.p)) < 1e-6:
        subject.variants.append("scaled_in_eval")
        return True
    evidence = ("output / input in eval mode", "1", f"{quiet.scale:.4g}")
    trained = "?" if train.scale is None else f"{train.scale:.4g}"
    subject.fault(
        "rescaled_in_eval",
        last,
        evidence,
        ("output / input of kept units in train mode", "", trained),
    )
    return False


def judge_mask(subject: Subject, ask: Ask, x: Tensor, train: Law, trace: Trace) -> bool:
    """Units are dropped, anew in each call, each on its own. Faults: never_drops, mask_fixed,
    mask_shared_over_batch, mask_shared_over_units."""
    noise = trace.line(*common.NOISE)
    kept = [law(x, ask(x.clone(), True, seed)).kept for seed in range(1, 13)]
    if all(bool(each.all()) for each in kept):
        if train.scale is None:
            left_over(subject, ask, x, noise or trace.line("where"))
            return False
        evidence = ("share of units dropped in train mode", f"{P:g}", "0")
        subject.fault("never_drops", subject.line_in("forward"), evidence)
        return False
    mixed = any(0 < float(each.double().mean()) < 1 for each in kept)
    if mixed and all(torch.equal(kept[0], each) for each in kept):
        evidence = ("masks of twelve calls", "different ones", "the same")
        subject.fault("mask_fixed", _seeded(subject) or noise or trace.line("mul"), evidence)
        return False
    for code, axis, what in (
        ("mask_shared_over_batch", 0, "samples"),
        ("mask_shared_over_units", 1, "units"),
    ):
        if all(bool((each == each.select(axis, 0).unsqueeze(axis)).all()) for each in kept):
            size = N if axis == 0 else D
            evidence = (f"different masks among {size} {what}", "many", "1")
            subject.fault(code, noise, evidence)
            return False
    subject.hold("mask_anew", "exact")
    return True


def left_over(subject: Subject, ask: Ask, x: Tensor, line: int) -> None:
    """Nothing is zero. Where some units are all scaled alike and the others are not, these were to
    be dropped; else all are multiplied by noise, of which nothing is known. Fault:
    dropped_not_zero."""
    ratio = ask(x.clone(), True, 1).detach() / x
    alike = float(((ratio - ratio.mode().values.mode().values).abs() < 1e-9).double().mean())
    if not 0.05 < alike < 0.95:
        raise CannotJudge("check_noise")
    evidence = ("values of dropped units", "0", f"others, in {1 - alike:.0%} of the units")
    subject.fault("dropped_not_zero", line, evidence)


def _seeded(subject: Subject) -> int:
    """The line of the thing that seeds a generator; 0."""

    def seeds(node: ast.AST) -> bool:
        called = node.func if isinstance(node, ast.Call) else None
        return isinstance(called, ast.Attribute) and called.attr in ("manual_seed", "seed")

    return next(iter(lines_where(subject.thing.it, seeds)), 0)


def judge_scale(
    subject: Subject, train: Law, quiet: Law | None, call: Call, trace: Trace
) -> bool:  # fmt: skip
    """A share 1 - p is kept, times 1 / (1 - p). Faults: keep_and_drop_swapped, drop_share_wrong,
    no_rescale, rescale_by_p, rescale_multiplied, rescale_wrong."""
    p, scale = call.p, train.scale
    noise = trace.line("gt", "lt", "ge", "le", "bernoulli") or trace.line(*common.NOISE)
    share = ("share of units kept", f"{1 - p:g}", f"{train.share:.3f}")
    if abs(train.share - p) < NEAR:
        consistent = scale is not None and abs(scale - 1 / p) < 1e-4
        if consistent and _says_keep(subject):
            subject.variants.append("p_keeps")
            return True
        subject.fault("keep_and_drop_swapped", noise, share)
        return False
    if abs(train.share - (1 - p)) > NEAR:
        subject.fault("drop_share_wrong", noise, share)
        return False
    subject.hold("share_kept", f"{train.share:.3f}")
    expected = 1.0 if quiet and "scaled_in_eval" in subject.variants else 1 / (1 - p)
    if scale is not None and abs(scale - expected) < 1e-4 * expected:
        subject.hold("mean_kept", abs(scale - expected))
        return True
    known = {"no_rescale": 1.0, "rescale_by_p": 1 / p, "rescale_multiplied": 1 - p}
    code = "rescale_wrong"
    if scale is not None:
        code = next((name for name, v in known.items() if abs(scale - v) < 1e-4), code)
    found = "varies" if scale is None else f"{scale:.4g}"
    last = next((c.line for c in reversed(trace.calls) if c.line), 0)
    line = trace.line("div", "truediv") or last
    subject.fault(
        code, line, ("output / input of kept units", f"1/(1-p) = {expected:.4g}", found), share
    )
    return False


def _says_keep(subject: Subject) -> bool:
    """Whether the author says that p is the probability of keeping."""
    words = inspect.getdoc(subject.thing.it) or ""
    return bool(re.search(r"keep|kept|retain|surviv|유지|남[기길]", words, re.IGNORECASE))


def judge_gradient(subject: Subject, ask: Ask, trace: Trace) -> None:
    """The gradient of a unit is what it was multiplied by. Faults: detached, gradient_differs."""
    leaf = sample().requires_grad_()
    x = leaf * 1
    value = x.detach().clone()
    out = ask(x, True, 1)
    if not out.requires_grad:
        line = trace.line("detach", "data", "numpy", "tensor")
        subject.fault("detached", line, ("gradient of x", "that of kept units", "none"))
        return
    (grad,) = torch.autograd.grad(out.sum(), leaf, allow_unused=True)
    grad = torch.zeros_like(value) if grad is None else grad
    far = difference(grad, out.detach() / value)
    if far < TOLERANCE * 1e3:
        subject.hold("gradients", far)
        return
    evidence = ("gradient of x", "the mask times its scale", f"{far:.2g} apart")
    subject.fault("gradient_differs", 0, evidence, name="x")


def sizes() -> Mapping[str, Any]:
    """By meaning."""
    return {"keep": 1 - P, "dropout": P, "width": D, "inputs": D}


ROLE = Role(
    called=r"\w*drop_?out\w*|drop(_?layer)?",
    sizes=Sizes(sizes(), ("dropout",)),
    judge=judge,
    kinds=("class", "function"),
)
