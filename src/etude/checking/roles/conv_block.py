"""A convolutional block: x [N C H W] -> convolution, batch norm, activation, pooling.

    N batch · C channels in · O channels out · H, W height and width

S. Ioffe and C. Szegedy, "Batch Normalization" (2015), section 3.2 and algorithms 1 and 2.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parameter import UninitializedParameter

from etude.checking import batch_norm, common, docstrings, properties
from etude.checking.build import Built, Sizes, arguments, meaning, takes
from etude.checking.convs import ACTIVE, POOLS, Reading, read
from etude.checking.fit import NOTHING, Fit, attempt, difference
from etude.checking.products import unused
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, written
from etude.checking.running import Kept, running
from etude.checking.source import CannotJudge, Thing, theirs
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Trace, Weights
from etude.shapes import Tensor

N, C, O, H, W = 4, 3, 6, 8, 12  # noqa: E741
ORDER = ("conv", "norm", "active", "pool")
WORDS = {
    "conv": r"conv(?!_?block)(olution)?|합성곱|컨볼루션",
    "norm": r"batch[ _-]?norm|\bBN\b|normali[sz]|정규화",
    "active": r"relu|gelu|silu|activation|non-?linearity|활성화",
    "pool": r"pool|풀링",
}
"""Parts in an author's words."""
IDLE = {
    "norm": r"\w*Norm\w*",
    "active": r"\w*(LU|Sigmoid|Tanh|Mish|Hardswish)",
    "pool": r"\w*Pool\w*",
}
"""Parts by the names of their classes."""


def block(s: Steps) -> Tensor:
    """From s.x [N C H W] to the block's output; weights as named in `given`."""
    now: Tensor = s.x
    for part in s.other("order", lambda s: ORDER)(s):
        now = s.step(part, lambda s, x=now, how=PARTS[part]: how(s, x))
    return now


PARTS: dict[str, Callable[[Steps, Tensor], Tensor]] = {
    "conv": lambda s, x: F.conv2d(s.pad(x), s.W, s.b, **s.how),
    "norm": batch_norm.normed,
    "active": lambda s, x: s.activate(x),
    "pool": lambda s, x: s.pooling(x),
}


def orders() -> list[tuple[str, ...]]:
    """All orders of the convolution and some of the other parts; the usual ones first."""
    found = [
        order
        for n in (3, 2, 1, 0)
        for some in itertools.combinations(ORDER[1:], n)
        for order in itertools.permutations(("conv", *some))
    ]
    return sorted(found, key=lambda order: (-len(order), _inversions(order)))


def _inversions(order: Sequence[str]) -> int:
    places = [ORDER.index(part) for part in order]
    return sum(a > b for a, b in itertools.combinations(places, 2))


def ordered(order: tuple[str, ...]) -> Change:
    """A block in this order."""
    return Change("-".join(order), {"order": lambda s: order})


def fit_train(
    reading: Reading, given: Mapping[str, Any], P: Weights, out: Tensor, trace: Trace
) -> tuple[Fit | None, tuple[str, ...]]:
    """The order, weights and kind of batch norm that give the output in train mode, else with one
    fault of the norm."""
    shaped = [order for order in orders() if _shaped(order, reading, given, P, out)]
    seen = [order for order in shaped if _enters(order, reading, given, P, trace)]
    tries = (
        (reading, shaped, batch_norm.VARIANTS),
        *((other, seen, batch_norm.VARIANTS) for other in reading.others()),
        (reading, seen, batch_norm.FAULTS),
    )
    for each, some, changes in tries:
        for order in some:
            for meant, change in itertools.product(each.meanings(), changes):
                values = {**given, **meant.make(P)}
                steps, made = attempt(block, values, NOTHING, {}, ordered(order), *change)
                if made is None or (far := difference(out, made)) > TOLERANCE:
                    if "norm" not in order:
                        break
                    continue
                fault = change[-1] if changes is batch_norm.FAULTS else None
                used = (ordered(order), *change)
                there = tuple((name, trace.holds(value)) for name, value in steps.log)
                return Fit(not fault, meant, used, fault, far, there, tuple(steps.log)), order
    return None, ()


