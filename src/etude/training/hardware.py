"""Choice of device, threads, precision and compilation by fixed rules, so that the same command
makes the same choice on the same type of machine. The choices are written to the recipe.
"""

import os
from dataclasses import dataclass

import torch

from etude.errors import UsageError
from etude.locale.texts import Text, text
from etude.recipe import TrainDraft
from etude.runs.provenance import environment
from etude.system.limits import cores
from etude.training.distributed import World
from etude.training.precision import select as select_precision


def resolve(name: str, threads: int | None) -> tuple[str, int]:
    """The device ("auto": a CUDA GPU if there is one) and the number of threads (None: all).

    Sets torch's number of threads. Raises UsageError for a device that this machine does not have.
    """
    kind = name.split(":")[0]
    if kind == "mps":
        # Metrics are summed in float64, which MPS does not have, and nobody has run it there yet:
        # an error in the middle of a run would be worse than none at the start.
        raise UsageError(text("hardware.mps"), do=text("hardware.mps.do"))
    if kind not in ("auto", "cpu", "cuda"):
        raise UsageError(text("hardware.unknown", name=name))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        # Allocating is the only reliable check: is_available() says nothing about cuda:1, and a
        # driver may be present without a working device.
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        devices = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        raise UsageError(
            text("hardware.unusable", name=name, why=str(error).splitlines()[0]),
            do=text("hardware.unusable.do", names=devices),
        ) from None
    # Recorded in the recipe, because the sum of floats depends on the number of threads.
    threads = threads or default_threads()
    torch.set_num_threads(threads)
    return name, threads


def default_threads() -> int:
    """OMP_NUM_THREADS if it is set, else the number of cores that this process may use."""
    # torchrun sets it to 1 for each of its processes, which would otherwise compete for the cores.
    value = os.environ.get("OMP_NUM_THREADS", "")
    if value.isdigit() and int(value) > 0:
        return int(value)
    return cores()


@dataclass(frozen=True)
class Choice:
    """Precision and compilation of a run, and a line for the user with the reasons."""

    precision: str
    compile: str
    reason: Text


def select(train: TrainDraft, device: str, model: str, parameters: int, exact: bool) -> Choice:
    """Choose precision and compilation where the draft leaves them open.

    model: the architecture's name. parameters: how many it has. exact: it predicts numbers.
    """
    precision = str(train.precision)
    reason = text("hardware.asked", precision=precision)
    if precision == "auto":
        precision, reason = select_precision(device, model, parameters, exact)
    # "auto" means off: on a CPU torch's compiler took from 6 to 158 s before the first step, and
    # no measured run made up for that.
    if train.compile == "on":
        return Choice(precision, "on", text("hardware.compiled", precision=reason))
    return Choice(precision, "off", text("hardware.not_compiled", precision=reason))


def surroundings() -> dict[str, object]:
    """Everything outside the recipe that can change the bytes of a result.

    Threads are missing on purpose: they are a field of the recipe.
    """
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    cuda, processes = str(torch.version.cuda), World.here().size
    return {**environment(), "gpus": gpus, "cuda": cuda, "processes": processes}
