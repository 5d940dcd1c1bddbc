"""Batch norm in a program: what it may be, what it must not be, and its running statistics.

    N batch · C channels · H, W height and width

S. Ioffe and C. Szegedy, "Batch Normalization" (2015), algorithms 1 and 2.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from etude.checking import common
from etude.checking.fit import NOTHING, Fit, attempt, difference
from etude.checking.program import Change, Program, Steps
from etude.checking.running import Kept, Running, held, running
from etude.checking.source import lines_where, tree
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

Moments = tuple[Tensor, Tensor]
ALL = (0, 2, 3)


def normed(s: Steps, x: Tensor) -> Tensor:
    """Of x [N C H W]: by the batch's moments in train mode, by running ones in eval mode."""
    s.step("norm_in", lambda s: x)
    mean, var = s.other("moments", batch(ALL) if s.train else kept)(s)
    made: Tensor = s.other("divided", divided)(s, mean, var)
    made = made * s.g[:, None, None] + s.c[:, None, None]
    return made


def batch(axes: tuple[int, ...], unbiased: bool = False) -> Callable[[Steps], Moments]:
    """Moments of a batch over these axes."""

    def moments(s: Steps) -> Moments:
        x: Tensor = s.norm_in
        return x.mean(axes, keepdim=True), x.var(axes, unbiased=unbiased, keepdim=True)

    return moments


def kept(s: Steps) -> Moments:
    """The running ones."""
    return s.mean[:, None, None], s.var[:, None, None]


def divided(s: Steps, mean: Tensor, var: Tensor) -> Tensor:
    """To mean 0 and variance 1."""
    made: Tensor = (s.norm_in - mean) / (var + s.eps).sqrt()
    return made


def _cut(s: Steps) -> Moments:
    mean, var = batch(ALL)(s)
    return mean.detach(), var.detach()


UNBIASED = Change("unbiased_variance", {"moments": batch(ALL, True)})
OUTSIDE = Change(
    "eps_outside", {"divided": lambda s, mean, var: (s.norm_in - mean) / (var.sqrt() + s.eps)}
)
STORES_STD = Change("stores_std", {"moments": lambda s: (kept(s)[0], kept(s)[1] ** 2)})
VARIANTS = ((), (UNBIASED,), (OUTSIDE,), (UNBIASED, OUTSIDE))
AXES = ((0,), (2, 3), (1, 2, 3), (1,), (0, 1, 2, 3), (0, 2), (0, 3), (0, 1), (3,))
FAULTS = (
    *(
        (Change("statistics_wrong_axis", {"moments": batch(axes, unbiased)}, {"axis": str(axes)}),)
        for axes in AXES
        for unbiased in (False, True)
    ),
    *(
        (*variant, Change(name, {"divided": how}))
        for name, how in (
            ("divided_by_variance", lambda s, mean, var: (s.norm_in - mean) / (var + s.eps)),
            ("mean_not_subtracted", lambda s, mean, var: s.norm_in / (var + s.eps).sqrt()),
        )
        for variant in ((), (UNBIASED,))
    ),
)
"""The fault is the last of each."""


def epsilons(subject: Subject, trace: Trace) -> tuple[float, ...]:
    """As batch_norm was called; else as attributes and the source's small numbers say; else those
    in use."""
    for call in trace.named("batch_norm"):
        if "eps" in call.kwargs or len(call.args) > 7:
            return (float(call.kwargs.get("eps", call.args[-1])),)
        return (1e-5,)
    found = [
        value
        for module in subject.it.modules()
        for name, value in vars(module).items()
        if "eps" in name.lower() and isinstance(value, float)
    ]
    for it in {subject.thing.it, *(type(module) for module in subject.it.modules())}:
        if getattr(it, "__module__", "").startswith("torch"):
            continue
        parsed = tree(it)
        found += [
            node.value
            for node in ast.walk(parsed) if isinstance(node, ast.Constant)
            if isinstance(node.value, float) and 0 < node.value < 1e-2
        ] if parsed else []  # fmt: skip
    return (*dict.fromkeys(found), 0.0) if found else (1e-5, 1e-8, 1e-6, 1e-3, 0.0)