def _shaped(
    order: tuple[str, ...], reading: Reading, given: Mapping[str, Any], P: Weights, out: Tensor
) -> bool:
    meant = next(reading.meanings())
    made = attempt(block, given, meant, P, ordered(order))[1]
    return made is not None and made.shape == out.shape


def _enters(
    order: tuple[str, ...], reading: Reading, given: Mapping[str, Any], P: Weights, trace: Trace
) -> bool:
    """Whether a user's forward has what enters the norm in this order."""
    meant = next(reading.meanings())
    steps, _ = attempt(block, given, meant, P, ordered(order))
    return any(name == "norm_in" and trace.holds(value) for name, value in steps.log)


def judge(subject: Subject) -> None:
    """The parts and their order in train mode; then gradients; then running statistics."""
    _factory(subject)
    _wake(subject)
    if not common.registered(subject):
        return
    if sum(isinstance(m, nn.Conv2d) for m in subject.it.modules()) > 1:
        properties.judge(subject)
        return
    common.spread(subject)
    x = inputs(subject)
    kept = Kept(subject.it)
    if not batch_norm.quiet_in_eval(subject, x) or not common.same_twice(subject, x):
        return
    kept.back()
    idle = _idle(subject, x)
    given = {"x": x, "train": True}
    with common.without_dropout():
        state = batch_norm.unlike(subject)
        out, trace = subject.record(x, train=True)
        kept.back()
        out = first(out)
        reading = read(subject, trace)
        fit, order = fit_train(reading, {**given, **state}, subject.parameters, out, trace)
        if fit is None:
            unexplained(subject, reading, x, trace)
            return
        if fit.fault:
            common.explain(subject, fit, trace)
            whole = trace.line_of(dict(fit.log)["norm"]) if "divided" in fit.fault.steps else 0
            line = whole or batch_norm.line_of(trace)
            subject.found[-1] = replace(subject.found[-1], line=line)
            return
        subject.steps = fit.steps
        subject.hold("outputs", fit.error)
        subject.variants += [change.name for change in fit.variants[1:]]
        if not judge_parts(subject, order, idle, trace, fit) or not judge_padding(subject, trace):
            return
        judge_order(subject, order, trace)
        if not subject.found and batch_norm.judge_gradients(subject, block, given, fit, out, trace):
            common.learns(subject, out, trace)
        kept.back()
        if not subject.found and "norm" in order:
            known = running(subject.it, dict(fit.log)["norm_in"].shape[1])
            batch_norm.judge_eval(subject, block, {**given, "train": False}, fit, known)
            kept.back()
            if not subject.found and known:
                batch_norm.judge_update(subject, block, x, fit, known)
            kept.back()


def _factory(subject: Subject) -> None:
    """A function that makes a block is called for one. Raises CannotJudge where it is none."""
    if isinstance(subject.it, nn.Module):
        return
    signature = inspect.signature(subject.forward)
    values, used, _ = arguments(signature, ROLE.sizes, {})
    call = f"{subject.thing.name}{signature}"
    if inspect.Parameter.empty in values.values():
        raise CannotJudge("check_call", call=call, wanted="(in_channels, out_channels)")
    with theirs(subject.thing.file, "check_construct", call=call):
        made = subject.it(**values)
    if not isinstance(made, nn.Module):
        raise CannotJudge("check_call", call=call, wanted="(in_channels, out_channels)")
    subject.built = Built(made.double(), used, call)


def _wake(subject: Subject) -> None:
    """Lazy layers take their sizes from a first input."""
    if any(isinstance(p, UninitializedParameter) for p in subject.it.parameters()):
        subject.run(torch.randn(N, C, H, W))
        subject.it.double()


