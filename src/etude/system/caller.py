"""The state of the caller's process that a call must not change."""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from etude.system.surroundings import no_warnings


@contextmanager
def preserve_caller_state() -> Iterator[None]:
    """Restore the caller's random generators, thread count and environment variables, and ignore
    libraries' warnings.

    For public functions that compute with torch, as a decorator too. Inside, generators may be
    seeded and threads set; afterwards the states of Python's, NumPy's and torch's global generators
    (CPU and every GPU that was in use), torch's number of threads, the environment, the warning
    filters and Optuna's verbosity are those that the caller had.
    """
    # Slow to import, and commands that compute nothing do not need them.
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # Asking a GPU for its state would initialise it, which takes seconds and memory.
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    gpus = torch.cuda.get_rng_state_all() if used else []
    variables = dict(os.environ)
    threads, verbosity = torch.get_num_threads(), _verbosity()
    try:
        with no_warnings():
            yield
    finally:
        # torch sets variables when it first traces a network.
        if variables != os.environ:
            os.environ.clear()
            os.environ.update(variables)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
        torch.set_num_threads(threads)  # `hardware.resolve` sets it for a run
        if verbosity is not None:
            sys.modules["optuna"].logging.set_verbosity(verbosity)


def _verbosity() -> int | None:
    """Optuna's log level, if the caller has imported it."""
    # Looked up and not imported: importing Optuna takes time, and most calls do not need it.
    optuna = sys.modules.get("optuna")
    return optuna.logging.get_verbosity() if optuna else None
