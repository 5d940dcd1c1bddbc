"""Checks that every module must pass, whatever its role."""

import ast
import inspect
import linecache
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

from etude.checking.fit import Fit, attempt, difference
from etude.checking.products import unused
from etude.checking.program import Change, Program
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Named, Subject, first
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

NOISE = (
    "dropout", "dropout1d", "dropout2d", "feature_dropout", "alpha_dropout", "bernoulli", "rand",
    "randn", "rand_like", "randn_like", "normal", "uniform", "multinomial", "randint", "randperm",
)  # fmt: skip
"""Calls that draw random numbers."""


def same_twice(subject: Subject, *inputs: Any, named: Named = None) -> bool:
    """In eval mode one input has one output. Faults: dropout_in_eval, random_forward."""
    a, trace = subject.record(*inputs, seed=1, named=named)
    b = subject.run(*inputs, seed=2, named=named)
    if torch.equal(first(a).nan_to_num(), first(b).nan_to_num()):
        subject.hold("same_twice", "exact")
        return True
    far = difference(first(b), first(a))
    calls = [call for call in trace.named(*NOISE) if call.line]
    dropped = [call for call in calls if "drop" in call.name or call.name.startswith("bernoulli")]
    dropped += [c for c in trace.named("scaled_dot_product_attention") if c.kwargs.get("dropout_p")]
    code = "dropout_in_eval" if dropped else "random_forward"
    if not dropped and calls and MAKES.search(text_at(subject, calls[0].line)):
        code = "layer_made_in_forward"
    where = next((call.line for call in (*dropped, *calls)), 0)
    subject.fault(code, where, ("two calls in eval mode", "equal", f"differ by {far:.2g}"))
    return False


MAKES = re.compile(r"\bnn\.[A-Z]\w*\(|\bLinear\(|\bConv\dd\(")


def text_at(subject: Subject, line: int) -> str:
    """A line of the user's file; ''."""
    return linecache.getline(subject.thing.file, line)


def repeated_at(subject: Subject) -> int:
    """A line that multiplies a list of one layer, or uses one layer in a loop; 0."""

    def repeats(node: ast.AST) -> bool:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return isinstance(node.left, ast.List) or isinstance(node.right, ast.List)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return isinstance(node.elt, ast.Name | ast.Attribute)
        loop = isinstance(node, ast.For) and isinstance(node.iter, ast.Call)
        return loop and getattr(node.iter.func, "id", "") == "range"  # type: ignore[attr-defined]

    module = inspect.getmodule(subject.thing.it)
    for it in (subject.thing.it, module):
        if it is not None and (lines := lines_where(it, repeats)):
            return lines[0]
    return 0


@contextmanager
def without_dropout() -> Iterator[None]:
    """Dropout does nothing, as in eval mode."""
    with ExitStack() as stack:
        for name in ("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_dropout"):
            if hasattr(F, name):
                stack.enter_context(mock.patch.object(F, name, lambda x, *_, **__: x))
        yield


def batch_apart(subject: Subject, call: Callable[[Tensor], Tensor], x: Tensor) -> bool:
    """A sample's output does not depend on the others. Faults: batch_first_missing, batch_mixed."""
    whole = call(x)
    if whole.shape[:1] != x.shape[:1]:
        return True
    other, moved = x.clone(), x.clone()
    other[1:] = torch.randn_like(other[1:])
    moved[:1] = torch.randn_like(moved[:1])
    far = difference(call(other)[:1], whole[:1])
    deaf = torch.equal(call(moved), whole)
    if far < TOLERANCE and not (deaf and _length_first(subject)):
        subject.hold("batch_apart", far)
        return True
    evidence = ("output of sample 0 when the other samples change", "the same", f"{far:.2g} apart")
    if deaf:
        evidence = ("output of a sample that changes", "another", "the same")
    if module := _length_first(subject):
        subject.fault("batch_first_missing", made_at(subject, module), evidence, module=module)
    else:
        subject.fault("batch_mixed", subject.line_in("forward"), evidence)
    return False


def apart(subject: Subject, mixed: bool) -> bool:
    """Note whether samples stay apart. Faults: batch_first_missing, batch_mixed."""
    if not mixed:
        subject.hold("batch_apart", 0.0)
        return True
    evidence = ("output of sample 0 when the other samples change", "the same", "another")
    if module := _length_first(subject):
        subject.fault("batch_first_missing", made_at(subject, module), evidence, module=module)
    else:
        subject.fault("batch_mixed", subject.line_in("forward"), evidence)
    return False


