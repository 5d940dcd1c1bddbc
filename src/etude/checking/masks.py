"""What a mask does, found out by what hidden keys still change.

Nobody agrees on what a mask says: True keeps (F.scaled_dot_product_attention), True hides
(nn.MultiheadAttention), 0 hides (the notes). So the meaning is measured, and held against what the
author says of it.
"""

import ast
import inspect
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch

from etude.checking.build import takes
from etude.checking.fit import difference
from etude.checking.program import Change, Steps
from etude.checking.source import CannotJudge, lines_where
from etude.checking.subject import Subject
from etude.shapes import Tensor

MASK = re.compile(r"\w*mask\w*", re.IGNORECASE)
TELLS = re.compile(r"\w*(pad|attn|src|tgt|memory|hid|ignor|block|exclu|invalid)\w*", re.IGNORECASE)
"""Names of masks whose True hides, as in torch.nn."""
OTHER = re.compile(
    r"\w*(drop|scale|temp|causal|return|need|output_|verbose|past|cache|layer|freqs|cos|sin|pos|rel"
    r"|head|dim|train|context|memory|kv|idx|index|start|step|len)\w*|d_?k|[a-z]\d?",
    re.IGNORECASE,
)
"""Names of parameters that are no masks."""
AWAY = r"\b(?:(?!\b(?:true|false|0|1|zeros?|ones)\b)[^.;\n]){0,30}?\b"
"""Up to the next value that is spoken of."""
ONE = rf"\b(true|1|ones|non-?zero){AWAY}"
ZERO = rf"\b(false|0|zeros?){AWAY}"
HIDDEN = (
    r"(hid|ignor|mask(ed|s)?\b|pad|block|exclud|forbid|invisible|remov|must not"
    r"|not (be )?(attend|allow|see|look))"
)
SEEN = r"(keep|kept|attend|visible|valid|real|allow|see|look|use|participat|unmask)"
HIDES, KEEPS, ZERO_HIDES, ZERO_KEEPS = (
    re.compile(whose + does, re.IGNORECASE)
    for whose, does in ((ONE, HIDDEN), (ONE, SEEN), (ZERO, HIDDEN), (ZERO, SEEN))
)
NEARBY = re.compile(r".{0,60}\bmask.{0,160}|.{0,60}\bpadding.{0,60}", re.IGNORECASE | re.DOTALL)
"""What is said of a mask stands near the word."""
EXACT = 1e-14
NEAR = 1e-7
"""Of the largest number: a large negative number in place of minus infinity is as good."""


def parameter(forward: Callable[..., object]) -> str:
    """The mask's name among a forward's parameters; ''."""
    return next((name for name in takes(forward) if MASK.fullmatch(name)), "")


def named(subject: Subject, count: int) -> str:
    """The parameter that may be a mask, by its name or because nothing else is known that it could
    be; ''. count: of the inputs before it."""
    others = [n for n in takes(subject.forward)[count:] if not OTHER.fullmatch(n)]
    return parameter(subject.forward) or next(iter(others), "")


def unknown(subject: Subject) -> None:
    """Doubt, where no mask that was tried runs, or what one does could not be told."""
    name = parameter(subject.forward)
    subject.doubt = ("check_mask_unknown", {"mask": name, "line": line(subject, name)})


