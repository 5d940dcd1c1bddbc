"""A convolutional block: x [N C H W] -> convolution, batch norm, activation, pooling.

    N batch · C channels in · O channels out · H, W height and width

S. Ioffe and C. Szegedy, "Batch Normalization" (2015), section 3.2 and algorithms 1 and 2.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

from etude.examiner import batch_norm, common, said
from etude.examiner.build import Built, Sizes, arguments
from etude.examiner.fit import NOTHING, Fit, Meant, Use, attempt, difference, unused, uses
from etude.examiner.program import Change, Steps
from etude.examiner.roles import Role
from etude.examiner.running import Kept, running
from etude.examiner.source import CannotJudge, theirs
from etude.examiner.subject import Subject, first
from etude.examiner.trace import TOLERANCE, Call, Trace, Weights
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
ACTIVE = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardtanh", "softplus", "sigmoid", "tanh", "prelu",
)  # fmt: skip
POOLS = ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "lp_pool2d")


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


@dataclass(frozen=True)
class Reading:
    """What a trace says of a block. fixed: values of the program that are known; convs: uses of
    convolution weights; vectors: parameters that may scale and shift."""

    fixed: Mapping[str, Any]
    conv: Use | None
    matrix: str
    vectors: tuple[str, ...]
    epsilons: tuple[float, ...]

    def meanings(self) -> Iterator[Meant]:
        """Scale and shift by their order, the other way round, or only one of them."""
        pairs = [*itertools.permutations(self.vectors, 2), *((v, "") for v in self.vectors)]
        for (g, c), eps in itertools.product([*pairs, ("", "")], self.epsilons):
            yield Meant(f"scale {g or '1'}, shift {c or '0'}", self._make(g, c, eps))

    def _make(self, g: str, c: str, eps: float) -> Callable[[Weights], Mapping[str, Any]]:
        def make(P: Weights) -> dict[str, Any]:
            weight = self.conv.weight(P) if self.conv else P[self.matrix]
            bias = self.conv.bias(P) if self.conv and self.conv.bias else None
            scale = P[g].flatten() if g else torch.ones(weight.shape[0])
            shift = P[c].flatten() if c else torch.zeros(weight.shape[0])
            return {"W": weight, "b": bias, "g": scale, "c": shift, "eps": eps, **self.fixed}

        return make


def read(subject: Subject, trace: Trace) -> Reading:
    """Raises CannotJudge where there is not one convolution."""
    P = subject.parameters
    convs = [use for use in uses(trace, P) if use.kind == "conv"]
    matrices = [name for name, p in P.items() if p.ndim == 4]
    if len(convs) > 1 or (not convs and len(matrices) != 1):
        raise CannotJudge("check_parts", part="Conv2d", found=len(convs) or len(matrices))
    how: dict[str, Any] = {"padding": 1}
    pad: Callable[[Tensor], Tensor] = lambda x: x  # noqa: E731
    if convs and convs[0].call:
        call = convs[0].call
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        how = {**dict(zip(names, call.args)), **call.kwargs}
        how = {name: how[name] for name in names[3:] if name in how}
        pads = [c for c in trace.named("pad") if c.outs[0].shape == convs[0].x.shape]
        pad = _again(pads[0]) if pads else pad
    actives, pools = trace.named(*ACTIVE), trace.named(*POOLS)
    strange = trace.named("group_norm", "instance_norm", "layer_norm", "conv_transpose2d")
    if strange or len({c.line for c in pools}) > 1:
        name = strange[0].name if strange else pools[0].name
        raise CannotJudge("check_parts", part=name, found=len(strange) or len(pools))
    width = P[convs[0].names[0]].shape[0] if convs else P[matrices[0]].shape[0]
    taken = convs[0].names if convs else ()
    vectors = tuple(n for n, p in P.items() if p.numel() == width and n not in taken)
    fixed = {
        "how": how,
        "pad": pad,
        "activate": _again(actives[0]) if actives else F.relu,
        "pooling": _again(pools[0]) if pools else lambda x: F.max_pool2d(x, 2),
    }
    epsilons = batch_norm.epsilons(subject, trace)
    return Reading(fixed, convs[0] if convs else None, "".join(matrices[:1]), vectors, epsilons)


def _again(call: Call) -> Callable[[Tensor], Tensor]:
    """The same call on another tensor."""
    how = getattr(F, call.name.strip("_"), None) or getattr(torch, call.name.strip("_"))
    named = {k: v for k, v in call.kwargs.items() if k not in ("inplace", "self", "input")}
    return lambda x: how(x, *call.args[1:], **named)


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


@contextmanager
def without_dropout() -> Iterator[None]:
    """Dropout does nothing, as in eval mode."""
    with ExitStack() as stack:
        for name in ("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_dropout"):
            if hasattr(F, name):
                stack.enter_context(mock.patch.object(F, name, lambda x, *_, **__: x))
        yield


def ordered(order: tuple[str, ...]) -> Change:
    """A block in this order."""
    return Change("-".join(order), {"order": lambda s: order})


def fit_train(
    reading: Reading, given: Mapping[str, Any], P: Weights, out: Tensor, trace: Trace
) -> tuple[Fit | None, tuple[str, ...]]:
    """The order, weights and kind of batch norm that give the output in train mode, else with one
    fault of the norm."""
    for changes in (batch_norm.VARIANTS, tuple((fault,) for fault in batch_norm.FAULTS)):
        for order in orders():
            if not _shaped(order, reading, given, P, out):
                continue
            for meant, change in itertools.product(reading.meanings(), changes):
                values = {**given, **meant.make(P)}
                steps, made = attempt(block, values, NOTHING, {}, ordered(order), *change)
                if made is None or (far := difference(out, made)) > TOLERANCE:
                    if "norm" not in order:
                        break
                    continue
                fault = change[0] if changes is not batch_norm.VARIANTS else None
                used = (ordered(order), *change)
                seen = tuple((name, trace.holds(value)) for name, value in steps.log)
                return Fit(not fault, meant, used, fault, far, seen, tuple(steps.log)), order
    return None, ()


def _shaped(
    order: tuple[str, ...], reading: Reading, given: Mapping[str, Any], P: Weights, out: Tensor
) -> bool:
    meant = next(reading.meanings())
    made = attempt(block, given, meant, P, ordered(order))[1]
    return made is not None and made.shape == out.shape


def judge(subject: Subject) -> None:
    """The parts and their order in train mode; then gradients; then running statistics."""
    _factory(subject)
    if not common.registered(subject):
        return
    common.spread(subject)
    x = inputs(subject)
    kept = Kept(subject.it)
    if not batch_norm.quiet_in_eval(subject, x) or not common.same_twice(subject, x):
        return
    kept.back()
    idle = _idle(subject, x)
    given = {"x": x, "train": True}
    with without_dropout():
        state = batch_norm.unlike(subject)
        out, trace = subject.record(x, train=True)
        kept.back()
        out = first(out)
        reading = read(subject, trace)
        fit, order = fit_train(reading, {**given, **state}, subject.parameters, out, trace)
        if fit is None:
            common.explain(subject, _nearest(reading, x, subject.parameters, trace), trace)
            return
        if fit.fault:
            common.explain(subject, fit, trace)
            line = trace.line("mean", "var", "var_mean", "batch_norm")
            subject.found[-1] = replace(subject.found[-1], line=line)
            return
        subject.steps = fit.steps
        subject.hold("outputs", fit.error)
        subject.variants += [change.name for change in fit.variants[1:]]
        if not judge_parts(subject, order, idle, trace, out) or not judge_padding(subject, trace):
            return
        judge_order(subject, order, trace)
        if not subject.found and batch_norm.judge_gradients(subject, block, given, fit, out, trace):
            common.learns(subject, out, trace)
        kept.back()
        if not subject.found and "norm" in order:
            known = running(subject.it, fit.meant.make(subject.parameters)["W"].shape[0])
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


def _nearest(reading: Reading, x: Tensor, P: Weights, trace: Trace) -> Fit:
    """Of the usual order, for what to say first differs."""
    meant = next(reading.meanings())
    steps, _ = attempt(block, {"x": x, "train": True}, meant, P)
    seen = tuple((name, trace.holds(value)) for name, value in steps.log)
    return Fit(False, meant, (), None, float("inf"), seen, tuple(steps.log))


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
    subject: Subject, order: tuple[str, ...], idle: Mapping[str, str], trace: Trace, out: Tensor
) -> bool:
    """No part is missing that the author declares or speaks of; an activation is always due.
    Faults: norm_forgotten, activation_missing, pool_missing."""
    text = said.words(subject.thing)
    name = subject.thing.name.lower()
    only_norm = re.search(r"conv_?(2d)?_?(bn|norm|batch_?norm)(?!.*(relu|act))", name)
    idle_weights = unused(trace, subject.parameters)
    for part, code in (
        ("norm", "norm_forgotten"), ("active", "activation_missing"), ("pool", "pool_missing"),
    ):  # fmt: skip
        if part in order:
            continue
        due = part in idle or said.mentions(text, WORDS[part])
        due = due or (part == "norm" and any(subject.parameters[n].ndim == 1 for n in idle_weights))
        due = due or (part == "active" and not only_norm and not _denied(text, WORDS[part]))
        if not due:
            subject.variants.append(f"no_{part}")
            continue
        found = f"self.{idle[part]} is never called" if part in idle else "no such step"
        subject.fault(code, trace.line_of(out), (f"steps {' -> '.join(ORDER)}", part, found))
        return False
    return True


def _denied(text: str, pattern: str) -> bool:
    return bool(re.search(pattern, text, re.IGNORECASE)) and not said.mentions(text, pattern)


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
    text = said.words(subject.thing)
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
    stated = tuple(part for part in said.order(said.words(subject.thing), WORDS) if part in order)
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


SIZES = {
    "channels_out": O, "channels": C, "kernel": 3, "padding": 1, "stride": 1, "pool": 2,
    "dropout": 0.5, "inputs": C, "outputs": O,
}  # fmt: skip
ROLE = Role(
    called=r"\w*conv(2d)?_?(block|layer|unit|bn\w*|norm\w*|relu\w*|pool\w*|stage|module)\w*|conv_?b?n_?\w*|(basic|simple|double)?_?conv(2d)?|cnn_?(block|layer)",
    sizes=Sizes(SIZES, ("channels", "channels_out")),
    judge=judge,
    kinds=("class", "function"),
)