def _length_first(subject: Subject) -> str:
    """The kind of a module that takes steps before samples; ''."""
    modules = subject.it.modules() if isinstance(subject.it, nn.Module) else ()
    found = (type(m).__name__ for m in modules if getattr(m, "batch_first", True) is False)
    return next(found, "")


def made_at(subject: Subject, word: str) -> int:
    """The first line of the thing, or of its file, that calls something of this name; 0."""

    def calls(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return bool(name == word)

    for it in (subject.thing.it, inspect.getmodule(subject.thing.it)):
        if it is not None and (lines := lines_where(it, calls)):
            return lines[0]
    return 0


def set_at(subject: Subject, name: str) -> int:
    """The first line of the thing, or of its file, that sets `self.NAME`; 0."""

    def sets(node: ast.AST) -> bool:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            return False
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(getattr(target, "attr", "") == name for target in targets)

    for it in (subject.thing.it, inspect.getmodule(type(subject.it))):
        if it is not None and (lines := lines_where(it, sets)):
            return lines[0]
    return 0


def hidden_parts(it: Any) -> Iterator[tuple[str, str, Any]]:
    """(kind, attribute, value) of weights that a module holds but has not registered: modules in
    a plain list or mapping, plain tensors that want gradients."""
    for owner in it.modules() if isinstance(it, nn.Module) else ():
        for name, value in vars(owner).items():
            if name.startswith("_"):
                continue
            parts = list(value.values()) if isinstance(value, dict) else value
            if isinstance(parts, list | tuple) and any(
                isinstance(each, nn.Module) and list(each.parameters()) for each in parts
            ):
                yield "layers_in_python_list", name, parts
            elif isinstance(parts, list | tuple) and any(_is_weight(each) for each in parts):
                yield "weight_not_registered", name, parts
            elif _is_weight(value):
                yield "weight_not_registered", name, value


def _is_weight(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.requires_grad


def registered(subject: Subject) -> bool:
    """All weights are among the module's parameters. Faults: layers_in_python_list,
    weight_not_registered."""
    known = {id(p) for p in subject.parameters.values()}
    for code, name, value in hidden_parts(subject.it):
        held = (
            [p for each in value for p in each.parameters()]
            if code == "layers_in_python_list"
            else [value]
        )
        if all(id(p) in known for p in held):
            continue

        line = set_at(subject, name)
        numbers = sum(p.numel() for p in held if isinstance(p, torch.Tensor))
        evidence = (f"numbers of self.{name} in parameters()", f"{numbers:,}", "0")
        subject.fault(code, line, evidence, name=name)
        return False
    return True


def learns(subject: Subject, out: Tensor, trace: Trace) -> bool:
    """Every parameter gets a gradient. Faults: unused_parameters, detached."""
    wanted = {name: p for name, p in subject.parameters.items() if p.requires_grad}
    if not wanted:
        return True
    if not out.requires_grad:
        subject.fault(
            "detached",
            trace.line("detach", "data", "numpy", "item"),
            ("gradient", "one for each parameter", "none"),
        )
        return False
    probe = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    grads = torch.autograd.grad(
        (out * probe).sum(), list(wanted.values()), allow_unused=True, retain_graph=True
    )
    missing = [name for name, grad in zip(wanted, grads) if grad is None]
    if not missing:
        subject.hold("learns", "")
        return True
    taken = [name for name in missing if name not in unused(trace, subject.parameters)]
    evidence = (f"gradient of {', '.join(missing[:4])}", "some", "none")
    if taken and (line := trace.line("detach", "data", "numpy")):
        subject.fault("detached", line, evidence)
    else:
        subject.fault("unused_parameters", 0, evidence, names=", ".join(missing[:4]))
    return False


def spread(subject: Subject) -> None:
    """Give scales and shifts values of their own: at one and zero they would hide what is done
    with them."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in subject.parameters.values():
            if p.requires_grad and p.is_floating_point() and float(p.std(unbiased=False)) < 1e-6:
                p.add_(0.3 * torch.randn(p.shape, generator=generator))


def gradients(
    subject: Subject, program: Program, given: Mapping[str, Any], fit: Fit, out: Tensor
) -> bool:
    """Gradients of parameters, and of the inputs that want one, equal the reference's. Faults:
    gradient_differs."""
    own = {name: p for name, p in subject.parameters.items() if p.requires_grad}
    copies = {name: p.detach().clone().requires_grad_() for name, p in subject.parameters.items()}
    inputs = {k: v for k, v in given.items() if isinstance(v, torch.Tensor) and v.requires_grad}
    _, expected = attempt(program, given, fit.meant, copies, *fit.variants)
    assert expected is not None
    probe = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    names = [*own, *inputs]
    theirs = _grads(out, probe, [*own.values(), *inputs.values()])
    ours = _grads(expected, probe, [*(copies[n] for n in own), *inputs.values()])
    worst = 0.0
    largest = max((float(g.abs().max()) for g in ours if g is not None), default=0.0) or 1.0
    for name, found, wanted in zip(names, theirs, ours):
        if wanted is None and found is None:
            continue
        shape = own.get(name, inputs.get(name))
        assert shape is not None
        zero = torch.zeros_like(shape)
        far = float(
            ((zero if found is None else found) - (zero if wanted is None else wanted)).abs().max()
        )
        worst = max(worst, far / largest)
        if far / largest > 1e-7:
            evidence = (f"gradient of {name}", "the reference's", f"{far / largest:.2g} apart")
            subject.fault("gradient_differs", 0, evidence, name=name)
            return False
    subject.hold("gradients", worst)
    return True


def _grads(out: Tensor, probe: Tensor, wanted: list[Tensor]) -> tuple[Tensor | None, ...]:
    if not out.requires_grad or not wanted:
        return (None,) * len(wanted)
    return torch.autograd.grad((out * probe).sum(), wanted, allow_unused=True, retain_graph=True)


HALVES = ((torch.float32, 1e-4), (torch.bfloat16, 0.1))
"""Coarser types, and how far an output may be from float64's, of its largest number."""


def coarser(
    subject: Subject, call: Callable[[Tensor], Tensor], x: Tensor, expected: Tensor
) -> None:
    """In coarser types the output is near float64's and finite, or it is said that it does not run
    there (a conversion to NumPy, say), which is no fault. Faults: dtype_differs."""
    if not isinstance(subject.it, nn.Module):
        return
    kept = {k: v.clone() for k, v in subject.it.state_dict().items()}
    for dtype, most in HALVES:
        name = str(dtype).removeprefix("torch.")
        torch.set_default_dtype(dtype)
        try:
            subject.it.to(dtype)
            far = difference(call(x.to(dtype)), expected)
        except CannotJudge:
            subject.hold("not_in", name)
            continue
        finally:
            torch.set_default_dtype(torch.float64)
            subject.it.to(torch.float64)
            subject.it.load_state_dict(kept)
        if far > most:
            evidence = (f"output in {name}", f"within {most:g}", f"{far:.2g} apart")
            subject.fault("dtype_differs", 0, evidence, dtype=name)
            return
        subject.hold(f"in_{name}", far)


def explain(subject: Subject, fit: Fit | None, trace: Trace, certain: bool = False) -> bool:
    """Note what a search came to; whether the output is right. A fault sits where its step's values
    come out of the user's forward. certain: there is but one right output, so another is wrong;
    else what nothing explains is only doubted."""
    if fit is None:
        return False
    subject.steps = fit.steps
    if fit.right:
        subject.variants += [change.name for change in fit.variants if change.steps]
        if fit.meant.said:
            subject.hold("meant", fit.meant.said)
        subject.hold("outputs", fit.error)
        return True
    values = dict(fit.log)
    if fit.fault:
        lines = [where(fit, trace, name) for name in fit.fault.steps]
        said = f"equal, to {fit.error:.0e}, to a reference with this one fault"
        evidence = ("output", "the reference's", said)
        subject.fault(fit.fault.name, max(lines, default=0), evidence, **fit.fault.facts)
        return False
    before = None
    for name, there in fit.steps:
        if not there:
            break
        before = name
    line = trace.line_of(values[before]) if before else 0
    step = fit.first_missing or "output"
    if certain:
        evidence = ("first step that is not found", step, f"after {before}, line {line}")
        subject.fault("differs", line, evidence, step=step)
    else:
        subject.doubt = ("check_no_match", {"step": step, "line": line})
    return False


def where(fit: Fit, trace: Trace, step: str) -> int:
    """The line at which a step's values come out; where they are of no call, the next one's."""
    names = [name for name, _ in fit.log]
    if step not in names:
        return 0
    after = fit.log[names.index(step) :]
    return next((line for _, value in after if (line := trace.line_of(value))), 0)


def plain(name: str = "plain") -> Change:
    """The usual choice of a group of variants."""
    return Change(name)
