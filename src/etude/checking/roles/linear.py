"""A linear layer: x [N I] -> [N O], y = x W^T + b, as a module or as a function of x, W, b.

    N batch · I inputs · O outputs

I. Goodfellow et al., "Deep Learning" (2016), section 6.1; numerics as torch.nn.Linear.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from etude.checking import common
from etude.checking.build import Sizes, takes
from etude.checking.fit import Fit, Meant, search
from etude.checking.products import Use, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Trace, Weights
from etude.shapes import Tensor

N, I, O = 3, 5, 7  # noqa: E741


def affine(s: Steps) -> Tensor:
    """From s.x [N I] with s.W [O I] and s.b [O] to [N O]."""
    s.step("product", lambda s: s.x @ s.W.mT)
    s.step("biased", lambda s: s.product + s.b)
    out: Tensor = s.step("out", lambda s: s.biased)
    return out


def _then(how: Callable[[Tensor], Tensor]) -> Change:
    """An activation behind the layer."""
    return Change("extra_activation", {"out": lambda s: how(s.biased)})


FAULTS = (
    Change("bias_unused", {"biased": lambda s: s.product}),
    _then(F.relu), _then(F.gelu), _then(torch.tanh), _then(torch.sigmoid), _then(F.silu),
    _then(F.leaky_relu), _then(lambda x: x.softmax(-1)), _then(lambda x: x.log_softmax(-1)),
)  # fmt: skip


def meanings(found: list[Use], P: Weights) -> Iterator[Meant]:
    """W as a product takes it, else any matrix of the size, as it lies or turned; b any vector."""
    vectors = [name for name in P if P[name].numel() in (O, 1) and P[name].ndim <= 2]
    products = [use for use in found if use.kind == "linear" and use.shape(P) == (O, I)]
    for use in products:
        if use.bias:
            yield Meant(use.names[0], _with(use.weight, use.bias))
        for name in vectors:
            yield Meant(use.names[0], _with(use.weight, lambda P, n=name: P[n].flatten()))
        if not vectors:
            yield Meant(use.names[0], _with(use.weight, None))
    for matrix in (name for name in P if sorted(P[name].shape) == [I, O]):
        turned = tuple(P[matrix].shape) == (I, O)
        for vector in vectors or [""]:
            yield Meant(matrix, _named(matrix, turned, vector))


def _with(weight: Any, bias: Any) -> Callable[[Weights], Mapping[str, Any]]:
    return lambda P: {"W": weight(P), "b": bias(P) if bias else torch.zeros(O)}


def _named(matrix: str, turned: bool, vector: str) -> Callable[[Weights], Mapping[str, Any]]:
    def make(P: Weights) -> dict[str, Any]:
        weight = P[matrix].mT if turned else P[matrix]
        return {"W": weight, "b": P[vector].flatten() if vector else torch.zeros(O)}

    return make


def judge(subject: Subject) -> None:
    """Weights that are registered, the output, its gradients."""
    if not isinstance(subject.it, nn.Module):
        judge_function(subject)
        return
    torch.manual_seed(5)
    x = torch.randn(N, I, requires_grad=True)
    if not common.registered(subject) or not _own_tensors(subject):
        return
    if turned(subject, x) or not common.same_twice(subject, x):
        return
    if not common.batch_apart(subject, lambda x: first(subject.run(x)), x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(x)
    out, P = first(out), subject.parameters
    fit = search(affine, {"x": x}, meanings(uses(trace, P), P), P, out, trace, (), FAULTS)
    if (fit is None or not (fit.right or fit.fault)) and is_affine(subject):
        subject.variants.append("own_form")
        learns(subject, out, trace)
        return
    if fit is None:
        subject.fault("differs", 0, ("product with a matrix", "one", "none"), step="product")
    elif common.explain(subject, fit, trace):
        _finish(subject, fit, x, out, trace)


def turned(subject: Subject, x: Tensor) -> bool:
    """Whether a layer of I inputs takes O, and gives back I: its weight is used the wrong way
    round. Fault: weight_not_transposed."""
    try:
        subject.run(x)
        return False
    except CannotJudge as error:
        trouble = error
    try:
        named = {"inputs", "outputs"} <= set(subject.sizes)
        other = first(subject.run(torch.randn(N, O)))
    except CannotJudge:
        raise trouble from None
    if not named or tuple(other.shape) != (N, I):
        raise trouble
    evidence = ("features that it takes, and gives back", f"{I}, {O}", f"{O}, {I}")
    subject.fault("weight_not_transposed", subject.line_in("forward"), evidence)
    return True


def _finish(subject: Subject, fit: Fit, x: Tensor, out: Tensor, trace: Trace) -> None:
    """What the output does not show."""
    bias = fit.meant.make(subject.parameters)["b"]
    if bias.numel() == 1:
        evidence = ("numbers of the bias", str(O), "1")
        name = next(name for name, p in subject.parameters.items() if p.numel() == 1)
        line = common.set_at(subject, name.split(".")[-1]) or trace.line("add", "iadd", "radd")
        subject.fault("bias_scalar", line, evidence)
    elif not bias.requires_grad and not bias.any():
        subject.variants.append("no_bias")
    if learns(subject, out, trace):
        common.gradients(subject, affine, {"x": x}, fit, out)


def learns(subject: Subject, out: Tensor, trace: Trace) -> bool:
    """All parameters that take part get a gradient. Faults: weight_detached, unused_parameters."""
    P = subject.parameters
    own = [p for p in P.values() if p.requires_grad]
    grads: tuple[Tensor | None, ...] = (None,) * len(own)
    if out.requires_grad and own:
        grads = torch.autograd.grad(out.sum(), own, allow_unused=True, retain_graph=True)
    got = {id(p) for p, grad in zip(own, grads) if grad is not None}
    taken = {name for call in trace.calls for name in call.names}
    cut = [name for name, p in P.items() if id(p) not in got and name in taken]
    if not cut:
        return common.learns(subject, out, trace)
    line = trace.line("detach", "data", "numpy") or _no_grad(subject)
    line = line or common.set_at(subject, cut[0])
    evidence = (f"gradient of {', '.join(cut)}", "some", "none")
    subject.fault("weight_detached", line, evidence, name=cut[0])
    return False


def _no_grad(subject: Subject) -> int:
    def cuts(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("no_grad", "inference_mode")

    return next(iter(lines_where(subject.thing.it, cuts)), 0)


def _own_tensors(subject: Subject) -> bool:
    """No weight is a plain tensor or a buffer. Fault: weight_not_registered."""
    for module in subject.it.modules():
        for name, value in {**vars(module), **module._buffers}.items():
            if not isinstance(value, torch.Tensor) or not value.is_floating_point():
                continue
            if value.numel() in (O, I * O) and not isinstance(value, nn.Parameter):
                evidence = (f"numbers of self.{name} in parameters()", f"{value.numel()}", "0")
                line = common.set_at(subject, name)
                subject.fault("weight_not_registered", line, evidence, name=name)
                return False
    return True


def is_affine(subject: Subject) -> bool:
    """Whether f(a) + f(b) = f(a + b) + f(0), and no two outputs go together: a linear layer,
    however its weights are stored."""
    torch.manual_seed(6)
    a, b = torch.randn(2, 4 * I, I).unbind(0)
    zero = torch.zeros(4 * I, I)
    f = {k: first(subject.run(x)).detach() for k, x in enumerate((a, b, a + b, zero))}
    if f[0].shape != (4 * I, O):
        return False
    far = float((f[0] + f[1] - f[2] - f[3]).abs().max())
    rank = int(torch.linalg.matrix_rank(f[0] - f[3]))
    return far < TOLERANCE * float(f[2].abs().max()) and rank == min(I, O)


def judge_function(subject: Subject) -> None:
    """linear(x, W, b): W may lie as [O I] or [I O]."""
    torch.manual_seed(5)
    x, W, b = torch.randn(N, I), torch.randn(O, I), torch.randn(O)
    has_bias = len(takes(subject.forward)) > 2
    turned = False
    values = [x, W, b] if has_bias else [x, W]
    names = takes(subject.forward)[: len(values)]
    order = sorted(range(len(names)), key=lambda i: _place(names[i], i))
    for each in values:
        each.requires_grad_()

    def ask(turned: bool) -> tuple[Any, Trace]:
        held = [x, W.mT if turned else W, b][: len(values)]
        placed = dict(zip((names[i] for i in order), held))
        return subject.record(*(placed[name] for name in names))

    try:
        out, trace = ask(turned)
    except CannotJudge:
        turned = True
        out, trace = ask(turned)
    given = {"x": x, "W": W, "b": b if has_bias else torch.zeros(O)}
    meant = Meant("", lambda P: {})
    fit = search(affine, given, [meant], {}, first(out), trace, (), FAULTS)
    if common.explain(subject, fit, trace) and fit:
        common.gradients(subject, affine, given, fit, first(out))


def _place(name: str, i: int) -> float:
    """Of x, the weight and the bias, by their names; else where they stand."""
    for place, pattern in enumerate((r"x|inputs?|data|h|a", r"w\w*|kernel|theta", r"b\w*")):
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return place
    return i + 0.5


ROLE = Role(
    called=r"\w*linear(_?(layer|fn|function|forward|module))?|dense(_?layer)?|fully_?connected(_?layer)?|fc(_?layer)?|affine(_?layer)?|linear_?\w*",
    sizes=Sizes({"inputs": I, "outputs": O, "width": I, "classes": O}, ("inputs", "outputs")),
    judge=judge,
    kinds=("class", "function"),
)
