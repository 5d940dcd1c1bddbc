"""What to train on and how wide: device and threads by rule, precision and compilation by
measurement where a run is long enough to repay it. What is chosen stands in the recipe.
"""

import copy
import os
import time
from collections.abc import Callable

import torch
from torch import nn

from etude.errors import UsageError
from etude.limits import cores
from etude.recipe import Train
from etude.shapes import Batch
from etude.tasks.protocol import Phase
from etude.training.step import Step

MEASURE_FROM = 10.0
"""Seconds of training below which nothing is measured: fp32, uncompiled."""
COMPILE_FROM = 300.0
"""Seconds of training below which compilation is not tried: on a CPU it takes 6 to 45 s."""
WORTH = 1.1
PROBE_STEPS = 4


def settle(train: Train) -> Train:
    """Device and threads resolved, and the threads set. Raises UsageError for a device not here."""
    name = train.device
    if name.split(":")[0] not in ("auto", "cpu", "cuda", "mps"):
        raise UsageError(f"train.device={name!r}: choose cpu, cuda, cuda:1, mps or auto.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"train.device={name!r} cannot be used: {reason}", do=f"Here are: {', '.join(here)}."
        ) from None
    threads = train.threads or default_threads()
    torch.set_num_threads(threads)
    return train.model_copy(update={"device": name, "threads": threads})


def default_threads() -> int:
    """OMP_NUM_THREADS where it is set, else as many as this process may use cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return cores()


def choose(
    train: Train, model: nn.Module, phases: tuple[Phase, ...], batch: Batch, steps: int
) -> tuple[Train, str]:
    """Precision and compilation resolved, and one line that says why. The model is not touched."""
    plain = train.model_copy(
        update={
            "precision": "bf16" if train.precision == "bf16" else "fp32",
            "compile": "on" if train.compile == "on" else "off",
        }
    )
    if "auto" not in (train.precision, train.compile):
        return plain, f"{plain.precision}, compilation {plain.compile}: as the recipe says"
    seconds = _seconds_a_step(plain, model, phases, batch)
    if seconds * steps < MEASURE_FROM:
        return plain, f"{plain.precision}, not compiled: a short run, about {seconds * steps:.0f} s"
    said = []
    if train.precision == "auto":
        half = plain.model_copy(update={"precision": "bf16"})
        other = _seconds_a_step(half, model, phases, batch)
        said.append(f"bf16 takes {other / seconds:.2f} of fp32's time (measured)")
        if seconds > other * WORTH:
            plain, seconds = half, other
    if train.compile == "auto" and seconds * steps > COMPILE_FROM:
        whole = plain.model_copy(update={"compile": "on"})
        began = time.monotonic()
        try:
            other = _seconds_a_step(whole, model, phases, batch)
        except RuntimeError as error:  # no C++ compiler, or a step that cannot be compiled
            said.append(f"compilation fails here ({str(error).splitlines()[0][:80]})")
        else:
            cost = time.monotonic() - began
            said.append(
                f"compiled {other / seconds:.2f} of the time, after {cost:.0f} s (measured)"
            )
            if cost + other * steps < seconds * steps / WORTH:
                plain = whole
    compiled = "compiled" if plain.compile == "on" else "not compiled"
    return plain, f"{plain.precision}, {compiled}: {'; '.join(said) or 'as asked'}"


def _seconds_a_step(
    train: Train, model: nn.Module, phases: tuple[Phase, ...], batch: Batch
) -> float:
    """The quickest of a few steps on a copy of the model, after one to warm up."""
    step = Step(copy.deepcopy(model).train(), phases, train, PROBE_STEPS + 1)
    times = [_timed(lambda i=i: step(batch, i), batch) for i in range(PROBE_STEPS + 1)]  # type: ignore[misc]
    return min(times[1:])


def _timed(action: Callable[[], None], batch: Batch) -> float:
    began = time.perf_counter()
    action()
    if batch.x.device.type == "cuda":
        torch.cuda.synchronize()
    elif batch.x.device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter() - began
