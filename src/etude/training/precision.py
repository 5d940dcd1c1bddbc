"""Which precision a run takes, by rule: from a table that was measured beforehand, so that the same
command on the same type of machine always makes the same choice, at no cost.

A row says what bf16 gained over fp32 for one architecture of one size on one kind of processor. The
rule takes bf16 where a row fits and promises WORTH; where nothing was measured it takes fp32.
"""

from dataclasses import dataclass
from datetime import date

import torch

WORTH = 1.1
"""A gain below this is not worth the digits that bf16 gives up."""
SMALLER = 2
"""A row speaks for networks of at least its own parameters over this: below, calls and casts take
the time, and bf16 only adds casts."""


@dataclass(frozen=True)
class Row:
    """gain: samples a second in bf16 over those in fp32, of a network with so many parameters."""

    processor: str
    model: str
    parameters: int
    gain: float
    measured: date


CPU_BF16 = "a CPU with bf16 instructions"
CPU = "a CPU without bf16 instructions"

TABLE = (
    Row(CPU_BF16, "mlp", 269_322, 1.22, date(2026, 11, 24)),
    Row(CPU_BF16, "cnn", 1_630_282, 1.18, date(2026, 11, 24)),
    Row(CPU_BF16, "lstm", 214_282, 1.45, date(2026, 11, 24)),
    Row(CPU_BF16, "vit", 205_962, 1.23, date(2026, 11, 24)),
    Row(CPU_BF16, "aae", 1_479_457, 1.53, date(2026, 11, 24)),
)
"""Two cores of an AMD EPYC (Zen 5, AVX-512 with bf16), torch 2.13.0, batches of 128: the networks
of benchmarks/README.md. Without such instructions bf16 is computed in fp32 with casts around it. A
GPU has no row yet, since none was measured."""


def processor(device: str) -> str:
    """The kind of processor behind a torch device, as the table names it."""
    if device != "cpu":
        return f"{device.partition(':')[0]} (not measured yet)"
    # torch's own names for what the CPU can do; it has no public ones before 2.13.
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return CPU_BF16 if fast else CPU


def choose(device: str, model: str, parameters: int, exact: bool) -> tuple[str, str]:
    """("fp32" or "bf16", why). exact: the network predicts numbers, which bf16's three digits would
    blur; then fp32 always."""
    kind = processor(device)
    if exact:
        return "fp32", "fp32, since it predicts numbers"
    for row in TABLE:
        if (row.processor, row.model) != (kind, model):
            continue
        if row.gain < WORTH or parameters * SMALLER < row.parameters:
            return "fp32", f"fp32, since {model} of {parameters:,} parameters is small on {kind}"
        return "bf16", f"bf16, {row.gain:.2f} times as fast on {kind} (measured {row.measured})"
    return "fp32", f"fp32 on {kind}"