def unexplained(subject: Subject, reading: Reading, x: Tensor, trace: Trace) -> None:
    """Say what first differs from the usual order. Raises CannotJudge where that is the activation,
    which may be one that is not known here."""
    P, best = subject.parameters, Steps({})
    for meant, variants in itertools.product(reading.meanings(), batch_norm.VARIANTS):
        steps, _ = attempt(block, {"x": x, "train": True}, meant, P, *variants)
        if _there(steps, trace) >= _there(best, trace):
            best = steps
    seen = tuple((name, trace.holds(value)) for name, value in best.log)
    fit = Fit(False, meant, (), None, float("inf"), seen, tuple(best.log))
    if fit.first_missing == "active":
        raise CannotJudge("check_parts", part="activation", found=1)
    common.explain(subject, fit, trace)


def _there(steps: Steps, trace: Trace) -> int:
    """How many steps a forward has."""
    return sum(trace.holds(value) for _, value in steps.log)


def inputs(subject: Subject) -> Tensor:
    """x [N C H W]; not square, so that axes cannot be mixed unseen."""
    torch.manual_seed(7)
    convs = [m.in_channels for m in subject.it.modules() if isinstance(m, nn.Conv2d)]
    loose = [p.shape[1] for p in subject.parameters.values() if p.ndim == 4]
    channels = (*convs, *loose, C)[0]
    return (torch.randn(N, channels, H, W) + 0.3).requires_grad_()


def _idle(subject: Subject, x: Tensor) -> dict[str, str]:
    """Declared parts that a forward never calls: part -> attribute."""
    called: set[nn.Module] = set()
    hooks = [
        module.register_forward_hook(lambda module, args, out: called.add(module))
        for module in subject.it.modules()
    ]
    try:
        subject.run(x)
    finally:
        for hook in hooks:
            hook.remove()
    idle: dict[str, str] = {}
    for name, module in subject.it.named_modules():
        for part, pattern in IDLE.items():
            if module not in called and re.fullmatch(pattern, type(module).__name__):
                idle.setdefault(part, name)
    return idle


def judge_parts(
    subject: Subject, order: tuple[str, ...], idle: Mapping[str, str], trace: Trace, fit: Fit
) -> bool:
    """No part is missing that the author declares or speaks of; an activation is always due.
    Faults: norm_forgotten, activation_missing, pool_missing."""
    text = docstrings.words(subject.thing)
    name = subject.thing.name.lower()
    only_norm = re.search(r"conv_?(2d)?_?(bn|norm|batch_?norm)(?!.*(relu|act))", name)
    idle_weights = unused(trace, subject.parameters)
    for part, code in (
        ("norm", "norm_forgotten"), ("active", "activation_missing"), ("pool", "pool_missing"),
    ):  # fmt: skip
        if part in order:
            continue
        due = part in idle or docstrings.mentions(text, WORDS[part])
        due = due and not _off(subject, part)
        due = due or (part == "norm" and any(subject.parameters[n].ndim == 1 for n in idle_weights))
        if part == "active" and not only_norm and not _off(subject, part):
            due = due or not _denied(text, WORDS[part])
        if not due:
            subject.variants.append(f"no_{part}")
            continue
        found = f"self.{idle[part]} is never called" if part in idle else "no such step"
        before = [each for each in order if ORDER.index(each) < ORDER.index(part)][-1]
        line = trace.line_of(dict(fit.log)[before])
        subject.fault(code, line, (f"steps {' -> '.join(ORDER)}", part, found))
        return False
    return True


def _off(subject: Subject, part: str) -> bool:
    """Whether a part is the caller's to choose, and off by default."""
    it = subject.thing.it
    pattern = {"norm": r"norm|bn", "active": r"act|relu|nonlin", "pool": r"pool"}[part]
    return any(
        re.search(pattern, name, re.IGNORECASE) and not each.default
        for name, each in inspect.signature(it).parameters.items()
    )


def _denied(text: str, pattern: str) -> bool:
    return bool(re.search(pattern, text, re.IGNORECASE)) and not docstrings.mentions(text, pattern)


