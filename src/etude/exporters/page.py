"""model.py: a run as one page of plain PyTorch, from raw samples to answers in units.

The network comes from its architecture, the answers from the task, the preparation of samples from
the Card. Numbers of the run are literals; those too many for a line are read from card.json.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from etude.data.card import Card
from etude.data.inputs import BRIGHT
from etude.data.tabular.columns import Column, used
from etude.data.tabular.dialect import SEPARATORS, Reading
from etude.layers.window import FLOOR
from etude.models.plain import PlainNetwork, fill
from etude.system.limits import Plain
from etude.tasks.plain import Names, PlainAnswers, Spelled

WIDTH = 88
"""Columns of a line, the usual width of formatted code."""
IMPORTS = {
    r"\bcsv\.": "import csv",
    r"\bjson\.": "import json",
    r"\bmath\.": "import math",
    r"\bre\.": "import re",
    r"\bsys\.": "import sys",
    r"\bdatetime\.": "from datetime import UTC, datetime",
    r"\bPath\(": "from pathlib import Path",
}
TORCH = {
    r"": "import torch",
    r"\bnn\.": "from torch import nn",
    r"\bF\.": "from torch.nn import functional as F",
    r"\bpack_padded": "from torch.nn.utils.rnn import pack_padded_sequence",
}


TEMPLATES = "etude.exporters", "templates"


@dataclass(frozen=True)
class Page:
    """model.py, predict.py ("" if there is none) and what is in card.json."""

    source: str
    predict: str
    card: Plain


def literal(value: object) -> str:
    """A value as formatted Python: texts in double quotes, unless they contain some."""
    if isinstance(value, str):
        quote = "'" if '"' in value and "'" not in value else '"'
        return quote + "".join(_escaped(c, quote) for c in value) + quote
    if isinstance(value, tuple | list):
        inside = ", ".join(map(literal, value))
        return f"[{inside}]"
    return repr(value)


def _escaped(c: str, quote: str) -> str:
    if c in (quote, "\\"):
        return f"\\{c}"
    return c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii")


def in_docstring(words: str) -> str:
    """Text of the user between triple quotes."""
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in words)
    return shown.replace("\\", "\\\\").replace('"""', "'''")


class Constants:
    """The assignments at the head of a page. What does not fit on a line goes to `card`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.card: Plain = {}

    def add(self, name: str, value: str | tuple[str, ...]) -> None:
        """A text, or a list of texts."""
        line = f"{name} = {literal(value)}"
        if len(line) > WIDTH:
            self.card[name.lower()] = list(value) if isinstance(value, tuple) else value
            line = f'{name} = CARD["{name.lower()}"]'
        self.lines.append(line)

    def pair(
        self, names: tuple[str, ...], values: tuple[tuple[float, ...], ...], dtype: str, axes: str
    ) -> None:
        """Groups of numbers: plain numbers if there is one each, else tensors. axes: what gives
        them the shape that broadcasts."""
        if all(len(numbers) == 1 for numbers in values):
            self.lines.append(f"{', '.join(names)} = {', '.join(repr(v[0]) for v in values)}")
            return
        for name, numbers in zip(names, values, strict=True):
            self.numbers(name, numbers, dtype, axes)

    def numbers(self, name: str, numbers: tuple[float | int, ...], dtype: str, axes: str) -> None:
        """Numbers as a tensor."""
        end = (f", dtype={dtype}" if dtype else "") + f"){axes}"
        line = f"{name} = torch.tensor({literal(numbers)}{end}"
        if len(line) > WIDTH:
            self.card[name.lower()] = list(numbers)
            line = f'{name} = torch.tensor(CARD["{name.lower()}"]{end}'
        self.lines.append(line)


@dataclass(frozen=True)
class Source:
    """What a page is made of. dtype: of raw samples; about: its docstring."""

    card: Card
    dtype: np.dtype
    network: PlainNetwork
    task: Spelled
    about: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table that the network reads."""
        return used(self.card.columns)

    @property
    def relative(self) -> bool:
        """Whether windows of series are scaled by themselves."""
        return self.card.panel is not None and self.card.panel.relative

    @property
    def plain_bytes(self) -> bool:
        """Whether raw samples are bytes, which are scaled in float32."""
        return self.dtype == np.uint8 and not self.card.log and not self.card.origin


