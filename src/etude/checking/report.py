"""The numbers that a training function gives back: means of losses and accuracies over a pass, or
something that only looks like one."""

import ast
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from etude.checking.source import tree
from etude.checking.subject import Subject
from etude.checking.training_events import Lesson, Seen

NEAR = 1e-6
"""An accuracy may be a mean in float32."""


def numbers(value: Any) -> Iterator[float]:
    """All real numbers in what was given back; whole ones are counts and tell nothing."""
    if isinstance(value, torch.Tensor):
        if value.numel() == 1 and value.is_floating_point():
            yield float(value.detach())
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, float):
        yield float(value)
    elif hasattr(value, "__dict__") and not callable(value):
        yield from numbers(vars(value))


def passes(lesson: Lesson) -> list[list[Seen]]:
    """Batches that went through, a list for each time a loader was gone through."""
    found: dict[tuple[str, int], list[Seen]] = {}
    for seen in lesson.seen:
        found.setdefault((seen.source, seen.epoch), []).append(seen)
    return [each for each in found.values() if len(each) > 1]


def right_and_wrong(batches: list[Seen]) -> tuple[list[float], dict[str, list[float]]]:
    """(what may be reported of a pass, what looks like it and is not, by fault)."""
    n = [len(seen.out) for seen in batches]
    right: list[float] = []
    wrong: dict[str, list[float]] = {}
    if all(seen.loss is not None for seen in batches):
        losses = [float(seen.loss or 0.0) for seen in batches]
        total, weighted = sum(losses), sum(a * b for a, b in zip(losses, n))
        right += [total / len(n), weighted / sum(n), total, weighted, *losses[:-1]]
        wrong["last_batch_loss_reported"] = [losses[-1]]
        wrong["loss_divided_by_samples"] = [total / sum(n)]
        wrong["loss_divided_by_batches"] = [weighted / len(n)]
    if all(len(s.target) == len(s.out) and not s.target.is_floating_point() for s in batches):
        hits = [int((s.out.argmax(1) == s.target).sum()) for s in batches]
        rates = [h / k for h, k in zip(hits, n)]
        right += [f * v for f in (1, 100) for v in (sum(hits) / sum(n), sum(rates) / len(n))]
        wrong["accuracy_by_batches"] = [f * sum(hits) / len(n) for f in (1, 100)]
        wrong["last_batch_accuracy_reported"] = [f * rates[-1] for f in (1, 100)]
        wrong["accuracy_divided_by_batch_size"] = [
            f * sum(hits) / n[i] for f in (1, 100) for i in (0, -1)
        ]
    return right, wrong


def reported(subject: Subject, lesson: Lesson, out: Any) -> bool:
    """What is given back is of the whole pass. Faults: those of right_and_wrong."""
    given = list(numbers(out))
    known = [right_and_wrong(batches) for batches in passes(lesson)]
    right = [value for values, _ in known for value in values]
    wholes = {v for v in right if v == round(v)}
    held = 0
    for value in given:
        if any(near(value, each) for each in right):
            held += 1
            continue
        for _, wrong in known:
            for code, values in wrong.items():
                hits = [each for each in values if near(value, each) and each != round(each)]
                if hits and not (code == "last_batch_loss_reported" and curve(given, lesson)):
                    evidence = ("reported", "of the whole pass", f"{value:.6g}")
                    subject.fault(code, returns(subject.thing.it)[-1], evidence)
                    return False
    if held and not wholes >= set(given):
        subject.hold("reported", f"{NEAR:.0e}")
    return True


def returns(it: Any, inside: type[ast.AST] | None = None) -> list[int]:
    """Lines of the returns of a function, the last at the end; inside: only those in such nodes.
    [0] where there is none."""
    parsed = tree(it)
    if parsed is None:
        return [0]
    roots = [n for n in ast.walk(parsed) if inside is None or isinstance(n, inside)]
    found = {n.lineno for r in roots for n in ast.walk(r) if isinstance(n, ast.Return | ast.Break)}
    return sorted(found) or [0]


def curve(given: list[float], lesson: Lesson) -> bool:
    """Whether every batch's loss is given back, not the last one's alone."""
    losses = [seen.loss for seen in lesson.seen if seen.source == "train" and seen.loss is not None]
    hits = sum(any(near(value, loss) for value in given) for loss in losses)
    return hits > len(losses) / 2


def near(a: float, b: float) -> bool:
    """Equal, to the last digits."""
    return math.isclose(a, b, rel_tol=NEAR, abs_tol=1e-12)
