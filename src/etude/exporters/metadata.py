"""What a file says of itself, as text by key: all that `etude predict FILE` needs, and what other
programs look for.

    etude.card     the data: shape, type, units, classes, columns, how files are read (JSON)
    etude.version  etude.task  etude.outputs (JSON: what each output means)
    recipe  fingerprint   digests of the recipe and of the training data
    test           metric, value, interval and number of samples of the test split (JSON)
    preprocessing  in words: what is done inside, and what is left to the caller
    names          labels by number, as Ultralytics writes them: {0: 'cat', 1: 'dog'}
    unit  targets  quantiles   of values and forecasts
"""

import json

import etude
from etude.data.card import Card
from etude.errors import UsageError
from etude.exporters.exporter import Trained
from etude.locale.texts import Text, render, text


def metadata(trained: Trained) -> dict[str, str]:
    """The entries for a network; texts are in English, because a file has one language."""
    card, result = trained.card, trained.result
    interval = result.test.interval(result.goal)
    test = {
        "metric": result.goal,
        "value": result.score,
        "interval": interval,
        "samples": result.test.samples or (result.sizes.test if result.sizes else 0),
        "baseline": result.baseline.best.score,
    }
    entries = {
        "etude.card": json.dumps(card.plain()),
        "etude.version": etude.__version__,
        "etude.task": trained.task.name,
        "model": result.title,
        "recipe": trained.recipe.digest,
        "fingerprint": card.fingerprint,
        "test": json.dumps(test),
        "preprocessing": render("en", preprocessing(card)),
    }
    if card.classes:
        # A literal of Python, with any character that UTF-8 cannot encode as its escape.
        names = repr(dict(enumerate(card.classes)))
        entries["names"] = names.encode("utf-8", "backslashreplace").decode()
    if card.target != "class":
        entries["unit"] = render("en", unit(card))
    if card.targets:
        entries["targets"] = json.dumps(card.targets)
    if levels := getattr(trained.task, "levels", ()):
        entries["quantiles"] = json.dumps(levels)
    return entries


def unit(card: Card) -> Text | str:
    """What values and forecasts of a network are measured in."""
    panel = card.panel
    if panel and len(panel.series) > 1:
        key = "export.unit.log" if panel.log else "export.unit.series"
        return text(key, unit=panel.unit)
    return card.unit


def preprocessing(card: Card) -> Text:
    """What the file does with its input, and what is left to the caller."""
    shape = " ".join(map(str, card.shape))
    about = {"kind": card.kind, "stored": card.stored or "float32", "shape": shape}
    inside = [text("export.inside.columns")] if card.columns else [*_normalised(card)]
    if card.panel and card.panel.relative:
        inside.append(text("export.inside.window"))
    if card.view == "rows":
        inside.append(text("export.inside.rows"))
    elif card.view == "vector":
        inside.append(text("export.inside.vector"))
    outside = [*_left(card)]
    return text(
        "export.preprocessing",
        **about,
        inside=tuple(inside),
        outside=tuple(outside) or (text("export.outside.none"),),
    )


def _normalised(card: Card) -> list[Text]:
    """The steps of normalisation."""
    steps = [text("export.inside.origin", origin=_numbers(card.origin))] if card.origin else []
    if card.log and card.panel is None:
        steps.append(text("export.inside.log"))
    scale = {"mean": _numbers(card.mean), "std": _numbers(card.std)}
    return [*steps, text("export.inside.scale", **scale)]


def _numbers(values: tuple[int | float, ...]) -> str:
    shown = ", ".join(f"{value:.6g}" for value in values[:3])
    return f"{shown}, ..." if len(values) > 3 else shown


def _left(card: Card) -> list[Text]:
    """What the caller does."""
    if card.kind == "image":
        channels, height, width = card.shape
        low, high = card.pixels or (0.0, card.top)
        mode = "L" if channels == 1 else "RGB"
        return [
            text(
                "export.outside.image",
                height=height, width=width, mode=mode, low=f"{low:g}", high=f"{high:g}",
            )
        ]  # fmt: skip
    if card.columns:
        names = tuple(column.name for column in card.columns if column.used)
        return [text("export.outside.columns", names=names)]
    if card.panel:
        return [text("export.outside.panel", length=card.panel.length)]
    return [text("export.outside.lengths")] if card.padded else []


def renamed(card: Card, classes: tuple[str, ...]) -> Card:
    """The Card with other names of its classes, in the same order. Raises UsageError."""
    if not classes:
        return card
    if card.target != "class":
        raise UsageError(text("export.classes.none", target=card.target))
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if twice:
        raise UsageError(text("export.classes.twice", names=tuple(twice)))
    if len(classes) != len(card.classes):
        raise UsageError(
            text("export.classes.count", count=len(classes), needed=len(card.classes)),
            do=text("export.classes.do", names=card.classes),
        )
    return card.model_copy(update={"classes": classes})
