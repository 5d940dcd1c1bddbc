"""Data-parallel training: every process takes a share of each batch and makes the same step.

    torchrun --nproc-per-node 2 -m etude train cnn --data digits --name both

The first process of each machine reads the data; see `World.once` and `data.shared`.

The module is not wrapped. After the backward pass of a phase, one all-reduce sums its gradients,
its loss and the stop flag over the processes, so any phase works, and a single process is the case
of world size 1. All processes start from the same weights and apply the same gradients, so their
weights stay equal without further communication. Only rank 0 writes files, evaluates and renders.
This module imports torch inside functions only, so that importing it stays fast.
"""

import atexit
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from etude.errors import EtudeError, Stopped, from_json, to_json
from etude.locale.texts import text

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

T = TypeVar("T")

WAIT = timedelta(minutes=30)
"""Timeout of a collective operation: the other ranks wait while rank 0 evaluates."""
POLL = 0.05
"""Seconds between two looks at what another process of this machine has done."""
_calls = count()
"""Numbers the calls of `World.once`, which all processes of a job make in the same order."""


@dataclass(frozen=True)
class World:
    """The rank of this process and the number of processes, as torchrun's environment has them.

    machine: the number of this machine; local: the rank among the `beside` processes on it.
    """

    rank: int = 0
    size: int = 1
    machine: int = 0
    local: int = 0
    beside: int = 1

    @classmethod
    def here(cls) -> "World":
        """Read rank and world size from the environment; a single process without torchrun."""

        def number(name: str, usual: int) -> int:
            return int(os.environ.get(name, usual))

        rank, size = number("RANK", 0), number("WORLD_SIZE", 1)
        # Where a launcher does not say which processes share a machine, each is alone on its own.
        if "GROUP_RANK" not in os.environ:
            return cls(rank, size)
        beside = number("LOCAL_WORLD_SIZE", 1)
        return cls(rank, size, number("GROUP_RANK", 0), number("LOCAL_RANK", 0), beside)

    @property
    def first(self) -> bool:
        """Whether this process is rank 0, the only one that writes files."""
        return self.rank == 0

    @property
    def restarted(self) -> bool:
        """Whether torchrun restarted the job after a process died."""
        return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0

    def join(self, device: str) -> None:
        """Join the process group; on "cuda", use the GPU with this process's local rank."""
        import torch.distributed

        if self.size == 1 or torch.distributed.is_initialized():
            return
        # NCCL works on GPUs only; gloo would copy each message through the host.
        on_gpu = device.startswith("cuda")
        if on_gpu:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        store, rank, size = next(torch.distributed.rendezvous("env://"))  # type: ignore[attr-defined]
        # The launcher's store survives a restart of the job, and with it the addresses of processes
        # that died; a prefix for each start keeps the new processes from connecting to those.
        start = f"start/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"
        torch.distributed.init_process_group(
            "nccl" if on_gpu else "gloo",
            store=torch.distributed.PrefixStore(start, store),  # type: ignore[attr-defined]
            rank=rank,
            world_size=size,
            timeout=WAIT,
        )
        # Its threads must not outlive Python.
        atexit.register(torch.distributed.destroy_process_group)

    def once(
        self,
        make: Callable[[], T],
        written: Callable[[T], AbstractContextManager[str]],
        read: Callable[[str], T],
    ) -> T:
        """What `make` returns in the first process of each machine, in all processes of it.

        written: a text by which `read` finds the value in the others, as long as the context lasts.
        The processes must have joined. An EtudeError of the first process is raised in all of them.
        """
        if self.beside == 1:
            return make()
        # torch has no public name for the store of the launcher, which works before any data are
        # there and however long they take.
        from torch.distributed.distributed_c10d import _get_default_store

        store, name = _get_default_store(), f"once/{next(_calls)}/{self.machine}"
        if self.local:
            with together():
                while not store.check([name]):
                    time.sleep(POLL)
                kind, content = json.loads(store.get(name))
            if kind == "error":
                raise from_json(content)
            try:
                return read(content)
            finally:
                store.add(f"{name}/read", 1)
        try:
            value = make()
            with written(value) as content, together():
                store.set(name, json.dumps(("value", content)))
                while store.add(f"{name}/read", 0) < self.beside - 1:
                    time.sleep(POLL)
        except EtudeError as error:
            store.set(name, json.dumps(("error", to_json(error))))
            raise
        return value

    def share(self, samples: "np.ndarray") -> "np.ndarray":
        """This process's part of a global batch: every `size`-th sample, starting at `rank`."""
        # Interleaved, so that the shares differ by at most one sample. BatchNoise does the same.
        return samples[self.rank :: self.size]

    def agree(self, value: object) -> Any:
        """Broadcast rank 0's JSON value to all processes; returns when every process has called."""
        if self.size == 1:
            return value
        import torch.distributed

        device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
        content = bytearray(json.dumps(value).encode() if self.first else b"")
        size = torch.tensor(len(content), device=device)
        with together():
            # The length goes first: a receiver must allocate a buffer of the right size.
            torch.distributed.broadcast(size, 0)
            data = torch.zeros(int(size), dtype=torch.uint8, device=device)
            if self.first:
                data.copy_(torch.frombuffer(content, dtype=torch.uint8))
            torch.distributed.broadcast(data, 0)
        # JSON and not pickle, which torch's broadcast_object_list would use: it can run code.
        return json.loads(bytes(data.tolist()))

    def add_up(self, parts: Sequence["Tensor"]) -> None:
        """Replace each tensor by its sum over the processes, in place, in one all-reduce."""
        if self.size == 1:
            return
        import torch.distributed

        # One message for all tensors: latency per message costs more than the copy into a buffer.
        whole = torch.cat([part.reshape(-1) for part in parts])
        with together():
            torch.distributed.all_reduce(whole)
        for part, total in zip(parts, torch.split(whole, [part.numel() for part in parts])):
            part.copy_(total.view_as(part))


ALONE = World()
"""A process of its own, whatever torchrun's environment says."""


@contextmanager
def together() -> Iterator[None]:
    """Raise Stopped if a collective operation fails because another process of the job ended."""
    try:
        yield
    except RuntimeError as error:
        why = str(error).strip().splitlines()[0][:120]
        raise Stopped(text("distributed.ended", why=why), do=text("distributed.ended.do")) from None