def snapshot(it: Any) -> list[tuple[str, Tensor]]:
    """Copies of what a module holds besides trained parameters."""
    return [(place.name, place.value.detach().clone()) for place in held(it)]


def moved(it: Any, before: list[tuple[str, Tensor]]) -> list[str]:
    """Names of what has changed."""
    return [
        name
        for (name, old), (_, new) in zip(before, snapshot(it))
        if old.shape != new.shape or not torch.equal(old, new)
    ]


def quiet_in_eval(subject: Subject, x: Tensor) -> bool:
    """A call in eval mode leaves running statistics alone. Faults:
    batch_statistics_in_eval, where it uses the batch's own too; running_statistics_move_in_eval."""
    kept_all, before = Kept(subject.it), snapshot(subject.it)
    _, trace = subject.record(x)
    changed = moved(subject.it, before)
    kept_all.back()
    if not changed:
        subject.hold("statistics_stay_in_eval", "exact")
        return True
    evidence = (f"{', '.join(changed)} after a call in eval mode", "unchanged", "changed")
    line = common.set_at(subject, changed[0]) or trace.line("batch_norm")
    outs = []
    for other in (x[1:], 2 * x[1:]):
        outs.append(first(subject.run(torch.cat([x[:1], other]))))
        kept_all.back()
    if difference(outs[1][:1], outs[0][:1]) > TOLERANCE:
        line = line_of(trace)
        subject.fault("batch_statistics_in_eval", line, evidence)
        return False
    subject.fault("running_statistics_move_in_eval", line, evidence)
    return False


def line_of(trace: Trace) -> int:
    """Where the norm is, or its moments are taken."""
    return trace.line("batch_norm") or trace.line("mean", "var", "var_mean", "std")


