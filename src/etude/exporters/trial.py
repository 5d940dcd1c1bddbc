"""A trial of an exported network on the test split: batches of several sizes, and sequences with
more padding than in training, whose answers must be étude's."""

from collections.abc import Callable, Iterator

import numpy as np

from etude.data.dataset import Split
from etude.exporters.graph import Deployed, answers, inputs_of
from etude.exporters.parity import Answers, Parity, compare
from etude.shapes import Tensor

Player = Callable[[tuple[np.ndarray, ...]], Answers]
"""Runs an exported network on its raw inputs: x, and lengths if it takes any."""
SIZES = (1, 3, 129)
"""Batch sizes of a trial, in turn."""
MOST = 4096
"""Most samples of a trial; of a larger split they are spread evenly."""
ROOM = 1 << 28
"""Most bytes of the outputs that a trial holds."""
EXTRA = 3
"""Further steps of padding."""


def tried(deployed: Deployed, split: Split, play: Player) -> Parity:
    """Compare what `play` answers with étude's own answers for samples of a split.

    Raises NumericsError if names, shapes or the finiteness of the outputs differ.
    """
    some = sampled(split, most_of(deployed, split))
    wanted = answers(deployed, some)
    parts = [play(inputs) for inputs in batches(deployed, some)]
    every = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    # Every sample once; the batches begin again at the first one until all sizes have occurred.
    return compare(wanted, {name: values[: len(some)] for name, values in every.items()})


def most_of(deployed: Deployed, split: Split) -> int:
    """How many samples of a split a trial takes, so that their outputs fit into memory."""
    one = answers(deployed, sampled(split, 1))
    return max(1, min(MOST, ROOM // sum(values.nbytes for values in one.values())))


def sampled(split: Split, most: int) -> Split:
    """At most so many samples of a split, spread evenly."""
    if len(split) <= most:
        return split
    return split.take(np.linspace(0, len(split) - 1, most).astype(np.int64))


def batches(deployed: Deployed, split: Split) -> Iterator[tuple[np.ndarray, ...]]:
    """The raw inputs of all samples in batches of SIZES in turn, and of some again if there are
    fewer samples than one turn takes. Every other batch of padded sequences has more padding."""
    total, start, turn = max(len(split), sum(SIZES)), 0, 0
    while start < total:
        size = SIZES[turn % len(SIZES)]
        where = np.arange(start, min(start + size, total)) % len(split)
        inputs = arrays(inputs_of(split.take(where), 0, len(where)))
        more = deployed.padded and deployed.dynamic and turn % 2
        yield with_padding(*inputs) if more else inputs
        start, turn = start + size, turn + 1


def with_padding(x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sequences [n L Q] with more steps behind the end, whose values must not count."""
    # Values of the data: any others might be none that a column of a table can have.
    return np.concatenate([x, *[x[:, :1]] * EXTRA], axis=1), lengths


def arrays(inputs: tuple[Tensor, ...]) -> tuple[np.ndarray, ...]:
    """Tensors as arrays."""
    return tuple(x.numpy() for x in inputs)
