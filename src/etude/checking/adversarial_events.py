"""An adversarial training step under watch: where tensors come from, which scores were asked for
and which way the losses wanted them, whose parameters moved by whose gradients.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from etude.checking.event_recorder import Watcher, empty, line_now, watched
from etude.checking.source import theirs
from etude.checking.trace import tensors
from etude.shapes import Tensor

NOISE = ("randn", "randn_like", "normal", "standard_normal", "multivariate_normal")
UNIFORM = ("rand", "rand_like", "uniform")
SHAPING = (
    "view", "reshape", "squeeze", "unsqueeze", "flatten", "detach", "clone", "getitem", "cat",
    "contiguous", "to", "float", "double", "view_as", "expand", "chunk", "split", "concat",
)  # fmt: skip
LIKE = ("type_as", "to", "view_as", "expand_as", "reshape_as")
"""Calls that take but the form of their second tensor."""
Labels = frozenset[str]
NOTHING: Labels = frozenset()


@dataclass
class Score:
    """What the discriminator was asked. kind: "code", "prior" or "image"; graph: whether it leads
    back to the encoder; own: what was scored, None where it was handed over; turn: of the training
    step; grads: what each backward wanted (below 0: higher)."""

    kind: str
    graph: bool
    line: int
    uniform: bool
    own: Tensor | None
    turn: int
    grads: dict[int, float] = field(default_factory=dict)


@dataclass
class Backward:
    """One backward. touched: parts that got a gradient."""

    line: int
    touched: set[str] = field(default_factory=set)


@dataclass
class Step:
    """One optimizer's step. moved: parts that changed; used: the backwards in their gradients;
    after: how many backwards there had been; turn: of the training step."""

    line: int
    after: int
    turn: int
    by: Any = None
    """The optimizer."""
    moved: set[str] = field(default_factory=set)
    used: dict[str, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """How a tensor was made."""

    name: str
    ins: tuple[Tensor, ...]
    args: tuple[Any, ...]
    line: int


class Game(Watcher):
    """A few turns of a training step."""

    def __init__(self, file: str, parts: Mapping[str, nn.Module]) -> None:
        super().__init__(file)
        self.parts, self.turn, self.said = parts, 0, ""
        self.scores: list[Score] = []
        self.decoded: list[tuple[Labels, bool, int]] = []
        """What the decoder was asked: whence, whether it leads back to the encoder, line."""
        self.backwards: list[Backward] = []
        self.steps: list[Step] = []
        self.twice: list[tuple[str, int]] = []
        """Sigmoids of sigmoids: of which part, at which line."""
        self.divergences: list[int] = []
        """Lines of losses on the code's mean and variance alone."""
        self.labels: dict[int, Labels] = {}
        self.origins: dict[int, Origin] = {}
        self.halves: dict[int, list[tuple[Labels, int]]] = {}
        self.made: set[int] = set()
        """Outputs of parts."""
        self.noised: list[tuple[Tensor, int]] = []
        """What noise was multiplied with, of a tensor that learns, and the line."""
        self.alive: list[Any] = []
        self.open, self.finite = False, True
        self.left: dict[str, set[int]] = {part: set() for part in parts}
        self.was: dict[str, list[Tensor]] = {}

    def play(self, call: Callable[[], Any], given: Iterable[Tensor], turns: int) -> None:
        """Some turns under watch. given: tensors that are handed over."""
        hooks = [
            module.register_forward_hook(self._asked(part)) for part, module in self.parts.items()
        ]
        for each in given:
            image = each.ndim > 1 and each.shape[1:].numel() > 64
            self.mark(each, frozenset({"image", "given"} if image else {"given"}))
        try:
            with watched(self), redirect_stdout(io.StringIO()):
                for self.turn in range(turns):
                    for module in self.parts.values():
                        module.train()
                    with theirs(
                        self.file, "check_crashed", shapes="the players, optimizers, images"
                    ):
                        call()
        finally:
            for hook in hooks:
                hook.remove()

    def mark(self, tensor: Tensor, labels: Labels) -> None:
        """Say where a tensor comes from."""
        self.alive.append(tensor)
        self.labels[id(tensor)] = labels

    def of(self, tensor: Tensor) -> Labels:
        """Where a tensor comes from."""
        return self.labels.get(id(tensor), NOTHING)

    def _asked(self, part: str) -> Callable[..., None]:
        says = {"encoder": "code", "decoder": "picture", "discriminator": "score"}[part]

        def hook(module: nn.Module, ins: Any, out: Any) -> None:
            x = next(tensors(ins))
            if part == "discriminator":
                for score in tensors(out):
                    self._scored(x, score)
            if part == "decoder":
                self.decoded.append((self.of(x), x.requires_grad, line_now(self.file)))
            for each in tensors(out):
                kept = self.of(each) & {"squashed"}
                self.mark(each, frozenset({says, f"of {part}"}) | kept)
                self.made.add(id(each))

        return hook

    def _scored(self, x: Tensor, out: Tensor) -> None:
        line, row = line_now(self.file), 0
        for labels, rows in self.halves.get(id(x), [(self.of(x), len(x))]):
            own = None if "given" in labels else x.detach()[row : row + rows].clone()
            uniform = "uniform" in labels
            score = Score(kind(labels), x.requires_grad, line, uniform, own, self.turn)
            self.scores.append(score)
            if out.requires_grad:
                out.register_hook(self._wanted(score, slice(row, row + rows)))  # type: ignore[no-untyped-call]
            row += rows

    def _wanted(self, score: Score, rows: slice) -> Callable[[Tensor], None]:
        def hook(grad: Tensor) -> None:
            if self.open:
                at = len(self.backwards) - 1
                score.grads[at] = score.grads.get(at, 0.0) + float(grad[rows].sum())

        return hook

    # What happens ---------------------------------------------------------------------------------

    def before(self, what: str, it: Any) -> None:
        """A backward or a step begins."""
        self._cleared()
        if what == "backward":
            self.finite &= all(bool(torch.isfinite(each).all()) for each in tensors(it))
            self.backwards.append(Backward(line_now(self.file)))
            self.was, self.open = self._grads(), True
        elif what == "step":
            self.steps.append(Step(line_now(self.file), len(self.backwards), self.turn, it))
            self.was = self._values()

    def after(self, what: str, it: Any) -> None:
        """It is done: what changed."""
        if what == "made":
            return
        self.open = False
        if what == "zero":
            self._cleared()
            return
        now = self._grads() if what == "backward" else self._values()
        changed = {
            p for p in self.parts if any(not torch.equal(a, b) for a, b in zip(self.was[p], now[p]))
        }
        if what == "backward":
            self.backwards[-1].touched = changed
            for part in changed:
                self.left[part].add(len(self.backwards) - 1)
        else:
            self.steps[-1].moved = changed
            self.steps[-1].used = {part: set(self.left[part]) for part in changed}

    def _cleared(self) -> None:
        for part, module in self.parts.items():
            if empty(module.parameters()):
                self.left[part] = set()

    def _grads(self) -> dict[str, list[Tensor]]:
        return {part: [_grad(p) for p in m.parameters()] for part, m in self.parts.items()}

    def _values(self) -> dict[str, list[Tensor]]:
        return {
            part: [p.detach().clone() for p in m.parameters()] for part, m in self.parts.items()
        }

    def called(self, name: str, args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
        """Hands labels on from tensor to tensor, and notes how each was made."""
        ins = tuple(tensors((args, kwargs)))
        labels = NOTHING.union(*map(self.of, ins[:1] if name in LIKE else ins))
        squashed = "squashed" in labels
        line = line_now(self.file)
        if squashed and name in ("sigmoid", "binary_cross_entropy_with_logits"):
            part = next((p for p in self.parts if f"of {p}" in labels), "discriminator")
            if "squashed" in self.of(ins[0]):
                self.twice.append((part, line))
        if name == "sigmoid":
            labels |= {"squashed"}
        elif name not in SHAPING:
            labels -= {"squashed"}
        if name in (*NOISE, *UNIFORM) and not any(
            each.requires_grad for each in ins[:1] if name == "normal"
        ):
            labels = frozenset({"noise"} if name in NOISE else {"noise", "uniform"})
        self._multiplied(name, ins, line)
        for each in tensors(out):
            if not any(each is old for old in ins):
                self.mark(each, labels)
                self.origins[id(each)] = Origin(name, ins, args, line)
            elif labels:
                self.labels[id(each)] = labels
            self._closed_form(each, labels, line)
        joins = name in ("cat", "concat", "concatenate") and isinstance(out, torch.Tensor)
        if joins and len(ins) > 1 and sum(map(len, ins)) == len(out):
            self.halves[id(out)] = [(self.of(each), len(each)) for each in ins]

    def _multiplied(self, name: str, ins: tuple[Tensor, ...], line: int) -> None:
        """Noise times a standard deviation."""
        if name == "addcmul":
            ins = ins[1:]
        if name not in ("mul", "rmul", "imul", "addcmul", "normal") or len(ins) != 2:
            return
        for noise, sigma in (ins, ins[::-1]):
            if name == "normal":  # of a mean, with a standard deviation
                fits = noise is ins[0]
            else:
                fits = not noise.requires_grad and not self.of(noise) - {"noise", "uniform"}
            if fits and noise.shape == sigma.shape and sigma.requires_grad:
                self.noised.append((sigma, line))

    def _closed_form(self, out: Tensor, labels: Labels, line: int) -> None:
        """A number made of the code's distribution alone; noted where a loss takes it."""
        others = labels & {"picture", "score", "image", "noise"}
        if out.numel() != 1 or not out.requires_grad or "code" not in labels or others:
            return
        if any(o.name in ("exp", "log", "kl_div", "expm1") for o in self.ancestors(out)):
            out.register_hook(self._taken(line))  # type: ignore[no-untyped-call]

    def _taken(self, line: int) -> Callable[[Tensor], None]:
        def hook(grad: Tensor) -> None:
            if self.open and grad.any():
                self.divergences.append(line)

        return hook

    # What is made of it ---------------------------------------------------------------------------

    def player(self, backward: int) -> set[str]:
        """Whose turn a backward belongs to: who moves in the steps that follow it."""
        later = [step for step in self.steps if step.after > backward]
        if not later:
            return set()
        return set().union(*(step.moved for step in later if step.after == later[0].after))

    def kinds(self, backward: int) -> set[str]:
        """What a backward is of: rec, the reconstruction; D, the discriminator's loss; G, the
        encoder's on its scores."""
        found = {"rec"} if "decoder" in self.backwards[backward].touched else set()
        asked = [score for score in self.scores if backward in score.grads]
        if any(score.kind == "prior" or not score.graph for score in asked):
            return found | {"D"}
        return found | {"G"} if asked else found

    def fooling(self, backward: int) -> bool:
        """Whether it is the encoder's: scores of codes alone, that lead back to it."""
        asked = [score for score in self.scores if backward in score.grads]
        alone = bool(asked) and all(s.kind == "code" and s.graph for s in asked)
        own = self.player(backward)
        if alone and "discriminator" in own and "encoder" in own:
            return sum(score.grads[backward] for score in asked) < 0
        return alone and "encoder" in own

    def ancestors(self, tensor: Tensor, most: int = 40) -> Iterator[Origin]:
        """How a tensor was made, back to the outputs of parts."""
        waiting = [tensor]
        while waiting and most:
            most -= 1
            each = waiting.pop(0)
            origin = self.origins.get(id(each))
            if origin and id(each) not in self.made:
                yield origin
                waiting += origin.ins


def _grad(p: Tensor) -> Tensor:
    return torch.zeros(()) if p.grad is None else p.grad.clone()


def kind(labels: Labels) -> str:
    """What was scored."""
    if labels & {"image", "picture"}:
        return "image"
    return "code" if "code" in labels else "prior"
