"""Randomness as a function of the seed and a position, never of the numbers drawn before.

So a checkpoint needs no generator state, and one consumer of random numbers cannot change the
numbers that another one gets.
"""

import hashlib

import numpy as np
import torch


def key(seed: int, *where: int | str) -> int:
    """A 63-bit seed for a position: (seed, "order", epoch), (seed, "step", step, rank), ..."""
    # Not Python's hash(), which differs by process, and not seed + step, whose streams would
    # coincide for different seeds. The shift keeps 63 bits, so that the key fits an int64.
    digest = hashlib.blake2b(repr((seed, *where)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of `count` samples in an epoch: a permutation [count]."""
    # A generator of its own: NumPy's global one belongs to the caller, and its state would have to
    # be saved.
    return np.random.Generator(np.random.Philox(key(seed, "order", epoch))).permutation(count)


def reseed(seed: int, *where: int | str) -> None:
    """Seed torch's global generators (dropout, sampling noise) for a position."""
    number = key(seed, *where)
    # Not torch.manual_seed: without a GPU it formats a stack trace at each call, which would cost
    # time in every step.
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(number)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(number)
