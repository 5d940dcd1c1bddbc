"""From outputs that differ to the fault: which meaning of the user's weights, which variants and
which one fault of the reference give what the user's forward gives.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etude.checking.program import Change, Program, Steps
from etude.checking.trace import TOLERANCE, Trace, Weights
from etude.shapes import Tensor

KEPT = 24
"""Mappings that are tried with faults: those that share most steps with the user's forward."""


@dataclass(frozen=True)
class Meant:
    """One meaning of the user's weights. make: the reference's, of the user's by name."""

    said: str
    make: Callable[[Weights], Mapping[str, Any]] = field(compare=False)


NOTHING = Meant("", lambda P: {})
"""Of a program without weights."""


@dataclass(frozen=True)
class Fit:
    """How a user's output came out. meant, variants: of the reference that is nearest; fault: the
    one that explains it, None where it is right or not explained; error: largest difference, of the
    largest number; steps: of the reference, and whether the user's forward has their values."""

    right: bool
    meant: Meant
    variants: tuple[Change, ...]
    fault: Change | None
    error: float
    steps: tuple[tuple[str, bool], ...]
    log: tuple[tuple[str, Tensor], ...] = ()

    @property
    def first_missing(self) -> str:
        """The first step whose values the user's forward does not have; ''."""
        return next((name for name, there in self.steps if not there), "")


def difference(found: Tensor, expected: Tensor) -> float:
    """Largest difference, as a share of the largest expected number; infinite where shapes differ
    or numbers are not finite."""
    if found.shape != expected.shape:
        return float("inf")
    largest = float(expected.detach().abs().max()) or 1.0
    far = float((found.detach().double() - expected.detach().double()).abs().max()) / largest
    return far if far == far else float("inf")


def search(
    program: Program,
    given: Mapping[str, Any],
    meanings: Iterable[Meant],
    P: Weights,
    out: Tensor,
    trace: Trace,
    groups: Sequence[Sequence[Change]] = (),
    faults: Sequence[Change] = (),
    kept: int = KEPT,
) -> Fit | None:
    """The meaning, variants (one of each group; the first is the plain one) and fault that give the
    user's output; None where there is nothing to try. Faults are tried with the `kept` that share
    most steps with the user's forward."""
    tried: list[tuple[int, float, Meant, tuple[Change, ...], Steps]] = []
    for meant in meanings:
        for variants in itertools.product(*groups):
            steps, result = attempt(program, given, meant, P, *variants)
            error = float("inf") if result is None else difference(out, result)
            if error < TOLERANCE:
                seen = _seen(steps, trace)
                return Fit(True, meant, variants, None, error, seen, tuple(steps.log))
            tried.append((_common(steps, trace), error, meant, variants, steps))
    tried.sort(key=lambda each: -each[0])
    for _, _, meant, variants, right in tried[:kept]:
        for fault in faults:
            steps, result = attempt(program, given, meant, P, *variants, fault)
            if result is not None and (error := difference(out, result)) < TOLERANCE:
                seen = _seen(right, trace)
                return Fit(False, meant, variants, fault, error, seen, tuple(steps.log))
    if not tried:
        return None
    _, error, meant, variants, steps = tried[0]
    return Fit(False, meant, variants, None, error, _seen(steps, trace), tuple(steps.log))


Option = tuple[Meant, tuple[Change, ...]]
"""A meaning of the weights, with the variants that go with it."""


def best(
    program: Program,
    given: Mapping[str, Any],
    options: Iterable[Option],
    P: Weights,
    out: Tensor,
    trace: Trace,
    groups: Sequence[Sequence[Change]] = (),
    faults: Sequence[Change] = (),
    kept: int = 2,
) -> Fit | None:
    """`search` over options that were narrowed: the first that is right, else the first that one
    fault explains, else the first; None where there is none."""
    choices = [(meant, (*((each,) for each in variants), *groups)) for meant, variants in options]
    fits = []
    for meant, choice in choices:
        fit = search(program, given, [meant], P, out, trace, choice)
        if fit and fit.right:
            return fit
        fits.append(fit)
    for meant, choice in choices:
        fit = search(program, given, [meant], P, out, trace, choice, faults, kept)
        if fit and fit.fault:
            return fit
    return fits[0] if fits else None


def narrow(
    program: Program,
    given: Mapping[str, Any],
    meanings: Iterable[Meant],
    P: Weights,
    trace: Trace,
    groups: Sequence[Sequence[Change]] = (),
    most: int = 3,
) -> list[Option]:
    """Of a part of a whole: the meanings and variants that share most steps with the user's
    forward, at most so many; one alone where all its steps are there."""
    tried: list[tuple[int, Meant, tuple[Change, ...]]] = []
    for meant in meanings:
        for variants in itertools.product(*groups):
            steps, result = attempt(program, given, meant, P, *variants)
            common = _common(steps, trace)
            if result is not None and common == len(steps.log):
                return [(meant, variants)]
            tried.append((common, meant, variants))
    tried.sort(key=lambda each: -each[0])
    return [(meant, variants) for _, meant, variants in tried[:most]]


def attempt(
    program: Program, given: Mapping[str, Any], meant: Meant, P: Weights, *changes: Change
) -> tuple[Steps, Tensor | None]:
    """Play a program with these weights; None where the shapes do not fit together."""
    made = weights(meant, P)
    steps = Steps({**given, **(made or {})}, *changes)
    if made is None:
        return steps, None
    try:
        return steps, program(steps)
    except NO_FIT:
        return steps, None


NO_FIT = (RuntimeError, ValueError, IndexError, AttributeError, KeyError, TypeError)
"""What torch and a program raise where shapes, or what is there, do not fit together."""


def weights(meant: Meant, P: Weights) -> Mapping[str, Any] | None:
    """The reference's weights; None where the user's cannot be these."""
    try:
        return meant.make(P)
    except NO_FIT:
        return None


def _common(steps: Steps, trace: Trace) -> int:
    return sum(trace.holds(value) for _, value in steps.log)


def _seen(steps: Steps, trace: Trace) -> tuple[tuple[str, bool], ...]:
    return tuple((name, trace.holds(value)) for name, value in steps.log)