def written(source: Source) -> Page:
    """The page of a run, and the program that reads files for it."""
    constants = Constants()
    _scale(source, constants)
    answers = source.task.code(_names(source))
    _constants_of(answers, constants)
    missing = ("", *(source.card.reading or Reading()).missing)
    values = {**_values(source), "answers": answers, "missing": literal(missing)}
    body = fill(*TEMPLATES, "model.py.j2", **values)
    predict = _predict(source.card, values)
    if source.columns:
        constants.card["columns"] = [_column(column) for column in source.columns]
    lines = ["HERE = Path(__file__).parent", *constants.lines]
    if any("CARD[" in part for part in (*lines, body, predict)):
        lines.insert(1, 'CARD = json.loads((HERE / "card.json").read_text(encoding="utf-8"))')
    start = "\n".join(lines)
    heads = ("\n".join(_imports(table, start + body)) for table in (IMPORTS, TORCH))
    parts = [f'"""{source.about}\n"""', *heads, f"{start}\n\n\n{body}\n"]
    return Page("\n\n".join(parts), predict, constants.card)


def _constants_of(answers: PlainAnswers, constants: Constants) -> None:
    """Add the constants of a task."""
    if answers.numbers:
        names, numbers = tuple(answers.numbers), tuple(answers.numbers.values())
        constants.pair(names, numbers, "torch.float64", "")
    for name, value in answers.texts.items():
        constants.add(name, value)


def _values(source: Source) -> Plain:
    """What the templates need of the data."""
    card, columns = source.card, source.columns
    sizes = card.shape if card.kind != "sequence" else card.shape[1:]
    return {
        "card": card, "kind": card.kind, "panel": card.panel, "columns": columns,
        "kinds": sorted({column.kind for column in columns}),
        "nullable": any(c.nullable for c in columns if c.kind != "category"),
        "parts": sorted({part for column in columns for part in column.parts}),
        "forms": sorted({c.form for c in columns if c.kind == "date"}),
        "reading": card.reading or Reading(), "separators": SEPARATORS, "literal": literal,
        "network": source.network, "dtype": source.dtype.name, "raw": _raw(source),
        "shape": ", ".join(map(str, sizes)), "pixels": _pixels(card),
        "prepare": _prepare(source), "lengths": card.padded, "relative": source.relative,
        "pads": card.padded and card.view == "vector",
    }  # fmt: skip


def _predict(card: Card, values: Plain) -> str:
    """predict.py; "" for samples that no file of one kind holds."""
    if not (what := inputs(card)):
        return ""
    head = f"python predict.py {what[0]}"
    text = fill(*TEMPLATES, "predict.py.j2", **values, imports="", usage=head, what=what[1])
    needed = [n for n in ("CARD", "CLASSES", "TARGET_MEAN", "TARGET_STD", "UNIT") if n in text]
    names = ", ".join([*needed, "answers", "load"])
    # Sorted as tools do that take the neighbour for one more package.
    packages = sorted(
        [*_imports(TORCH, text), f"from model import {names}"],
        key=lambda line: (line.startswith("from"), line),
    )
    heads = "\n\n".join("\n".join(part) for part in (_imports(IMPORTS, text), packages))
    filled = fill(*TEMPLATES, "predict.py.j2", **values, imports=heads, usage=head, what=what[1])
    return f"{filled}\n"


def inputs(card: Card) -> tuple[str, str] | None:
    """(an argument of predict.py, what it is); None if it can read no such samples."""
    if card.columns:
        many = "a sequence in" if card.kind == "sequence" else "the rows of"
        return "table.csv", f"{many} a CSV file"
    if card.panel:
        simple = len(card.panel.series) == 1 and card.panel.channels == 1
        return ("values.txt", "a series, a value on each line") if simple else None
    if card.kind == "image":
        return ("picture.png", "pictures; needs Pillow") if card.shape[0] in (1, 3) else None
    if card.kind == "vector":
        return ",".join(["0.5"] * min(card.shape[0], 3)), "vectors"
    return "steps.txt", "sequences, a line of numbers for each step"


def _imports(table: dict[str, str], body: str) -> Iterator[str]:
    return (line for word, line in table.items() if re.search(word, body))


def _names(source: Source) -> Names:
    card = source.card
    given = "x, lengths" if card.padded and card.view != "vector" else "x"
    past = "x" if card.view == "vector" else "x[..., 0]"
    if card.panel:
        known, steps, width = card.panel.length, card.panel.steps, card.panel.channels
        if card.view == "vector" and (steps, width) != (known, 1):
            past = f"x.view(-1, {steps}, {width})[:, :{known}, 0]"
        elif card.view != "vector" and steps != known:
            past = f"x[:, :{known}, 0]"
    padded = card.padded and card.view != "vector"
    return Names(f"model({given})", past, card.outputs, padded, source.relative)


