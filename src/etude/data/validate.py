"""Whether a Card can be: one from a run's folder may have been written by anybody."""

from collections.abc import Iterator
from math import prod

from etude.data.dataset import Card
from etude.errors import DataError

NUMBERS = 1 << 27
"""Numbers in one sample: more than the largest picture that is read has (25 million pixels)."""
OUTPUTS = 1 << 20
AXES = {"image": 3, "sequence": 2, "vector": 1}


def sound(card: Card) -> Card:
    """The card itself. Raises DataError naming all that contradicts itself in it."""
    problems = [*_shape(card)] or [*_answers(card), *_scales(card)]
    if problems:
        raise DataError("What it says of its data cannot be.", items=problems)
    return card


def _shape(card: Card) -> Iterator[str]:
    shape, axes = card.shape, AXES[card.kind]
    if len(shape) != axes:
        yield f"shape: has {len(shape)} axes; samples of kind {card.kind} have {axes}"
    elif not all(1 <= side <= NUMBERS for side in shape):
        yield f"shape {list(shape)}: every side is 1 to {NUMBERS:,}"
    elif prod(shape) > NUMBERS:
        yield f"shape {list(shape)}: {prod(shape):,} numbers; {NUMBERS:,} is the most in a sample"
    if card.view == "rows" and card.kind != "image":
        yield f"view: {card.kind} cannot be seen as rows"
    if card.padded and card.kind != "sequence":
        yield f"padded: samples of kind {card.kind} have no lengths"


def _answers(card: Card) -> Iterator[str]:
    if not 1 <= card.outputs <= OUTPUTS:
        yield f"outputs={card.outputs}: 1 to {OUTPUTS:,} are possible"
    elif card.target == "class" and not card.outputs == len(card.classes) == len({*card.classes}):
        yield f"outputs={card.outputs}: as many different classes are needed"
    if card.target == "forecast" and (card.kind != "sequence" or card.shape[1] != 1):
        yield "target: only a series of one feature is forecast"
    if not 0 <= card.season <= card.shape[0]:
        yield f"season={card.season}: 0 to {card.shape[0]:,} steps are possible"


def _scales(card: Card) -> Iterator[str]:
    features = card.shape[0] if card.kind == "image" else card.shape[-1]
    answers = {"class": 0, "forecast": 1, "value": card.outputs}[card.target]
    if len(card.origin) not in (0, len(card.mean)):
        yield f"origin: {len(card.origin)} numbers; {len(card.mean)} are needed, or none"
    for name, span in (
        ("pixels", card.pixels),
        ("whole", card.levels.whole),
        ("real", card.levels.real),
    ):
        if span and not span[0] < span[1]:
            yield f"{name}: black is {span[0]:g} and white {span[1]:g}; the second must be larger"
    for name, values, sizes in (
        ("mean", card.mean, {1, features}),
        ("std", card.std, {1, features}),
        ("y_mean", card.y_mean, {answers}),
        ("y_std", card.y_std, {answers}),
    ):
        if len(values) not in sizes:
            yield f"{name}: {len(values)} numbers; {max(sizes)} are needed"
        if name.endswith("std") and any(x <= 0 for x in values):
            yield f"{name}: every number is above 0"
