"""What lengths do to an LSTM's outputs: steps beyond a sample's length must change nothing.

N batch · L steps · Q input features · lengths [N], valid steps of each sample
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch

from etude.checking.build import takes
from etude.checking.fit import difference
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject
from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

LENGTHS = re.compile(r"(\w+_)?(seq|sent|x)?(len|lens|length|lengths)(_x)?", re.IGNORECASE)
DOWN, MIXED = [4, 4, 3, 2, 2], [2, 3, 4, 2, 3]
"""Lengths of five samples of at most four steps: sorted ones hide an order that is not restored."""


def judge(subject: Subject, asked: Any, X: Tensor) -> bool:
    """A sample with padding gives what it gives alone, without. X [N L Q]. Faults:
    last_step_is_padding, padding_read, order_not_restored."""
    name = next((n for n in takes(subject.forward) if LENGTHS.fullmatch(n)), "")
    if not name:
        return True
    answers = []
    for lengths in (DOWN, MIXED):
        said = answer(subject, asked, X, name, lengths)
        if said is None:
            continue
        answers.append(said)
        if said:
            break
    if not answers:
        raise CannotJudge("check_lstm_lengths", parameter=name)
    code = answers[-1]
    if not code:
        subject.hold("padding", "")
        return True
    if len(answers) == 2:
        code = "order_not_restored"
    evidence = ("output of a padded sample", "that of the sample alone", "another")
    subject.fault(code, asked.line or subject.line_in("forward"), evidence)
    return False


def answer(
    subject: Subject, asked: Any, X: Tensor, name: str, lengths: Sequence[int]
) -> str | None:
    """The fault; '' where padding does nothing; None where it cannot be called."""
    for form in (torch.tensor, list):
        more: Callable[[Sequence[int]], Any] = form

        def ask(x: Tensor, lengths: Sequence[int], more: Callable[..., Any] = more) -> Tensor:
            told: Tensor = asked(x, {**asked.named, name: more(list(lengths))})
            return told

        try:
            padded = X.clone()
            for n, length in enumerate(lengths):
                padded[n, length:] = 3.0 if X.is_floating_point() else 3
            return compared(ask, padded, lengths)
        except CannotJudge:
            continue
    return None


def compared(ask: Callable[..., Tensor], X: Tensor, lengths: Sequence[int]) -> str:
    """Each sample against itself alone; where they differ, which slip it is."""
    out = ask(X, lengths)
    for n, length in enumerate(lengths):
        alone = ask(X[n : n + 1, :length], [length])[0]
        found = out[n, :length] if out.ndim == 3 else out[n]
        if difference(found, alone) < TOLERANCE:
            continue
        if out.ndim == 3:
            return "padding_read"
        return "last_step_is_padding"
    return ""
