"""A made thing under examination: called in either mode, traced, and what was found of it."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from etude.checking.build import Built, forward_of
from etude.checking.source import CannotJudge, Thing, line_of, theirs
from etude.checking.trace import Recorder, Trace, tensors
from etude.checking.usage import Use
from etude.checking.verdict import Finding
from etude.shapes import Tensor

Call = Callable[..., Any]
Named = Mapping[str, Any] | None


@dataclass
class Subject:
    """What is examined. how: calls it (an adapter's, where one was given).

    found: faults, what is believed most first; held: (check, precision); variants: right but
    unusual; steps: of the reference, and whether the user's forward has their values; doubt: why
    it cannot be called right (a text's code and values) though nothing wrong was found; samples:
    how the file's own whole calls it, none where nothing does.
    """

    thing: Thing
    built: Built
    how: Call | None = None
    found: list[Finding] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    steps: tuple[tuple[str, bool], ...] = ()
    doubt: tuple[str, Mapping[str, Any]] | None = None
    samples: Sequence[Use] = ()

    @property
    def it(self) -> Any:
        """The module or function itself."""
        return self.built.it

    @property
    def sizes(self) -> Mapping[str, Any]:
        """What it was made with, by meaning."""
        return self.built.sizes

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The registered ones, by name."""
        return dict(self.it.named_parameters()) if isinstance(self.it, nn.Module) else {}

    @property
    def forward(self) -> Call:
        """Whose signature tells how it is called."""
        return forward_of(self.it)

    def run(self, *inputs: Any, train: bool = False, seed: int = 0, named: Named = None) -> Any:
        """What it answers. named: arguments by name; seed: of torch's noise. Raises CannotJudge
        where it raises."""
        if isinstance(self.it, nn.Module):
            self.it.train(train)
        torch.manual_seed(seed)
        named = named or {}
        shapes = ", ".join(_shape(each) for each in (*inputs, *named.values()))
        with theirs(self.thing.file, "check_crashed", shapes=shapes):
            call = functools.partial(self.how, self.it) if self.how else self.it
            out = call(*inputs, **named)
        if next(tensors(out), None) is None:
            line, kind = line_of(self.forward), type(out).__name__
            code = "check_hole" if out is None else "check_no_tensor"
            raise CannotJudge(code, line=line, kind=kind)
        return out

    def record(
        self, *inputs: Any, train: bool = False, seed: int = 0, named: Named = None,
        instead: Mapping[int, Callable[[Tensor], Tensor]] | None = None,
    ) -> tuple[Any, Trace]:  # fmt: skip
        """What it answers, and every call of torch on the way. instead: other values of calls, by
        their number."""
        if any(is_lazy(p) for p in self.parameters.values()):
            self.run(*inputs, named=named)  # its weights get their shapes
        with Recorder(self.parameters, (inputs, named), self.thing.file, instead) as recorder:
            out = self.run(*inputs, train=train, seed=seed, named=named)
        return out, recorder.trace

    def fault(
        self, code: str, line: int = 0, *evidence: tuple[str, str, str], **facts: Any
    ) -> None:
        """Note a fault. evidence: (what, expected, found)."""
        self.found.append(Finding(code, line, facts, evidence))

    def hold(self, check: str, precision: float | str = "") -> None:
        """Note what held."""
        said = f"{precision:.1e}" if isinstance(precision, float) else precision
        self.held.append((check, said))

    def line_in(self, method: str) -> int:
        """The line at which a method of the class begins; 0."""
        it = getattr(type(self.it), method, None)
        try:
            return inspect.getsourcelines(it)[1] if it else 0
        except (OSError, TypeError):
            return 0


def is_lazy(p: Tensor) -> bool:
    """Whether a parameter has no shape yet."""
    return isinstance(p, UninitializedParameter)


def _shape(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    return repr(value)[:40]


def first(out: Any) -> Tensor:
    """The output itself, where weights or states come with it."""
    while not isinstance(out, torch.Tensor):
        if out is None or isinstance(out, str | bytes | int | float):
            raise CannotJudge("check_no_tensor", line=0, kind=type(out).__name__)
        if isinstance(out, Mapping):
            out = next(iter(out.values()))
        else:
            out = out[0]
    return out


def rest(out: Any) -> list[Tensor]:
    """What comes with the output."""
    if isinstance(out, torch.Tensor):
        return []
    values = list(out.values()) if isinstance(out, Mapping) else list(out)
    return [each for each in values[1:] if isinstance(each, torch.Tensor)]
