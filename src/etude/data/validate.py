"""Check that a Card is consistent. A Card in a run folder may come from a stranger, so its numbers
are checked before they decide how much memory is allocated."""

from collections.abc import Iterator
from math import prod

from etude.data.card import Card
from etude.data.tabular.columns import used
from etude.data.tabular.encode import KEPT
from etude.errors import DataError
from etude.locale.texts import Text, text

NUMBERS = 1 << 27
"""Largest number of values in one sample: more than in the largest picture that can be read (25
million pixels of 3 channels)."""
OUTPUTS = 1 << 20
AXES = {"image": 3, "sequence": 2, "vector": 1}


def validate_card(card: Card) -> Card:
    """The card, unchanged. Raises DataError with all its contradictions."""
    # The other checks index the shape, so they run only if the shape is valid.
    others = (_targets, _scales, _columns, _panel)
    problems = [*_shape(card)] or [one for check in others for one in check(card)]
    if problems:
        raise DataError(text("data.card.inconsistent"), items=problems)
    return card


def _shape(card: Card) -> Iterator[Text]:
    axes, sides = AXES[card.kind], str(list(card.shape))
    if len(card.shape) != axes:
        yield text("data.card.axes", count=len(card.shape), kind=card.kind, axes=axes)
    elif not all(1 <= side <= NUMBERS for side in card.shape):
        yield text("data.card.sides", shape=sides, most=NUMBERS)
    elif prod(card.shape) > NUMBERS:
        yield text("data.card.size", shape=sides, count=prod(card.shape), most=NUMBERS)
    if card.view == "rows" and card.kind != "image":
        yield text("data.card.rows", kind=card.kind)
    if card.padded and card.kind != "sequence":
        yield text("data.card.padded", kind=card.kind)


def _targets(card: Card) -> Iterator[Text]:
    if not 1 <= card.outputs <= OUTPUTS:
        yield text("data.card.outputs", outputs=card.outputs, most=OUTPUTS)
    elif card.target == "class" and not card.outputs == len(card.classes) == len({*card.classes}):
        yield text("data.card.classes", outputs=card.outputs)
    features = card.panel.channels if card.panel else 1
    if card.target == "forecast" and (card.kind != "sequence" or card.shape[1] != features):
        yield text("data.card.forecast")
    if not 0 <= card.season <= card.shape[0]:
        yield text("data.card.season", season=card.season, most=card.shape[0])


def _scales(card: Card) -> Iterator[Text]:
    # One number per channel of images (axis 0) or per feature (the last axis); or one for all.
    features = card.shape[0] if card.kind == "image" else card.shape[-1]
    targets = {"class": 0, "forecast": 1, "value": card.outputs}[card.target]
    if len(card.origin) not in (0, len(card.mean)):
        yield text("data.card.origin", count=len(card.origin), needed=len(card.mean))
    for name, span in (
        ("pixels", card.pixels),
        ("whole", card.levels.whole),
        ("real", card.levels.real),
    ):
        if span and not span[0] < span[1]:
            yield text("data.card.white", name=name, black=span[0], white=span[1])
    for name, values, sizes in (
        ("mean", card.mean, {1, features}),
        ("std", card.std, {1, features}),
        ("y_mean", card.y_mean, {targets}),
        ("y_std", card.y_std, {targets}),
    ):
        if len(values) not in sizes:
            yield text("data.card.numbers", name=name, count=len(values), needed=max(sizes))
        if name.endswith("std") and any(x <= 0 for x in values):
            yield text("data.card.std", name=name)


def _columns(card: Card) -> Iterator[Text]:
    """What is wrong with the columns of a table."""
    if not card.columns:
        return
    if card.kind == "image" or card.shape[-1] != len(used(card.columns)):
        yield text("data.card.columns", count=len(used(card.columns)), shape=str(list(card.shape)))
    for column in used(card.columns):
        short = column.name[:40]
        if column.width <= 0:
            yield text("data.card.column", name=short, kind=column.kind, width=column.width)
        elif column.kind == "truth" and len(column.levels) != 2:
            yield text("data.card.truth", name=short, count=len(column.levels))
        elif len(column.levels) > KEPT:
            yield text("data.card.levels", name=short, count=len(column.levels), most=KEPT)


def _panel(card: Card) -> Iterator[Text]:
    """What is wrong with the series of a card."""
    panel = card.panel
    if panel is None:
        return
    layout, count = panel.layout, len(panel.series)
    sides = (panel.steps, panel.channels)
    if card.kind != "sequence" or card.shape != sides or card.outputs != panel.horizon:
        yield text("data.card.panel", shape=str(list(card.shape)), steps=str(list(sides)))
    if panel.season > panel.length:
        yield text("data.card.season", season=panel.season, most=panel.length)
    for names, features in ((layout.seen, panel.seen), (layout.known, panel.known)):
        if sum(map(layout.width, names)) != len(features):
            yield text("data.card.panel_columns", names=names, count=len(features))
    if any(std <= 0 for _, std in (*panel.seen, *panel.known)):
        yield text("data.card.std", name="panel")
    counts = [len(each) for each in panel.windows.values()]
    if {*counts, len(panel.static) or count, len(panel.names())} - {count}:
        yield text("data.card.panel_series", count=count)