def _scale(source: Source, constants: Constants) -> None:
    """The constants of the preparation of raw samples."""
    card = source.card
    if card.columns or _is_scaled(card):
        return
    axes = ".view(-1, 1, 1)" if card.kind == "image" else ""
    if card.origin:
        whole = all(isinstance(number, int) for number in card.origin)
        if whole and source.dtype.kind in "iu" and source.dtype.itemsize == 8:
            # Differences modulo 2**64, read as signed, are right for signed and unsigned alike.
            numbers = [int(n) % 2**64 for n in card.origin]
            signed = tuple(n - 2**64 if n >= 2**63 else n for n in numbers)
            constants.numbers("ORIGIN", signed, "torch.int64", axes)
        else:
            floats = tuple(float(number) for number in card.origin)
            constants.numbers("ORIGIN", floats, "torch.float64", axes)
    if source.plain_bytes:
        # The shortest text of the number in float32, in which bytes are scaled.
        short = [tuple(float(str(np.float32(v))) for v in each) for each in (card.mean, card.std)]
        constants.pair(("MEAN", "STD"), (short[0], short[1]), "", axes)
    else:
        constants.pair(("MEAN", "STD"), (card.mean, card.std), "torch.float64", axes)


def _is_scaled(card: Card) -> bool:
    """Whether raw samples are in standard deviations already, as windows of series are."""
    return card.panel is not None and set(card.mean) == {0.0} and set(card.std) == {1.0}


def _prepare(source: Source) -> list[str]:
    """The statements that make a batch of raw samples x what the network reads."""
    *lines, last = _steps(source)
    if source.relative:
        return [*lines, last, "return x, level, spread"]
    return [*lines, last.replace("x = ", "return ", 1)]


def _steps(source: Source) -> Iterator[str]:
    card = source.card
    if card.columns:
        yield "x = encode(x)"
    elif _is_scaled(card):
        yield "x = x.float()"
    elif source.plain_bytes:
        yield "x = (x.float() - MEAN) / STD"
    else:
        yield f"x = (({_centred(source)} - MEAN) / STD).float()"
    if card.padded:
        yield "padding = torch.arange(x.shape[1]) >= lengths[:, None]"
        yield "x = x.masked_fill(padding[..., None], 0.0)"
    if card.panel and card.panel.relative:
        known = card.panel.length
        yield f"value = x[:, :{known}, 0]"
        yield "level = value.mean(1, keepdim=True)"
        yield f"spread = (value.var(1, correction=0, keepdim=True) + {FLOOR}).sqrt()"
        yield "x = x.clone()  # each window is centred and scaled by itself"
        yield f"x[:, :{known}, 0] = (value - level) / spread"
    if card.view == "rows":
        yield "x = x.permute(0, 2, 3, 1).flatten(2)  # the rows of the image are steps"
    if card.view == "vector" and card.kind != "vector":
        yield "x = x.flatten(1)"


def _centred(source: Source) -> str:
    """Raw samples minus their origin, and the logarithm of that."""
    card = source.card
    values = "x.double()"
    if card.origin:
        long = source.dtype.kind in "iu" and source.dtype.itemsize == 8
        if long and all(isinstance(number, int) for number in card.origin):
            values = "(x.view(torch.int64) - ORIGIN).double()"
        else:
            values = "(x.double() - ORIGIN)"
    return f"{values}.log()" if card.log and card.panel is None else values


def _raw(source: Source) -> str:
    """What a raw batch is, for docstrings."""
    card = source.card
    many = {"image": "images", "sequence": "sequences", "vector": "vectors"}[card.kind]
    sides = ("L", *card.shape[1:]) if card.kind == "sequence" else card.shape
    shape = f"[{', '.join(map(str, ('N', *sides)))}]"
    if card.columns:
        return f"cells as numbers {shape}"
    if card.panel:
        return f"windows {shape} in standard deviations"
    if card.kind == "image" and card.pixels:
        low, high = card.pixels
        return f"raw images {shape} in {low:g}..{high:g}"
    return f"raw {many} {shape}"


def _pixels(card: Card) -> tuple[float, float] | None:
    """(black, white) of the data, to which the 0..255 of a picture file are scaled; None if they
    are the same."""
    if card.kind != "image":
        return None
    low, high = card.pixels or (0.0, 255.0 if BRIGHT < card.top <= 255 else card.top)
    return None if (low, high) == (0, 255) else (low, high)


def _column(column: Column) -> Plain:
    """What a page needs to know of a column."""
    common: Plain = {"name": column.name, "kind": column.kind, "empty": column.nullable}
    if column.kind in ("category", "truth"):
        common["levels"] = list(column.levels)
    if column.kind != "category":
        common |= {"middle": column.middle, "width": column.width}
    if column.kind == "date":
        common |= {"form": column.form, "parts": list(column.parts)}
    return common
