"""The tape of a trained network, and the proof that it answers like étude."""

import numpy as np
import torch

from etude.data.card import Card
from etude.data.dataset import Split
from etude.exporters.exporter import Trained
from etude.exporters.graph import Deployed, answers
from etude.exporters.parity import Answers, Parity, compare, require
from etude.exporters.tapes import node
from etude.exporters.tapes.form import Tape
from etude.exporters.tapes.play import play
from etude.exporters.tapes.record import record
from etude.locale.texts import Text, text
from etude.shapes import Tensor

MOST = 200
"""Test samples that are compared: NumPy takes some milliseconds for each."""


def taped(trained: Trained) -> Tape:
    """The tape from raw samples to answers. Raises UsageError as `record` does."""
    deployed = Deployed(trained)
    return record(deployed, example(trained.card, deployed.padded))


def example(card: Card, padded: bool) -> dict[str, Tensor]:
    """Inputs of one sample. Bytes stay bytes; all other numbers are float64, as in JavaScript."""
    dtype = torch.uint8 if card.stored == "uint8" else torch.float64
    columns = sum(column.used for column in card.columns)
    shape = (*card.shape[:-1], columns) if card.columns else card.shape
    inputs = {"x": torch.ones((1, *shape), dtype=dtype)}
    if padded:
        inputs["lengths"] = torch.tensor([card.shape[0]])
    return inputs


def evenly(split: Split, most: int) -> Split:
    """At most so many samples of a split, spread evenly over it."""
    count = len(split)
    return split.take(np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64)))


def inputs_at(tape: Tape, split: Split, i: int) -> dict[str, np.ndarray]:
    """The inputs of a tape for sample i of a split."""
    inputs = {"x": np.asarray(split.x[i : i + 1])}
    if "lengths" in tape.inputs and split.lengths is not None:
        inputs["lengths"] = split.lengths[i : i + 1]
    return inputs


def played(tape: Tape, split: Split) -> Answers:
    """The answers of the reference player for the samples of a split."""
    each = [play(tape, inputs_at(tape, split, i)) for i in range(len(split))]
    return {name: np.concatenate([one[name] for one in each]) for name in tape.outputs}


def proven(tape: Tape, trained: Trained) -> tuple[Parity, tuple[Text, ...]]:
    """The comparison with étude on test samples, by the reference player and, where Node is
    installed, by the player of the page; which of them, for the user.

    Raises DataError if there is no test split, NumericsError if an answer differs.
    """
    some = evenly(trained.samples(), MOST)
    ours = answers(Deployed(trained), some)
    parity = compare(ours, played(tape, some))
    require(parity, "tape")
    if node.found() is None:
        return parity, (text("export.tape.reference"),)
    theirs = compare(ours, node.played(tape, some)[0])
    require(theirs, "JavaScript")
    return max(parity, theirs, key=lambda each: each.largest), (text("export.tape.both"),)