def untracked(subject: Subject) -> int:
    """The line that switches running statistics off; 0."""

    def off(node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "track_running_stats"

    return next(iter(lines_where(subject.thing.it, off)), 0)


def unlike(subject: Subject) -> dict[str, Tensor]:
    """Running statistics that no batch has, set and told; {} where there are none to be found."""
    widths = {place.value.numel() for place in held(subject.it)} - {1}
    for width in widths:
        if known := running(subject.it, width):
            known.put(torch.linspace(-1, 1, width), torch.linspace(0.5, 2, width))
            return dict(zip(("mean", "var"), (v.flatten() for v in known.values())))
    return {}


def judge_gradients(
    subject: Subject,
    program: Program,
    given: Mapping[str, Any],
    fit: Fit,
    out: Tensor,
    trace: Trace,
) -> bool:
    """Gradients go through the batch's moments too. Faults: statistics_detached,
    gradient_differs."""
    if common.gradients(subject, program, given, fit, out):
        return True
    cut = Change("statistics_detached", {"moments": _cut})
    aside = replace(subject, found=[], held=[], variants=[])
    if common.gradients(aside, program, given, replace(fit, variants=(*fit.variants, cut)), out):
        line = trace.line("detach", "data", "mean", "var")
        subject.found[-1] = replace(subject.found[-1].named("statistics_detached"), line=line)
    return False


def judge_eval(
    subject: Subject, program: Program, given: Mapping[str, Any], fit: Fit, known: Running | None
) -> None:
    """Eval mode uses the running statistics. Faults: batch_statistics_in_eval,
    running_statistics_unused."""
    P = subject.parameters
    values = {**given, **fit.meant.make(P)}
    channels = dict(fit.log)["norm_in"].shape[1]
    generator = torch.Generator().manual_seed(9)
    values["mean"] = torch.randn(channels, generator=generator)
    values["var"] = 0.5 + 1.5 * torch.rand(channels, generator=generator)
    if known:
        known.put(values["mean"], values["var"])
        if not (known.mean.registered and known.var.registered):
            subject.variants.append("statistics_not_saved")
    out, trace = subject.record(given["x"])
    out = first(out)
    base = tuple(change for change in fit.variants if "moments" not in change.steps)
    for change in ((), (STORES_STD,)) if known else ():
        if (far := difference(out, _made(program, values, *base, *change))) < TOLERANCE:
            subject.hold("running_statistics_in_eval", far)
            subject.variants += [each.name for each in change]
            return
    for unbiased in (False, True):
        change_to = Change("batch_statistics_in_eval", {"moments": batch(ALL, unbiased)})
        if difference(out, _made(program, values, *base, change_to)) < TOLERANCE:
            evidence = ("output in eval mode", "of the running statistics", "of the batch's")
            line = untracked(subject) or line_of(trace)
            subject.fault("batch_statistics_in_eval", line, evidence)
            return
    evidence = ("output in eval mode", "of the running mean and variance", "another")
    subject.fault("running_statistics_unused", subject.line_in("forward"), evidence)


def _made(program: Program, values: Mapping[str, Any], *changes: Change) -> Tensor:
    made = attempt(program, values, NOTHING, {}, *changes)[1]
    assert made is not None
    return made


def judge_update(
    subject: Subject, program: Program, x: Tensor, fit: Fit, known: Running
) -> None:  # fmt: skip
    """Three calls in train mode move the running statistics towards the batch's, by a share that is
    the same for all channels. Faults: running_statistics_not_updated, running_statistics_wrong,
    running_statistics_keep_graph, momentum_swapped."""
    torch.manual_seed(11)
    known.put(*[torch.zeros_like(v) + i for i, v in enumerate(known.values())])
    for _ in range(2):
        subject.run(torch.randn_like(x), train=True)
    old = known.values()
    new_x = torch.randn_like(x) * 2 + 1
    _, trace = subject.record(new_x, train=True)
    line = common.set_at(subject, known.mean.name) or line_of(trace)
    if any(place.value.requires_grad for place in (known.mean, known.var)):
        evidence = ("graph behind the running statistics", "none", "that of all batches so far")
        subject.fault("running_statistics_keep_graph", line, evidence)
        return
    given = {"x": new_x, "train": True, **fit.meant.make(subject.parameters)}
    steps, _ = attempt(program, given, NOTHING, {}, *fit.variants)
    z = dict(steps.log)["norm_in"].detach()
    new = known.values()
    names = (known.mean.name, known.var.name)
    still = [name for name, a, b in zip(names, old, new) if torch.equal(a, b)]
    if still:
        evidence = (f"{', '.join(still)} after a call in train mode", "moved", "unchanged")
        subject.fault("running_statistics_not_updated", line, evidence)
        return
    share, far = _share(old[0], new[0], z.mean(ALL))
    options = {
        "": z.var(ALL, unbiased=True),
        "biased_running_variance": z.var(ALL, unbiased=False),
        "stores_std": z.std(ALL),
    }
    fits = {name: _share(old[1], new[1], value)[1] for name, value in options.items()}
    best = min(fits, key=lambda name: fits[name])
    if far > 1e-7 or fits[best] > 1e-7:
        which = names[0] if far > 1e-7 else names[1]
        evidence = (f"{which} after a call", "between the old and the batch's", "elsewhere")
        subject.fault("running_statistics_wrong", line, evidence)
    elif share > 0.8:
        evidence = ("share of the newest batch in the running statistics", "0.1", f"{share:.2g}")
        subject.fault("momentum_swapped", line, evidence)
    else:
        subject.variants += [best] if best and best not in subject.variants else []
        subject.hold("statistics_move_in_train", max(far, fits[best]))


def _share(old: Tensor, new: Tensor, batch: Tensor) -> tuple[float, float]:
    """m of new = (1 - m) old + m batch, and how far that is from true."""
    old, new, batch = old.flatten(), new.flatten(), batch.flatten()
    if not old.shape == new.shape == batch.shape:
        return 0.0, float("inf")
    way = batch - old
    share = float((new - old) @ way / (way @ way))
    return share, float((old + share * way - new).abs().max() / way.abs().max())
