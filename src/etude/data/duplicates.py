"""Twins: samples that are the same, byte for byte, in two splits or under two classes.

The first make a test say more than is true, the second cannot be learned; neither stops a run, both
are told. Values to predict may well repeat, so there a sample is its input and its target together.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from etude.data.rows import Rows, blocks
from etude.shapes import Kind, Target

SHOWN = 5
COPIES = 3
WORDS: dict[Kind, str] = {"image": "picture", "sequence": "sequence", "vector": "sample"}
SIZE = 8
"""Bytes of a digest: among a million samples the odds of one false alarm are 3 in 100 million."""


def digest(content: bytes) -> bytes:
    """What tells one sample from another."""
    return hashlib.blake2b(content, digest_size=SIZE).digest()


def digests(
    x: np.ndarray | Rows, lengths: np.ndarray | None = None, y: np.ndarray | None = None
) -> np.ndarray:
    """A number [n] for each sample: of its values up to its length, and its target if given."""
    found = bytearray()
    for start, block in blocks(x):
        answers = None if y is None else np.ascontiguousarray(y[start : start + len(block)])
        for i, sample in enumerate(np.ascontiguousarray(block)):
            valid = sample if lengths is None else sample[: lengths[start + i]]
            made = hashlib.blake2b(valid, digest_size=SIZE)
            if answers is not None:
                made.update(answers[i])
            found += made.digest()
    return np.frombuffer(bytes(found), np.uint64)


def notes(
    kind: Kind,
    target: Target,
    digests: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    names: Mapping[str, tuple[str, ...]],
) -> list[str]:
    """Warnings of twins, from each split's digests, classes and names (empty: their numbers)."""
    parts = list(digests)
    every = np.concatenate(list(digests.values()))
    part = np.repeat(np.arange(len(parts), dtype=np.int8), [len(digests[p]) for p in parts])
    order = np.argsort(every, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(every[order]) != 0])
    checks = [("in more than one split", part)]
    if target == "class":
        checks.append(("under two classes", np.concatenate([y[p] for p in parts])))

    def told(i: int) -> str:
        split = parts[part[i]]
        number = i - int(np.searchsorted(part, part[i]))
        return f"{names[split][number] if names[split] else number} ({split})"

    found = []
    for what, value in checks:
        ordered = value[order]
        low, high = np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
        groups = np.flatnonzero(low != high)
        groups = groups[np.argsort(order[starts[groups]])]  # as they come in the data
        pairs = []
        for group in groups[:SHOWN]:
            copies = order[starts[group] : np.r_[starts, len(order)][group + 1]]
            firsts = _firsts(value[copies])
            more = len(copies) - len(firsts)
            pair = " = ".join(told(int(copies[i])) for i in firsts)
            pairs.append(f"{pair} and {more:,} more copies" if more else pair)
        if pairs:
            some = ", ".join(pairs)
            some += f" and {len(groups) - SHOWN:,} more" if len(groups) > SHOWN else ""
            found.append(f"WARNING: the same {WORDS[kind]} {what} ({len(groups):,}): {some}")
    return found


def _firsts(values: np.ndarray) -> list[int]:
    """Where the first few distinct values stand first."""
    found: list[int] = []
    rest = np.ones(len(values), bool)
    while rest.any() and len(found) < COPIES:
        found.append(int(rest.argmax()))
        rest &= values != values[found[-1]]
    return found