def fillings(name: str, lengths: tuple[int, int, int], d: int) -> list[Any]:
    """What a parameter that must be given may be given, so that nothing is hidden. lengths: N L K;
    d: the head width."""
    if re.fullmatch(r"\w*(scale|temp)\w*", name, re.IGNORECASE):
        return [d**-0.5, d**0.5]
    if re.fullmatch(r"\w*(causal|return|need|train|verbose|use_)\w*", name, re.IGNORECASE):
        return [False]
    if re.fullmatch(r"d_?k|\w*dim\w*", name, re.IGNORECASE):
        return [d]
    if re.fullmatch(r"\w*drop\w*", name, re.IGNORECASE):
        return [None, 0.0]
    if re.fullmatch(r"cos|sin", name, re.IGNORECASE):  # rotary positions
        turns = torch.arange(lengths[1])[:, None] / 10.0 ** torch.arange(d // 2)
        return [getattr(torch, name.lower())(torch.cat([turns, turns], -1))]
    made = [f(shape, dtype=kind) for kind in (torch.bool, None) for f in (torch.ones, torch.zeros)
            for shape in (lengths[1:], (lengths[0], *lengths[1:]), (lengths[0], 1, *lengths[1:]),
                          (lengths[0], 1, 1, lengths[2]), (lengths[0], lengths[2]))]  # fmt: skip
    return [None, *made]


def documented(subject: Subject, name: str) -> str:
    """What the author says that True, or 1, does: "keep", "hide", or ''."""
    near = NEARBY.pattern.replace(r"\bmask", rf"\b(?:mask|{re.escape(name)}\b)")
    words = " ; ".join(re.findall(near, _words(subject), NEARBY.flags))
    if re.search(r"-\s*(inf|1e\d|10{3,})|additive|large negative|added to", words, re.IGNORECASE):
        return ""
    words = re.sub(
        r"(?i)\b(true|false|0|1)\s*(=|:|->|means?|for|where|is|은|는)+\s*", r"\1 ", words
    )
    words = re.sub(
        r"(?i)\bnot\s+(be )?(attend|allow|see|look|visible|use)|nobody may look", "hide", words
    )
    keeps = bool(KEEPS.search(words) or ZERO_HIDES.search(words))
    hides = bool(HIDES.search(words) or ZERO_KEEPS.search(words))
    if keeps != hides:
        return "keep" if keeps else "hide"
    return "hide" if not keeps and name == "key_padding_mask" else ""


BATCH = r"(?:b|n|bs|bsz|\w*batch\w*|n_?samples)"
STEPS = r"(?:l|t|s|n|seq\w*|\w*len\w*|time\w*|\w*steps?|n?_?tokens?)"


def batch_first(subject: Subject) -> bool | None:
    """Whether the author says that samples come before steps, in words or in names; None where
    nothing says it."""
    text = source_of(subject)
    before = re.search(rf"\b{BATCH}\s*[,x]\s*{STEPS}\b", text, re.IGNORECASE)
    after = re.search(rf"\b{STEPS}\s*[,x]\s*{BATCH}\b", text, re.IGNORECASE)
    return None if bool(before) == bool(after) else bool(before)


def source_of(subject: Subject) -> str:
    """The text of the thing; ''."""
    thing = subject.thing.it
    try:
        return inspect.getsource(type(thing) if isinstance(thing, torch.nn.Module) else thing)
    except (OSError, TypeError):
        return ""


def _words(subject: Subject) -> str:
    """All that the author says around the thing: comments and docstrings."""
    thing = subject.thing.it
    module = inspect.getmodule(type(thing) if isinstance(thing, torch.nn.Module) else thing)
    head = inspect.getdoc(module) if module else ""
    return " ".join(_said(source_of(subject))) + " " + (head or "")


def _said(text: str) -> Iterator[str]:
    """Comments and docstrings of a source."""
    for line in text.splitlines():
        if "#" in line:
            yield line.split("#", 1)[1]
    for quoted in re.findall(r'"""(.*?)"""|\'\'\'(.*?)\'\'\'', text, re.DOTALL):
        yield " ".join(quoted)


def shapes(n: int, queries: int, keys: int) -> list[tuple[int, ...]]:
    """Shapes that a mask may have, the plainest first."""
    return [(n, keys), (queries, keys), (n, queries, keys), (n, 1, keys), (n, 1, 1, keys),
            (n, 1, queries, keys), (1, 1, queries, keys), (1, queries, keys)]  # fmt: skip


def aligned(mask: Tensor, n: int, ndim: int) -> Tensor:
    """A mask as the scores have their axes: [n 1 q k], or [n q k]."""
    if mask.ndim == 4:
        return mask if ndim == 4 else mask[:, 0]
    own = mask.ndim == 3 or (mask.shape[0] == n and n != mask.shape[1])
    full = mask if mask.ndim == 3 else mask[:, None, :] if own else mask[None]
    return full[:, None] if ndim == 4 else full


FAULTS = (
    Change(
        "mask_after_softmax",
        {
            "masked": lambda s: s.scaled,
            "weights": lambda s: s.masked.softmax(-1) * s.keep,
        },
    ),
    Change("mask_adds_nothing", {"masked": lambda s: s.scaled * s.keep}),
    Change("mask_adds_nothing", {"masked": lambda s: s.scaled + s.keep}),
    Change("mask_adds_nothing", {"masked": lambda s: s.scaled - s.keep.logical_not()}),
    Change(
        "mask_broadcast_over_heads",
        {
            "masked": lambda s: s.scaled.masked_fill(~s.keep.transpose(0, 1), -math.inf),
        },
    ),
    Change(
        "mask_repeated_in_wrong_order",
        {"masked": lambda s: s.scaled.masked_fill(~_shuffled(s), -math.inf)},
    ),
    Change(
        "mask_repeated_in_wrong_order",
        {"masked": lambda s: s.scaled.masked_fill(~_turned(s), -math.inf)},
    ),
    Change("mask_transposed", {"masked": lambda s: s.scaled.masked_fill(~s.keep.mT, -1e9)}),
)


def _turned(s: Steps) -> Tensor:
    """[n h q k] of a mask that was repeated with the batch outermost, where the heads are."""
    n, h, q, k = s.scaled.shape
    repeated: Tensor = s.keep[:, 0].expand(n, q, k).repeat_interleave(h, 0)
    return repeated.view(h, n, q, k).transpose(0, 1)


def _shuffled(s: Steps) -> Tensor:
    """[n h q k] of a mask that was repeated with the heads outermost, where the batch is."""
    n, h, q, k = s.scaled.shape
    repeated: Tensor = s.keep[:, 0].expand(n, q, k).repeat(h, 1, 1).view(n, h, q, k)
    return repeated


def judge(
    subject: Subject,
    name: str,
    ask: Callable[[Tensor], Tensor],
    expected: Callable[..., Tensor | None],
    sizes: tuple[int, int, int, int],
) -> bool:
    """What a mask does, against the reference; whether it could be told.

    ask: the user's output with a mask; expected: the reference's with `keep` [n 1 q k], True where
    a key is seen, and with faults; sizes: n, queries, keys, and axes of the scores. Faults: those
    above, mask_ignored, mask_inverted.
    """
    n, queries, keys, ndim = sizes
    plain = expected(None)
    if plain is None:
        return False
    wanted, where = documented(subject, name), line(subject, name)
    right = ""
    found: tuple[str, dict[str, Any], tuple[str, str, str]] | None = None
    torch.manual_seed(11)
    for shape in _told(shapes(n, queries, keys), documented_rank(subject)):
        mask = torch.rand(shape) < 0.5
        mask[..., 0], mask[..., -1] = True, False  # every row has keys that are seen and hidden
        out = _asked(ask, mask)
        if out is None or out.shape != plain.shape:
            continue
        keep = aligned(mask, n, ndim)
        said, fault = _compared(out, keep, expected, plain)
        if not said and not wanted and _adds(ask, mask, expected(keep)):
            said = "add"
        if said:
            right = right or said
        elif found is None:
            found = fault
        if right:
            break
    if right == "hide" and not (wanted or TELLS.fullmatch(name)):
        subject.doubt = ("check_mask_hides", {"mask": name, "line": where})
    if wanted and right in ("keep", "hide") and right != wanted:
        evidence = ("what True, or 1, does by the author's words", wanted, right)
        subject.fault("mask_inverted", where, evidence, said=right, wanted=wanted)
    elif right:
        subject.hold("mask", right)
    elif found:
        code, facts, evidence = found
        subject.fault(code, where, evidence, **facts)
    return bool(right or found)


def _asked(ask: Callable[[Tensor], Tensor], mask: Tensor) -> Tensor | None:
    """The output with a mask, of whatever type it may be; None where none runs."""
    for kind in (torch.bool, torch.int64, torch.get_default_dtype()):
        try:
            return ask(mask.to(kind))
        except CannotJudge:
            continue
    return None


def _compared(
    out: Tensor, keep: Tensor, expected: Callable[..., Tensor | None], plain: Tensor
) -> tuple[str, tuple[str, dict[str, Any], tuple[str, str, str]] | None]:
    """("keep" or "hide", None) where a mask does what it should; else ("", what is wrong)."""
    meanings = {"keep": keep, "hide": ~keep}
    for said, seen in meanings.items():
        if _near(out, expected(seen)):
            return said, None
    if difference(out, plain) < EXACT:
        return "", ("mask_ignored", {}, ("output with a mask", "another", "as without one"))
    for seen in meanings.values() if not _near(out, plain) else ():
        for fault in FAULTS:
            if _near(out, expected(seen, fault)):
                evidence = (
                    "output with a mask",
                    "the reference's",
                    "equal to a reference with this one fault",
                )
                return "", (fault.name, dict(fault.facts), evidence)
    far = difference(out, plain)
    evidence = (
        "output with a mask",
        "that of a reference without the hidden keys",
        f"{far:.2g} from unmasked",
    )
    return "", ("mask_adds_nothing", {}, evidence)


def _adds(ask: Callable[[Tensor], Tensor], mask: Tensor, wanted: Tensor | None) -> bool:
    """Whether a mask is what is added to the scores: 0, or a large negative number."""
    try:
        return _near(ask(torch.zeros(mask.shape).masked_fill(~mask, -1e9)), wanted)
    except CannotJudge:
        return False


def _near(out: Tensor, wanted: Tensor | None) -> bool:
    """Whether outputs are equal; rows of queries that see no key may be anything."""
    if wanted is None or wanted.shape != out.shape:
        return False
    seen = wanted.isfinite().all(-1)
    return bool(seen.any()) and difference(out[seen], wanted[seen]) < NEAR


def _told(shapes: list[tuple[int, ...]], rank: str) -> list[tuple[int, ...]]:
    """Shapes of the rank that the author tells; all where none is told."""
    return [shape for shape in shapes if str(len(shape)) == rank] or shapes


SHAPE = re.compile(
    r"mask\w*\W{0,12}(?:bool\w*|\w+Tensor)?\W{0,4}[\[(]([^\])]{1,30})[\])]|mask\W+\(?\w*,?\s*((?:\w+\s*x\s*)+\w+)",
    re.IGNORECASE,
)


AXIS = re.compile(
    r"\d+|[a-z]\w?|[A-Z]\w{0,2}|\.\.\."
    r"|\w*(batch|head|len|seq|quer|key|token|time|step|size|src|tgt|position)\w*",
    re.IGNORECASE,
)
"""What an axis may be called."""


def documented_rank(subject: Subject) -> str:
    """How many axes a mask has by the author's words; ''."""
    found = SHAPE.search(_words(subject))
    axes = re.split(r"\s*,\s*|\s+x\s+|\s+", (found[1] or found[2]).strip(" ,")) if found else []
    # Prose in brackets is no shape.
    return str(len(axes)) if axes and all(AXIS.fullmatch(each) for each in axes) else ""


def line(subject: Subject, name: str) -> int:
    """Where the mask is applied: the last line that names it with a call or a sum."""

    def names(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call | ast.BinOp | ast.AugAssign):
            return False
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))

    thing = (
        subject.thing.it
        if subject.thing.is_class
        else type(subject.it)
        if isinstance(subject.it, torch.nn.Module)
        else subject.it
    )
    lines = lines_where(thing, names)
    return lines[-1] if lines else 0