def judge_padding(subject: Subject, trace: Trace) -> bool:
    """A convolution of stride 1 keeps height and width, unless the author leaves padding to the
    caller or says that it does not. Fault: padding_missing."""
    convs = trace.named("conv2d")
    if not convs or convs[0].outs[0].shape[-1] * 1.5 < W:
        return True
    before, after = (H, W), tuple(convs[0].outs[0].shape[-2:])
    pooled = [c for c in trace.named(*POOLS) if c.outs[0].shape == convs[0].ins[0].shape]
    if before == after or pooled or after[0] >= before[0]:
        return True
    text = docstrings.words(subject.thing)
    chosen = {"pad", "padding"} & set(inspect.signature(subject.thing.it).parameters)
    if chosen or re.search(r"valid|no padding|without padding|unpadded|shrink", text, re.I):
        subject.variants.append("no_padding")
        return True
    evidence = ("height and width after the convolution", f"{H} x {W}", f"{after[0]} x {after[1]}")
    made = common.made_at(subject, "Conv2d") or common.made_at(subject, "conv2d")
    subject.fault("padding_missing", made or convs[0].line, evidence)
    return False


def judge_order(subject: Subject, order: tuple[str, ...], trace: Trace) -> None:
    """The order is the one that the author says; where none is said, unusual ones are variants.
    Faults: relu_before_conv, order_differs."""
    stated = tuple(
        part for part in docstrings.order(docstrings.words(subject.thing), WORDS) if part in order
    )
    found = tuple(part for part in order if part in stated)
    if stated and stated != found and not _alike(stated, found, trace):
        first_active = "active" in found and "conv" in found[found.index("active") :]
        due = "active" in stated and "conv" in stated[: stated.index("active")]
        code = "relu_before_conv" if first_active and due else "order_differs"
        evidence = ("order of the steps", " -> ".join(stated), " -> ".join(found))
        subject.fault(code, trace.line(*ACTIVE) if code[0] == "r" else 0, evidence)
        return
    place = {part: i for i, part in enumerate(order)}
    if place.get("active", 9) < place["conv"] or place.get("norm", 9) < place["conv"]:
        subject.variants.append("pre_activation")
    elif place.get("active", 9) < place.get("norm", -1):
        subject.variants.append("norm_after_activation")
    elif place.get("pool", 9) < place.get("norm", -1):
        subject.variants.append("pool_before_norm")


def _alike(a: tuple[str, ...], b: tuple[str, ...], trace: Trace) -> bool:
    """Whether they differ only in what commutes: max pooling and an activation that never falls."""
    swap = {"active": "pool", "pool": "active"}
    same = any(
        (*a[:i], swap.get(a[i], ""), swap.get(a[i + 1], ""), *a[i + 2 :]) == b
        for i in range(len(a) - 1)
        if {a[i], a[i + 1]} == {"active", "pool"}
    )
    return same and bool(trace.named("max_pool2d") or not trace.named(*POOLS))


def fits(thing: Thing) -> bool:
    """Called a block or unit, and made of convolutions alone, or with channels in and out."""
    if not re.search(r"conv|block|unit|bottleneck|res|stage|fire", thing.name, re.IGNORECASE):
        return False
    alone = not written(thing, r"Linear\(|attention|LSTM|Embedding\(")
    if thing.is_class and alone and written(thing, r"Conv2d\("):
        return True
    try:
        names = takes(thing.it.__init__ if thing.is_class else thing.it)
    except (TypeError, ValueError, AttributeError):
        return False
    made = {meaning(name, ROLE.sizes) for name in names[:2]}
    return made in ({"channels", "channels_out"}, {"inputs", "channels_out"})


SIZES = {
    "channels_out": O, "channels": C, "kernel": 3, "padding": 1, "stride": 1, "pool": 2,
    "dropout": 0.5, "inputs": C, "outputs": O,
}  # fmt: skip
ROLE = Role(
    called=r"\w*conv(2d)?_?(block|layer|unit|bn\w*|norm\w*|relu\w*|pool\w*|stage|module)\w*|conv_?bn_?\w*|block|(basic|simple|double)?_?conv(2d)?|cnn_?(block|layer)",
    sizes=Sizes(SIZES, ("channels", "channels_out")),
    judge=judge,
    fits=fits,
    kinds=("class", "function"),
)
