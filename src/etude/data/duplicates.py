"""Duplicates: samples that are equal byte for byte, in two splits or under two classes.

A duplicate in two splits makes the test result too good; a duplicate under two classes cannot be
classified. Neither stops a run: both become warnings. Values to predict often repeat, so in
regression a duplicate must have the same input and the same target.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from etude.data.rows import Rows, blocks
from etude.locale.texts import Text, listed, text
from etude.shapes import Kind, Target

SHOWN = 5
COPIES = 3
SIZE = 8
"""Bytes of a digest: among a million samples the odds of one false alarm are 3 in 100 million."""


def digest(content: bytes) -> bytes:
    """A hash of SIZE bytes of one sample's content."""
    return hashlib.blake2b(content, digest_size=SIZE).digest()


def digests(
    x: np.ndarray | Rows, lengths: np.ndarray | None = None, y: np.ndarray | None = None
) -> np.ndarray:
    """One hash per sample [n] uint64: of its values up to its length, and of its target if y is
    not None."""
    result = bytearray()
    for start, block in blocks(x):
        answers = None if y is None else np.ascontiguousarray(y[start : start + len(block)])
        for i, sample in enumerate(np.ascontiguousarray(block)):
            # Not the padding: how far a sequence is padded depends on its split.
            valid = sample if lengths is None else sample[: lengths[start + i]]
            hasher = hashlib.blake2b(valid, digest_size=SIZE)
            if answers is not None:
                hasher.update(answers[i])
            result += hasher.digest()
    return np.frombuffer(bytes(result), np.uint64)


def notes(
    kind: Kind,
    target: Target,
    digests: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    names: Mapping[str, tuple[str, ...]],
) -> list[Text]:
    """Warnings about duplicates, from the digests, classes and sample names of each split (no
    names: samples are named by their index)."""
    parts = list(digests)
    every = np.concatenate(list(digests.values()))
    part = np.repeat(np.arange(len(parts), dtype=np.int8), [len(digests[p]) for p in parts])
    # Sorted by digest, so that duplicates are neighbours: one pass over a million samples instead
    # of a comparison of pairs. Stable, so that duplicates stay in the order of the data.
    order = np.argsort(every, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(every[order]) != 0])
    checks = [("splits", part)]
    if target == "class":
        checks.append(("classes", np.concatenate([y[p] for p in parts])))

    def name_of(i: int) -> Text:
        split = parts[part[i]]
        number = i - int(np.searchsorted(part, part[i]))
        name = names[split][number] if names[split] else number
        return text("data.note.sample", name=name, split=text(f"data.split.{split}"))

    warnings = []
    for what, value in checks:
        ordered = value[order]
        # A group has two different values exactly if its smallest and its largest value differ.
        low, high = np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
        groups = np.flatnonzero(low != high)
        groups = groups[np.argsort(order[starts[groups]])]  # in the order of the data
        if not len(groups):
            continue
        shown = []
        for group in groups[:SHOWN]:
            copies = order[starts[group] : np.r_[starts, len(order)][group + 1]]
            firsts = _firsts(value[copies])
            equal = tuple(name_of(int(copies[i])) for i in firsts)
            more = len(copies) - len(firsts)
            shown.append(
                text("data.note.copies.more", samples=equal, more=more)
                if more
                else text("data.note.copies", samples=equal)
            )
        warnings.append(
            text(
                f"data.note.duplicates.{what}",
                kind=text(f"data.kind.{kind}"),
                count=len(groups),
                groups=listed(shown, len(groups)),
            )
        )
    return warnings


def _firsts(values: np.ndarray) -> list[int]:
    """Indices of the first occurrence of each distinct value, at most COPIES of them."""
    indices: list[int] = []
    rest = np.ones(len(values), bool)
    while rest.any() and len(indices) < COPIES:
        indices.append(int(rest.argmax()))
        rest &= values != values[indices[-1]]
    return indices
