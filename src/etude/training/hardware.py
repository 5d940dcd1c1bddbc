"""What to train on and how: device, threads, precision and compilation, all by rule, so that the
same command on the same type of machine makes the same choice. What is chosen stands in the recipe.
"""

import os

import torch

from etude.errors import UsageError
from etude.recipe import Train
from etude.system.limits import cores
from etude.training.precision import choose as choose_precision


def settle(train: Train) -> Train:
    """Device and threads resolved, and the threads set. Raises UsageError for a device not here."""
    name = train.device
    kind = name.split(":")[0]
    if kind == "mps":
        # Metrics are summed in float64, which MPS does not have, and nobody has run it there yet:
        # an error in the middle of a run would be worse than none at the start.
        raise UsageError(
            "train.device='mps': training on Apple's GPU is not supported, because it has no "
            "float64, in which metrics are computed.",
            do="Leave --device out, or choose cpu: it trains the built-in recipes in minutes.",
        )
    if kind not in ("auto", "cpu", "cuda"):
        raise UsageError(f"train.device={name!r}: choose cpu, cuda, cuda:1 or auto.")
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


def choose(train: Train, model: str, parameters: int, exact: bool) -> tuple[Train, str]:
    """Precision and compilation resolved, and one line that says why. model: the architecture's
    name; exact: it predicts numbers.

    Left open, nothing is compiled: on a CPU torch's compiler took from 6 to 158 s before the first
    step, and no run that was measured got that back.
    """
    precision, why = (str(train.precision), f"{train.precision}, as the recipe says")
    if train.precision == "auto":
        precision, why = choose_precision(train.device, model, parameters, exact)
    compiled = "on" if train.compile == "on" else "off"
    told = f"{why}; {'compiled' if compiled == 'on' else 'not compiled'}"
    return train.model_copy(update={"precision": precision, "compile": compiled}), told
