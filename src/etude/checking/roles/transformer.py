"""A Transformer encoder for sequences: [N L Q], or token ids [N L], -> [N L D], or logits.

    N batch · L length · Q input features · D width · K blocks

A. Vaswani et al., "Attention Is All You Need" (2017), sections 3.1 and 3.5.
"""

import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from etude.checking import common, masks, norms, positions, stack
from etude.checking.build import Sizes, takes
from etude.checking.fit import Fit, Meant, Option, attempt, best, difference, weights
from etude.checking.products import Use, uses
from etude.checking.program import Change, Steps
from etude.checking.roles import Role, made_with, written
from etude.checking.roles import encoder_block as eb
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Make, Trace, Weights
from etude.shapes import Tensor

N, L, Q, D, H, M, K, CLASSES, WORDS = 2, 5, 6, 12, 3, 20, 2, 7, 11
LENGTHS = re.compile(r"\w*len(gth)?s?\w*|n_valid|valid\w*", re.IGNORECASE)
TIME_FIRST = re.compile(r"[\[(]\s*(L|T|S|seq\w*|time|length)\s*,\s*(N|B|batch\w*)\b")


def encode(s: Steps) -> Tensor:
    """From s.x to the output; s.keep [N 1 1 L] is True at valid steps, None where all are."""
    s.step("embedded", embedded)
    s.step("tokens", lambda s: s.embedded if s.positions is None else s.embedded + s.positions)
    s.step("chain", stack.chained)
    s.step("normed", lambda s: stack.final_norm(s, s.chain))
    s.step("picked", lambda s: s.normed)
    s.step("readout", lambda s: s.picked)
    out: Tensor = s.step("logits", stack.logits)
    return out


def embedded(s: Steps) -> Any:
    """A product with what goes in, a row for each token, or what goes in itself."""
    if s.WE is None:
        return s.x
    return s.WE[s.x] if not s.x.is_floating_point() else s.x @ s.WE.mT + s.bE


def _mean(s: Steps) -> Any:
    if s.keep is None:
        return s.normed.mean(1)
    valid = s.keep.reshape(s.x.shape[0], -1, 1).to(s.normed.dtype)
    return (s.normed * valid).sum(1) / valid.sum(1)


def _last(s: Steps) -> Any:
    if s.keep is None:
        return s.normed[:, -1]
    ends = s.keep.reshape(s.x.shape[0], -1).sum(1) - 1
    return s.normed[torch.arange(len(ends)), ends]


PICKS = {
    3: (common.plain("every_step"),),
    2: (
        Change("mean_of_steps", {"picked": _mean}),
        Change("first_step", {"picked": lambda s: s.normed[:, 0]}),
        Change("last_step", {"picked": _last}),
        Change("max_of_steps", {"picked": lambda s: s.normed.amax(1)}),
    ),
}
SCALED = (
    common.plain("embedding"),
    Change("scaled_embedding", {"embedded": lambda s: embedded(s) * math.sqrt(s.D)}),
)
FAULTS = (
    Change("positions_missing", {"tokens": lambda s: s.embedded}),
    *stack.FAULTS,
)
TURNED = {"said": "hide", "wanted": "keep"}
INVERTED = (
    Change("mask_inverted", {"masked": lambda s: torch.zeros_like(s.scaled)}, TURNED),
    Change("mask_inverted", {"weights": lambda s: torch.zeros_like(s.masked)}, TURNED),
)
"""Where nothing is padded, such a mask hides all."""


def sequence(subject: Subject, batch: int = N) -> Tensor:
    """What it reads: token ids where it has a table for them, else features."""
    torch.manual_seed(9)
    tables = [m for m in subject.it.modules() if isinstance(m, torch.nn.Embedding)]
    words = subject.sizes.get("vocabulary")
    if tables and ("inputs" not in subject.sizes or words):
        return torch.randint(2, min(words or WORDS, tables[0].num_embeddings), (batch, L))
    width = subject.sizes.get("inputs", subject.sizes.get("width", D))
    return torch.randn(batch, L, width, requires_grad=True)


def options(subject: Subject, trace: Trace, x: Tensor) -> Iterator[Option]:
    """What the weights may be, with the blocks' variants."""
    P = subject.parameters
    found = uses(trace, P)
    words = next((use for use in found if use.kind == "embedding"), None)
    linear = [use for use in found if use.kind == "linear"]
    for source in (words, linear[0] if linear and not words else None, None):
        before = 1 if source is not None and source.kind == "linear" else 0
        width = source.shape(P)[1 if source.kind == "embedding" else 0] if source else x.shape[-1]
        for body in stack.cut(trace, P, width, stack.depth_of(subject), before):
            tables = [make for make, _ in positions.table(trace, P)]
            added: list[Make | None] = [*tables, *map(positions.turned, tables)]
            for blocks, variants in stack.narrowed(subject, trace, body, width):
                for place in added or (None,):
                    yield Meant(blocks.said, _whole(source, place, blocks, body, width)), variants


