"""What is added for the places of a sequence: learned rows, or the paper's sines and cosines.

    N batch · L length · D width

A. Vaswani et al., "Attention Is All You Need" (2017), section 3.5.
"""

import torch

from etude.checking import common
from etude.checking.subject import Subject
from etude.checking.trace import Make, Trace, Weights
from etude.shapes import Tensor


def table(trace: Trace, P: Weights) -> list[tuple[Make, int]]:
    """What is added for the places, learned or not, as it is added; and at which line."""
    options: list[tuple[Make, int]] = []
    for call in trace.named("add", "iadd"):
        for each, data, made in zip(call.ins, call.data, call.made):
            if made and made.make(P).ndim > 1:
                options.append((made.make, call.line))
            elif not data and not made and each.is_floating_point() and each.ndim > 1:
                options.append((_constant(each), call.line))
    return options


def turned(make: Make) -> Make:
    """[L 1 D] as [1 L D]: places of a forward that goes along the steps first."""
    return lambda P: make(P).transpose(0, -2)


def _constant(value: Tensor) -> Make:
    return lambda P: value


def judge(subject: Subject, trace: Trace, P: Weights, batch: int, length: int) -> bool:
    """What is added for the places goes along the steps, and sines are those of the paper. Faults:
    positions_batch_axis, sinusoid_wrong."""
    for make, line in table(trace, P):
        value = make(P).detach()
        if value.ndim == 3 and value.shape[0] == batch and value.shape[1] == 1:
            evidence = (
                "shape of the positions added to [N L D]",
                f"[1, {length}, D]",
                str(list(value.shape)),
            )
            subject.fault("positions_batch_axis", line, evidence)
            return False
        rows = value.reshape(-1, value.shape[-1])
        if len(rows) == length and _sine_like(rows) and not _sinusoid(rows):
            expected = sinusoids(length, rows.shape[1])[0]
            far = float((rows - expected).abs().max())
            evidence = ("table of sines and cosines", "the paper's", f"{far:.2g} apart")
            where = trace.line("sin", "cos") or common.made_at(subject, "sin") or line
            subject.fault("sinusoid_wrong", where, evidence)
            return False
    return True


def _sine_like(rows: Tensor) -> bool:
    """Whether the first row is of zeros and ones: sines and cosines of place 0."""
    return bool(((rows[0].abs() < 1e-6) | ((rows[0] - 1).abs() < 1e-6)).all())


def sinusoids(length: int, width: int) -> list[Tensor]:
    """The paper's table; sines and cosines in halves; and tensor2tensor's, whose last frequency is
    exactly 1/10000."""
    half = width // 2
    found = []
    for step in (1.0 / half, 1.0 / max(half - 1, 1)):
        rate = 10000.0 ** (-torch.arange(half, dtype=torch.float64) * step)
        angles = torch.arange(length, dtype=torch.float64)[:, None] * rate
        sines, cosines = angles.sin(), angles.cos()
        found.append(torch.stack([sines, cosines], -1).flatten(1))
        found += [torch.cat([sines, cosines], 1), torch.cat([cosines, sines], 1)]
    return found


def _sinusoid(rows: Tensor) -> bool:
    return any(
        each.shape == rows.shape and float((each - rows).abs().max()) < 1e-4
        for each in sinusoids(len(rows), rows.shape[1])
    )
