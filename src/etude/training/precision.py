"""Choice of precision from a table of measurements, so that the same command makes the same choice
on the same type of machine without measuring anything at run time.

A row has the speed of bf16 relative to fp32 for one architecture of one size on one kind of
processor. The rule selects bf16 if a row applies and its gain is at least WORTH; else fp32.
"""

from dataclasses import dataclass
from datetime import date

import torch

from etude.locale.texts import Text, text

WORTH = 1.1
"""Minimum gain: below it, bf16's loss of digits is not worth its speed."""
SMALLER = 2
"""A row applies to networks with at least its number of parameters divided by this. In smaller
networks calls and casts dominate the time, and bf16 only adds casts."""


@dataclass(frozen=True)
class Row:
    """One measurement. processor: a kind of `processor`. gain: samples per second in bf16 divided
    by those in fp32, for a network of this architecture with this number of parameters."""

    processor: str
    model: str
    parameters: int
    gain: float
    measured: date


CPU_BF16, CPU = "cpu-bf16", "cpu"
"""Kinds of processors: a CPU with instructions for bf16, and one without. Another device is a kind
of its own, by its name in torch."""

TABLE = (
    Row(CPU_BF16, "mlp", 269_322, 1.22, date(2026, 11, 24)),
    Row(CPU_BF16, "cnn", 1_630_282, 1.18, date(2026, 11, 24)),
    Row(CPU_BF16, "lstm", 214_282, 1.45, date(2026, 11, 24)),
    Row(CPU_BF16, "vit", 205_962, 1.23, date(2026, 11, 24)),
    Row(CPU_BF16, "aae", 1_479_457, 1.53, date(2026, 11, 24)),
)
"""Measured on two cores of an AMD EPYC (Zen 5, AVX-512 with bf16) with torch 2.13.0, batches of 128
and the networks of benchmarks/README.md. A CPU without such instructions computes bf16 in fp32 with
casts around it. There is no row for a GPU yet, because none was measured."""


def processor(device: str) -> str:
    """The kind of processor of a torch device, under the table's names."""
    if device != "cpu":
        return device.partition(":")[0]
    # Private functions, because torch has no public ones for these CPU features before 2.13.
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return CPU_BF16 if fast else CPU


def _in_words(kind: str) -> Text:
    """A kind of processor in a sentence."""
    if kind in (CPU_BF16, CPU):
        return text(f"precision.processor.{kind}")
    return text("precision.processor.other", device=kind)


def select(device: str, model: str, parameters: int, exact: bool) -> tuple[str, Text]:
    """("fp32" or "bf16", the reason). exact: the network predicts numbers, so fp32 is required."""
    kind = processor(device)
    where = _in_words(kind)
    # bf16 has 8 significant bits, about 2.4 decimal digits: enough to rank classes, not to predict
    # a value.
    if exact:
        return "fp32", text("precision.exact")
    for row in TABLE:
        if (row.processor, row.model) != (kind, model):
            continue
        if row.gain < WORTH or parameters * SMALLER < row.parameters:
            return "fp32", text(
                "precision.small", model=model, parameters=parameters, processor=where
            )
        return "bf16", text("precision.bf16", gain=row.gain, processor=where, date=row.measured)
    return "fp32", text("precision.fp32", processor=where)
