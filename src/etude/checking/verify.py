"""Our own layers held against independent references, on whatever machine this runs.

    N batch · H heads · L queries · S keys · d head width · D model width · C channels · K layers

The rule is that of FlashAttention's tests: in any type, ours may be at most twice as far from the
float64 result as the reference in that same type, and a few units in the last place more. In
float64 itself, where nothing is more exact, the reference's error is taken to be that which it has
in float32, in units of the last place. Values, and gradients of every input and every parameter.
See `references.py` for what is compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from etude.checking.case import Case, Function
from etude.checking.references import cases, timm_networks
from etude.locale.texts import Text
from etude.shapes import Tensor

TIMES, ULPS = 2.0, 8
"""How often the reference's own error, and units in the last place of the largest number."""


@dataclass(frozen=True)
class Proof:
    """One case in one type on one device. errors: (what, largest error, tolerance), of the output
    and of the gradient that comes nearest to its tolerance. said: why there is none."""

    name: str
    against: str
    device: str
    dtype: str
    errors: tuple[tuple[str, float, float], ...]
    said: str = ""

    @property
    def holds(self) -> bool:
        """Whether every error is within its tolerance; NaN is not."""
        return not self.said and all(error <= most for _, error, most in self.errors)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        keys = ("what", "error", "tolerance")
        errors = [dict(zip(keys, each)) for each in self.errors]
        about = {key: getattr(self, key) for key in ("name", "against", "device", "dtype")}
        return {**about, "holds": self.holds, "errors": errors, "said": self.said}

    def __str__(self) -> str:
        shown = "; ".join(f"{what} {error:.1e} of {most:.1e}" for what, error, most in self.errors)
        sign = "ok  " if self.holds else "FAIL"
        return (
            f"{sign} {self.name} = {self.against} [{self.device} {self.dtype}] {shown}{self.said}"
        )


def devices() -> list[torch.device]:
    """All that this machine has, the CPU first."""
    found = [torch.device("cpu")]
    found += [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(torch.device("mps"))
    return found


def proofs() -> Iterator[Proof]:
    """Every case in every type on every device."""
    for case in cases():
        for device in devices():
            for dtype in case.dtypes:
                if not (device.type == "mps" and dtype is torch.float64):
                    found = proof(case, device, dtype)
                    if found:
                        yield found


def notes() -> list[Text]:
    """References that are installed but cannot be used, each with the reason."""
    timm = timm_networks()
    return [timm] if isinstance(timm, Text) else []


def proof(case: Case, device: torch.device, dtype: torch.dtype) -> Proof | None:
    """One of them; None where the reference does not know the type on this device."""
    cpu, coarse = torch.device("cpu"), torch.float32
    about = (case.name, case.against, str(device), str(dtype).removeprefix("torch."))
    exact = results(case, case.reference, cpu, torch.float64, dtype)
    try:
        theirs = results(case, case.reference, device, dtype, dtype)
    except (RuntimeError, NotImplementedError) as error:
        if "not implemented" in str(error):
            return None
        raise
    try:
        ours = results(case, case.ours, device, dtype, dtype)
    except (RuntimeError, ValueError, TypeError) as error:
        return Proof(*about, (), f"{type(error).__name__}: {str(error).splitlines()[0]}")
    if shapes(ours) != shapes(theirs):
        return Proof(*about, (), f"{shapes(ours)} where the reference has {shapes(theirs)}")
    known, near, unit = exact, theirs, 1.0
    if dtype is torch.float64:
        known = results(case, case.reference, cpu, torch.float64, coarse)
        near = results(case, case.reference, cpu, coarse, coarse)
        unit = torch.finfo(dtype).eps / torch.finfo(coarse).eps
    found = []
    for what, wanted in exact.items():
        last = torch.finfo(dtype).eps * float(wanted.abs().max())
        most = TIMES * unit * apart(near[what], known[what]) + ULPS * last
        found.append((what, apart(ours[what], wanted), most))
    output, *gradients = found
    nearest = max(gradients, key=lambda each: each[1] / each[2] if each[2] else 0, default=None)
    failed = [each for each in gradients if not each[1] <= each[2]]
    return Proof(*about, (output, *(failed[:1] or ([nearest] if nearest else []))))


def results(
    case: Case, function: Function, device: torch.device, dtype: torch.dtype, rounded: torch.dtype
) -> dict[str, Tensor]:
    """The output, and the gradients of a weighted sum of it. rounded: weights and inputs are
    rounded to this type first, so that their rounding is nobody's error."""

    def leaf(x: Tensor) -> Tensor:
        return x.to(rounded).to(device, dtype).requires_grad_()

    torch.manual_seed(5)  # of what is drawn inside
    weights = {name: leaf(x) for name, x in case.weights.items()}
    inputs = [leaf(x) for x in case.inputs]
    out = function(weights, *inputs)
    generator = torch.Generator().manual_seed(7)
    probe = torch.randn(out.shape, generator=generator, dtype=torch.float64)
    leaves = {f"input {i}": x for i, x in enumerate(inputs)} | weights
    # The probe is rounded too, lest the reference in float64 be asked another question.
    asked = (out * probe.to(rounded).to(device, dtype)).sum()
    grads = torch.autograd.grad(asked, list(leaves.values()), allow_unused=True)
    named = {f"gradient of {n}": g for n, g in zip(leaves, grads) if g is not None}
    return {"output": out.detach(), **named}


def shapes(found: Mapping[str, Tensor]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Type and shape of each."""
    return {what: (x.dtype, tuple(x.shape)) for what, x in found.items()}


def apart(found: Tensor, wanted: Tensor) -> float:
    """The largest difference."""
    return float((found.detach().cpu().double() - wanted).abs().max())
