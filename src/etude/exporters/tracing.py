"""What torch needs to trace a network: inputs to trace it with, the axes that may have any length,
silence, and its reasons if it cannot."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.export import Dim

from etude.data.dataset import Split
from etude.errors import UsageError
from etude.exporters.graph import Deployed, inputs_of
from etude.locale.texts import text
from etude.shapes import Tensor

Axes = tuple[dict[int, Dim], ...]
FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What torch raises for a network that it cannot trace."""
EXAMPLES = 3
"""Samples to trace with: of one, torch would make a graph for one."""
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def examples(split: Split) -> tuple[Tensor, ...]:
    """Raw inputs to trace a network with."""
    where = np.arange(EXAMPLES) % len(split)
    return inputs_of(split.take(where), 0, EXAMPLES)


def axes(deployed: Deployed) -> Axes:
    """The axes of each input that may have any length: samples n, and steps of sequences."""
    x: dict[int, Dim] = {0: Dim("n")}
    if deployed.dynamic:
        x[1] = Dim("length")
    return (x, {0: x[0]}) if deployed.padded else (x,)


@contextmanager
def silence() -> Iterator[None]:
    """Inside, no logger writes anything."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def torch_reasons(form: str) -> Iterator[None]:
    """Turn what torch raises for a network that it cannot trace into a UsageError with its
    reason."""
    try:
        with silence(), torch.no_grad():
            yield
    except FAILURES as error:
        raise UsageError(
            text("export.trace", form=form, why=_reason(error)), do=text("export.trace.do")
        ) from error


def _reason(error: BaseException) -> str:
    """The first line of the first cause of an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in COLOUR.sub("", str(error)).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
