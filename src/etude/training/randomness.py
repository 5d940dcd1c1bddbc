"""Randomness as a function: of the seed and where we are, never of what was drawn before.

So there is no generator state to save, and nothing that draws can disturb anything else.
"""

import hashlib

import numpy as np
import torch


def key(seed: int, *where: int | str) -> int:
    """A 63-bit number for a place: (seed, "order", epoch), (seed, "step", step, rank), ..."""
    digest = hashlib.blake2b(repr((seed, *where)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of `count` samples in an epoch [count]."""
    return np.random.Generator(np.random.Philox(key(seed, "order", epoch))).permutation(count)


def reseed(seed: int, *where: int | str) -> None:
    """Set torch's generators (dropout, sampling noise) for a place. As torch.manual_seed, without
    the stack trace that it formats at each call where there is no GPU."""
    number = key(seed, *where)
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(number)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(number)
