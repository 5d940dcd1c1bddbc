"""Judging in float64 on one thread of the CPU, whatever a file asks for: what it makes in float32,
or on a GPU, is made in float64 and on the CPU."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from etude.checking.compiler import without_compiler

MOVES = ("to", "type", "cuda", "float", "zeros", "ones", "full", "empty", "randn", "rand", "tensor",
         "arange", "as_tensor", "zeros_like", "ones_like", "full_like", "empty_like", "randn_like",
         "rand_like", "new_zeros", "new_ones", "new_full", "new_empty", "new_tensor", "eye",
         "linspace", "normal", "softmax", "log_softmax", "from_numpy", "from_file")  # fmt: skip


GPUS = ("cuda", "mps", "xpu")


class Exact(TorchFunctionMode):
    """Makes float32 float64, and every device the CPU, while float64 is the default type."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name not in MOVES or torch.get_default_dtype() != torch.float64:
            return func(*args, **kwargs)
        if name == "cuda":
            return args[0]
        if name == "float":
            return args[0].double()
        return func(*map(_exact, args), **{key: _exact(value) for key, value in kwargs.items()})


def _exact(value: Any) -> Any:
    """The value for an argument: another type or device."""
    if value is torch.float32:
        return torch.float64
    if isinstance(value, torch.device) or (
        isinstance(value, str) and value.partition(":")[0] in GPUS
    ):
        return torch.device("cpu")
    return value


@contextmanager
def exactly() -> Iterator[None]:
    """In float64 on one thread, noise from a fixed place; all as it was afterwards."""
    before, threads, state = (
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.get_rng_state(),
    )
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    try:
        with torch.enable_grad(), Exact(), without_compiler():
            yield
    finally:
        torch.set_default_dtype(before)
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
