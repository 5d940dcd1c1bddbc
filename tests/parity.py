"""Ours against an independent reference: type, shape, values and gradients, in one place."""

import torch
from torch import Tensor

# As torch's own tests compare attention; float64 is near exact.
TOLERANCE = {
    torch.float64: {"atol": 1e-9, "rtol": 1e-9},
    torch.float32: {"atol": 2e-5, "rtol": 1e-4},
    torch.bfloat16: {"atol": 2e-2, "rtol": 2e-2},
    torch.float16: {"atol": 2e-3, "rtol": 2e-3},
}


def assert_same(ours: Tensor, reference: Tensor, what: str = "value", **tolerance: float) -> None:
    """Raise AssertionError unless type and shape are equal and values close."""
    assert ours.dtype == reference.dtype, f"{what}: {ours.dtype} is not {reference.dtype}"
    assert ours.shape == reference.shape, f"{what}: {ours.shape} is not {reference.shape}"
    torch.testing.assert_close(
        ours, reference, msg=lambda m: f"{what}: {m}", **(tolerance or TOLERANCE[ours.dtype])
    )


def assert_parity(ours, reference, inputs: list[Tensor], **tolerance: float) -> None:
    """Call both on the same inputs; compare outputs, and the gradients of a weighted sum."""
    values, gradients = [], []
    for function in (ours, reference):
        leaves = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
        out = function(*leaves)
        weights = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view(out.shape)
        (out.double() * weights).sum().backward()
        values.append(out)
        gradients.append([leaf.grad for leaf in leaves if leaf.is_floating_point()])
    assert_same(values[0], values[1], **tolerance)
    for i, (mine, theirs) in enumerate(zip(*gradients)):
        assert (mine is None) == (theirs is None), f"gradient {i}: one has none"
        if mine is not None and theirs is not None:
            assert_same(mine, theirs, f"gradient {i}", **tolerance)