def _whole(
    source: Use | None, place: Make | None, blocks: Meant, body: stack.Body, width: int
) -> Callable[[Weights], Mapping[str, Any]]:
    def make(P: Weights) -> dict[str, Any]:
        made = dict(blocks.make(P))
        made["WE"] = source.weight(P) if source else None
        made["bE"] = source.bias(P) if source and source.bias else 0.0
        made["positions"] = place(P) if place else None
        return {**made, **stack.last(body, P, made), "D": width}

    return make


def judge(subject: Subject) -> None:
    """Outputs and gradients; then positions, layers that are shared, the skip path, padding."""
    if not common.registered(subject):
        return
    time_first(subject)
    x = sequence(subject)
    if not common.same_twice(subject, x):
        return

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x))

    if x.is_floating_point() and not common.batch_apart(subject, call, x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(x)
    out, P = first(out), subject.parameters
    if (
        stack.early(subject, trace)
        or not own_blocks(subject, trace)
        or not positions.judge(subject, trace, P, N, L)
    ):
        return
    given = {"x": x, "keep": None}
    found = list(options(subject, trace, x))
    groups = (stack.LAST_NORM, PICKS.get(out.ndim, PICKS[3]), SCALED, stack.heads(found, P))
    fit = best(encode, given, found, P, out, trace, groups, FAULTS)
    if fit and not fit.right and not fit.fault:
        inner = stack.explaining(subject, trace, found, _before(fit, P, x), INVERTED)
        fit = best(encode, given, found, P, out, trace, groups, inner, 32)
    if fit is None:
        raise CannotJudge("check_no_product", what="encoder blocks")
    right = common.explain(subject, fit, trace)
    if right:
        no_places(subject, call, x, fit, trace)
    if not subject.found:
        common.learns(subject, out, trace)
    if right:
        common.gradients(subject, encode, given, fit, out)
        clean(subject, fit, trace, x)
        padding(subject, fit)


def time_first(subject: Subject) -> None:
    """Where the author says [L N ...], it is called so."""
    text = "".join(
        (inspect.getdoc(type(subject.it)) or "", inspect.getdoc(subject.it.forward) or "")
    )
    if subject.how is None and TIME_FIRST.search(text):
        subject.variants.append("time_first")

        def turned(it: Any, x: Tensor, *more: Any, **named: Any) -> Any:
            out = it(x.transpose(0, 1), *more, **named)
            value = first(out)
            return value.transpose(0, 1) if value.ndim == 3 else out

        subject.how = turned


def own_blocks(subject: Subject, trace: Trace) -> bool:
    """Whether blocks have weights of their own, where they can be told apart."""
    P, depth = subject.parameters, stack.depth_of(subject)
    for width, before in itertools.product({p.shape[0] for p in P.values() if p.ndim == 1}, (0, 1)):
        for body in stack.cut(trace, P, int(width), depth, before):
            if len(body.norms) >= 2 * depth:
                return stack.shared(subject, body)
    return True


def no_places(subject: Subject, call: Any, x: Tensor, fit: Fit, trace: Trace) -> None:
    """Without positions the order of the steps would not count. Fault: positions_missing."""
    if fit.meant.make(subject.parameters)["positions"] is not None:
        return
    order = [1, 0, *range(2, L)]
    moved, plain = call(x[:, order]), call(x)
    far = difference(moved if moved.ndim == 2 else moved[:, order], plain)
    if far < TOLERANCE:
        evidence = ("output when two steps change places", "another", f"{far:.1g} apart")
        line = next((call.line for call in trace.calls if call.line), 0)
        subject.fault("positions_missing", line, evidence)


def _before(fit: Fit, P: Weights, x: Tensor) -> int:
    """Products before the blocks: that of the features."""
    made = weights(fit.meant, P)
    return int(made is not None and made["WE"] is not None and x.is_floating_point())


def clean(subject: Subject, fit: Fit, trace: Trace, x: Tensor) -> None:
    """The skip path, in train mode."""
    P = subject.parameters
    before = _before(fit, P, x)
    post = any(change is eb.POST for change in fit.variants)
    norms.skip(
        subject,
        lambda P: fit.meant.make(P)["blocks"],
        post,
        lambda trace: stack.entered(trace, P, before, post),
        x,
    )


# Padding ------------------------------------------------------------------------------------------

PADDING = (
    Change("padding_ignored", {"masked": lambda s: s.scaled}),
    Change("readout_padding", {"picked": lambda s: s.normed.mean(1)}),
    Change("readout_padding", {"picked": lambda s: s.normed[:, -1]}),
    Change("readout_padding", {"picked": lambda s: s.normed.amax(1)}),
    Change("padding_ignored", {"masked": lambda s: s.scaled, "picked": lambda s: s.normed.mean(1)}),
    Change("padding_ignored", {"masked": lambda s: s.scaled, "picked": lambda s: s.normed[:, -1]}),
)


def padding(subject: Subject, fit: Fit) -> None:
    """Padded steps change nothing, told by lengths, a mask, or the id of padding. Faults:
    padding_ignored, readout_padding, mask_inverted."""
    x = sequence(subject, 3)
    lengths = torch.tensor([L, L - 2, L - 1])
    keep = torch.arange(L)[None] < lengths[:, None]
    names = (
        n for n in takes(subject.forward)[1:] if LENGTHS.fullmatch(n) or masks.MASK.fullmatch(n)
    )
    name = next(names, "")
    forms: dict[str, Mapping[str, Any]] = {}
    if name and LENGTHS.fullmatch(name):
        forms = {"lengths": {name: lengths}}
    elif name:
        shapes = (keep, keep[:, None, None], keep[:, None])
        forms = {
            "keep": {name: keep},
            "hide": {name: ~keep},
            "keep 4": {name: shapes[1]},
            "keep 3": {name: shapes[2]},
        }
    elif (pad := padding_id(subject)) is not None and not x.is_floating_point():
        forms, x = {"id": {}}, x.where(keep, pad)
    if subject.found:
        return
    found: tuple[str, dict[str, Any], int] | None = None
    for said, form in forms.items():
        try:
            out, trace = subject.record(x, named=form)
        except CannotJudge:
            continue
        out = first(out)
        if _same(out, _expected(subject, fit, x, keep)[1], keep):
            subject.hold("padding", said.split()[0])
            documented(subject, name, said)
            return
        for fault in PADDING:
            steps, expected = _expected(subject, fit, x, keep, fault)
            if found is None and _same(out, expected, keep):
                step = "picked" if fault.name == "readout_padding" else "masked"
                found = fault.name, dict(fault.facts), trace.line_of(getattr(steps, step, out))
    if found:
        code, facts, line = found
        said = "equal to a reference with this one fault"
        evidence = ("output with padded steps", "as without them", said)
        subject.fault(code, line or (masks.line(subject, name) if name else 0), evidence, **facts)


def padding_id(subject: Subject) -> int | None:
    """The token id of padding, where the thing knows one."""
    for module in subject.it.modules():
        for name, value in vars(module).items():
            if re.fullmatch(r"pad\w*", name) and isinstance(value, int):
                return value
    return None


def _expected(
    subject: Subject, fit: Fit, x: Tensor, keep: Tensor, *changes: Change
) -> tuple[Steps, Tensor | None]:
    given = {"x": x, "keep": keep[:, None, None]}
    return attempt(encode, given, fit.meant, subject.parameters, *fit.variants, *changes)


def _same(out: Tensor, expected: Tensor | None, keep: Tensor) -> bool:
    """Whether outputs agree: where there is one for each step, at valid ones."""
    if expected is None or out.shape != expected.shape:
        return False
    if out.ndim == 3:
        out, expected = out[keep], expected[keep]
    return difference(out, expected) < masks.NEAR


def documented(subject: Subject, name: str, said: str) -> None:
    """Whether a mask does what its author says. Fault: mask_inverted."""
    wanted = masks.documented(subject, name) if said in ("keep", "hide") else ""
    if wanted and wanted != said:
        evidence = ("what True, or 1, does by the author's words", wanted, said)
        line = masks.line(subject, name)
        subject.fault("mask_inverted", line, evidence, said=said, wanted=wanted)


def fits(thing: Thing) -> bool:
    """Made with a number of blocks and of heads, and not of patches."""
    known = made_with(thing, ROLE.sizes)
    return {"depth", "heads"} <= known and not written(thing, "patch")


ROLE = Role(
    called=r"(?!\w*(block|layer|mlp)\w*)(\w*transformer(_?(encoder|classifier|model|net|regressor|forecaster))?\w*|\w*text_?classifier\w*|\w*encoder(_?(only|stack))?\w*)",
    sizes=Sizes(
        {
            "heads": H,
            "head_width": D // H,
            "ratio": 2,
            "mlp": M,
            "dropout": 0.3,
            "depth": K,
            "length": 16,
            "vocabulary": WORDS,
            "classes": CLASSES,
            "inputs": Q,
            "width": D,
        },
        ("inputs", "width", "heads", "depth", "mlp", "classes"),
        "width",
    ),
    judge=judge,
    fits=fits,
)
