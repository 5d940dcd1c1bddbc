"""Check that a Card is consistent. A Card in a run folder may come from a stranger, so its numbers
are checked before they decide how much memory is allocated."""

from collections.abc import Iterator
from math import prod

from etude.data.dataset import Card
from etude.errors import DataError

NUMBERS = 1 << 27
"""Largest number of values in one sample: more than in the largest picture that can be read (25
million pixels of 3 channels)."""
OUTPUTS = 1 << 20
AXES = {"image": 3, "sequence": 2, "vector": 1}


def validate_card(card: Card) -> Card:
    """The card, unchanged. Raises DataError with all its contradictions."""
    # The other checks index the shape, so they run only if the shape is valid.
    problems = [*_shape(card)] or [*_targets(card), *_scales(card)]
    if problems:
        raise DataError("The dataset description is inconsistent.", items=problems)
    return card


def _shape(card: Card) -> Iterator[str]:
    shape, axes = card.shape, AXES[card.kind]
    if len(shape) != axes:
        yield f"shape: has {len(shape)} axes; samples of kind {card.kind} have {axes}"
    elif not all(1 <= side <= NUMBERS for side in shape):
        yield f"shape {list(shape)}: every side must be 1 to {NUMBERS:,}"
    elif prod(shape) > NUMBERS:
        yield f"shape {list(shape)}: {prod(shape):,} numbers; a sample has at most {NUMBERS:,}"
    if card.view == "rows" and card.kind != "image":
        yield f"view: samples of kind {card.kind} cannot be read as rows"
    if card.padded and card.kind != "sequence":
        yield f"padded: samples of kind {card.kind} have no lengths"


def _targets(card: Card) -> Iterator[str]:
    if not 1 <= card.outputs <= OUTPUTS:
        yield f"outputs={card.outputs}: must be 1 to {OUTPUTS:,}"
    elif card.target == "class" and not card.outputs == len(card.classes) == len({*card.classes}):
        yield f"outputs={card.outputs}: must be the number of different classes"
    if card.target == "forecast" and (card.kind != "sequence" or card.shape[1] != 1):
        yield "target: a forecast needs a series of one feature"
    if not 0 <= card.season <= card.shape[0]:
        yield f"season={card.season}: must be 0 to {card.shape[0]:,} steps"


def _scales(card: Card) -> Iterator[str]:
    # One number per channel of images (axis 0) or per feature (the last axis); or one for all.
    features = card.shape[0] if card.kind == "image" else card.shape[-1]
    targets = {"class": 0, "forecast": 1, "value": card.outputs}[card.target]
    if len(card.origin) not in (0, len(card.mean)):
        yield f"origin: {len(card.origin)} numbers; {len(card.mean)} are needed, or none"
    for name, span in (
        ("pixels", card.pixels),
        ("whole", card.levels.whole),
        ("real", card.levels.real),
    ):
        if span and not span[0] < span[1]:
            yield f"{name}: black is {span[0]:g} and white {span[1]:g}; white must be larger"
    for name, values, sizes in (
        ("mean", card.mean, {1, features}),
        ("std", card.std, {1, features}),
        ("y_mean", card.y_mean, {targets}),
        ("y_std", card.y_std, {targets}),
    ):
        if len(values) not in sizes:
            yield f"{name}: {len(values)} numbers; {max(sizes)} are needed"
        if name.endswith("std") and any(x <= 0 for x in values):
            yield f"{name}: every number must be above 0"
