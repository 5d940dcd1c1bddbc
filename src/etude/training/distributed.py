"""Many processes as one: each takes its share of every batch, and all make the same step.

    torchrun --nproc-per-node 2 -m etude train cnn --data digits --name both

No wrapper round the module: after a phase's backward its gradients are added up over the processes,
and with them its loss and the flags for bad numbers and for stopping, in one all-reduce. So it
fits any phase, and one process is the case of size one. All processes start from the same weights
and see the same gradients, so they stay equal without being told. Rank 0 alone writes, evaluates
and draws. Importing this imports no torch.
"""

import atexit
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etude.errors import Stopped

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


WAIT = timedelta(minutes=30)
"""How long a process waits for the others: for rank 0, say, while it evaluates."""


@dataclass(frozen=True)
class World:
    """This process's number `rank` of `size`, as torchrun's environment says."""

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> "World":
        """From the environment; alone where there is none."""
        return cls(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    @property
    def restarted(self) -> bool:
        """Whether torchrun has started the job anew after a process died."""
        return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0

    def join(self, device: str) -> None:
        """Meet the others; on a GPU, take the one of this process's place on its machine.

        Addresses are told under names of their own for each start of the job: the launcher's store
        outlives a restart, and with it the addresses of the dead.
        """
        import torch
        from torch import distributed

        if self.size == 1 or distributed.is_initialized():
            return
        on_gpu = device.startswith("cuda")
        if on_gpu:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        store, rank, size = next(distributed.rendezvous("env://"))  # type: ignore[attr-defined]
        start = f"start/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"
        distributed.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=distributed.PrefixStore(start, store),  # type: ignore[attr-defined]
            rank=rank,
            world_size=size,
            timeout=WAIT,
        )
        atexit.register(distributed.destroy_process_group)  # its threads must not outlive Python

    def share(self, samples: "np.ndarray") -> "np.ndarray":
        """This process's part of a global batch: every `size`-th sample, from `rank` on."""
        return samples[self.rank :: self.size]

    def agree(self, value: Any) -> Any:
        """Rank 0's plain JSON value, on every process; waits until all have come here."""
        if self.size == 1:
            return value
        import torch
        from torch import distributed

        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        text = bytearray(json.dumps(value).encode() if self.first else b"")
        size = torch.tensor(len(text), device=device)
        with together():
            distributed.broadcast(size, 0)
            data = torch.zeros(int(size), dtype=torch.uint8, device=device)
            if self.first:
                data.copy_(torch.frombuffer(text, dtype=torch.uint8))
            distributed.broadcast(data, 0)
        return json.loads(bytes(data.tolist()))

    def add_up(self, parts: Sequence["Tensor"]) -> None:
        """Each tensor becomes its sum over the processes, in place, in one message."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        whole = torch.cat([part.reshape(-1) for part in parts])
        with together():
            distributed.all_reduce(whole)
        for part, found in zip(parts, torch.split(whole, [part.numel() for part in parts])):
            part.copy_(found.view_as(part))


@contextmanager
def together() -> Iterator[None]:
    """A process of the job that ended turns waiting for it into Stopped."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise Stopped(
            f"Another process of this job has ended, so this one stops too ({reason}).",
            do="The last checkpoint is untouched: start the job again with etude resume RUN.",
        ) from None
