"""Features from the columns of a table: learned from training rows, then a pure function.

    number    centred and scaled, far values drawn in smoothly; a flag if training rows lack values
    truth     0 or 1, scaled; a flag likewise
    category  one-hot: its kept levels, "other", and missing if training rows lack values
    date      seconds, scaled as a number; where they vary: place in the year, weekday, time of day

Centre and scale are the median and the distance of the quartiles, and far values are drawn in by
x / sqrt(1 + (x / 3)^2), as D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by Default", 2024,
section 3 and appendix A.1.
"""

from collections.abc import Sequence
from datetime import time, timedelta
from math import pi, sqrt

import numpy as np
import torch
from torch import nn

from etude.data.rows import Rows, blocks
from etude.data.spill import Columns, Store
from etude.data.tabular.columns import Column, used
from etude.data.tabular.dates import EPOCH
from etude.shapes import Float, Tensor

KEPT = 63
"""Most levels of a category that have a feature of their own; the rest are "other"."""
SEEN = 2
"""Training rows that a level needs, if the column has enough rows for that to mean something."""
BEND = 3.0
DAY, YEAR, WEEK = 86_400.0, 365.2425 * 86_400.0, 7
PARTS = {"year": 2, "week": WEEK, "day": 2}
"""Features of each part of a date."""
THURSDAY = 3  # 1 January 1970, counted from Monday


def learned(column: Column, values: np.ndarray) -> Column:
    """The column with what its training values [n] say; nan is a missing value."""
    present = values[~np.isnan(values)]
    empty = len(values) - len(present)
    if column.kind == "category":
        return column.model_copy(update={"empty": empty, "levels": _kept(column, present)})
    if not len(present):
        return column.model_copy(update={"empty": empty})
    middle, width = _scale(present)
    return column.model_copy(
        update={
            "empty": empty,
            "middle": middle,
            "width": width,
            "low": float(present.min()),
            "high": float(present.max()),
            "parts": _varying(present) if column.kind == "date" else (),
        }
    )


def _kept(column: Column, codes: np.ndarray) -> tuple[str, ...]:
    """The levels that get a feature, in the order of all: the most frequent ones in training."""
    counts = np.bincount(codes.astype(np.int64), minlength=len(column.levels))
    # Of few rows each level may occur once, and none would be left.
    least = SEEN if (counts >= SEEN).sum() >= 2 else 1
    # Stable, so that of equal counts the first in order wins.
    order = np.argsort(-counts, kind="stable")[:KEPT]
    kept = sorted(int(i) for i in order if counts[i] >= least)
    return tuple(column.levels[i] for i in kept)


def _scale(present: np.ndarray) -> tuple[float, float]:
    """(median, scale): the distance of the quartiles; if it is 0, half of the range; if that is 0
    too, 1."""
    low, middle, high = np.quantile(present, (0.25, 0.5, 0.75))
    width = high - low or (present.max() - present.min()) / 2 or 1.0
    return float(middle), float(width)


def _varying(seconds: np.ndarray) -> tuple[str, ...]:
    """The parts of a date that differ between training rows."""
    days = np.floor(seconds / DAY)
    parts = []
    if days.max() - days.min() >= 28:
        parts.append("year")
    if len(np.unique(days % WEEK)) > 1:
        parts.append("week")
    if len(np.unique(seconds - days * DAY)) > 1:
        parts.append("day")
    return tuple(parts)


def recoded(before: Column, after: Column, values: np.ndarray) -> np.ndarray:
    """Level numbers [n] of `before` as those of `after`; other levels become len(after.levels)."""
    if before.kind != "category":
        return values
    place = {level: float(i) for i, level in enumerate(after.levels)}
    other = float(len(after.levels))
    table = np.array([*(place.get(level, other) for level in before.levels), np.nan])
    codes = np.where(np.isnan(values), len(before.levels), values).astype(np.int64)
    return np.asarray(table[codes])


def fitted(
    columns: Sequence[Column], train: np.ndarray | Rows, *others: np.ndarray | Rows
) -> tuple[tuple[Column, ...], list[np.ndarray | Rows]]:
    """(columns as learned from training rows, the rows of all splits with the levels that are
    kept). train, others: [n C], one number for each column that is used; what is on disk stays
    there. Raises StorageError."""
    read = used(columns)
    after = [learned(column, _values_of(train, i)) for i, column in enumerate(read)]

    def code(x: np.ndarray) -> np.ndarray:
        parts = [recoded(c, a, x[:, i]) for i, (c, a) in enumerate(zip(read, after))]
        return np.stack(parts, axis=1)

    store = Store()
    coded: list[np.ndarray | Rows] = []
    for x in (train, *others):
        if isinstance(x, Rows):
            # Row by row and no longer by column, because training reads single rows.
            file = store.write(x.shape, x.dtype, (code(block) for _, block in blocks(x)))
            coded.append(Rows(file, np.arange(len(x)), x.dtype))
        else:
            coded.append(code(x))
    rest = iter(after)
    return tuple(next(rest) if column.used else column for column in columns), coded


def _values_of(x: np.ndarray | Rows, i: int) -> np.ndarray:
    """The values [n] of column i."""
    if isinstance(x, Rows) and isinstance(x.source, Columns):
        return np.asarray(x.source.columns[i][x.rows])
    return x[:, i]


def widths(columns: Sequence[Column]) -> list[int]:
    """The number of features of each column that is used."""
    return [_width(column) for column in used(columns)]


def _width(column: Column) -> int:
    if column.kind == "category":
        return len(column.levels) + 1 + column.nullable
    return 1 + column.nullable + sum(PARTS[part] for part in column.parts)


def column_of(columns: Sequence[Column]) -> np.ndarray:
    """The number of the used column that each feature [D] comes from."""
    return np.repeat(np.arange(len(used(columns))), widths(columns))


def cell_text(column: Column, value: float) -> str:
    """A raw value as its cell would show it; * is a level without a feature of its own."""
    if np.isnan(value):
        return "-"
    if column.kind == "date":
        moment = EPOCH + timedelta(seconds=value)
        return moment.isoformat(" ") if moment.time() != time() else moment.date().isoformat()
    if column.levels:
        return column.levels[int(value)] if int(value) < len(column.levels) else "*"
    return f"{value:.6g}"


def feature_names(columns: Sequence[Column]) -> tuple[str, ...]:
    """A name for each feature, as `Encode` orders them."""
    return tuple(name for column in used(columns) for name in _names(column))


def _names(column: Column) -> list[str]:
    name, missing = column.name, [f"{column.name}: -"] * column.nullable
    if column.kind == "category":
        return [*(f"{name}={level}" for level in column.levels), f"{name}=*", *missing]
    extra = {
        "year": [f"{name}: sin 1 y", f"{name}: cos 1 y"],
        "week": [f"{name}: {day}" for day in range(1, WEEK + 1)],
        "day": [f"{name}: sin 24 h", f"{name}: cos 24 h"],
    }
    return [name, *missing, *(word for part in column.parts for word in extra[part])]


class Encode(nn.Module):
    """Rows of raw values as features: x [N C] float64, one column each, nan where a cell is empty,
    categories as level numbers -> [N D] float32. Sequences [N L C] -> [N L D], step by step."""

    bytes_in_float32 = False

    numbers: Tensor
    middle: Tensor
    width: Tensor
    flagged: Tensor
    categories: Tensor
    first: Tensor
    empty: Tensor
    nullable: Tensor
    order: Tensor

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = used(columns)
        every = list(enumerate(self.columns))
        numbers = [i for i, column in every if column.kind != "category"]
        hot = [i for i, column in every if column.kind == "category"]
        counts = widths([self.columns[i] for i in hot])
        lacking = [self.columns[i].nullable for i in hot]
        self.hot = sum(counts)
        self.dates = [
            (place, part) for place, i in enumerate(numbers) for part in self.columns[i].parts
        ]
        flagged = [place for place, i in enumerate(numbers) if self.columns[i].nullable]
        tables = {
            "numbers": numbers,
            "middle": [self.columns[i].middle for i in numbers],
            "width": [self.columns[i].width for i in numbers],
            "flagged": flagged,
            "categories": hot,
            # Of each category, the place of its first feature, and of an empty cell from there.
            "first": np.cumsum([0, *counts])[:-1].tolist(),
            "empty": [n - 1 if null else 0 for n, null in zip(counts, lacking, strict=True)],
            "nullable": lacking,
            "order": self._order(numbers, flagged, hot, counts),
        }
        types = {"middle": torch.float64, "width": torch.float64, "nullable": torch.bool}
        for name, values in tables.items():
            tensor = torch.tensor(values, dtype=types.get(name, torch.int64))
            # No part of a state dict: the Card has the same numbers.
            self.register_buffer(name, tensor, persistent=False)

    def _order(
        self, numbers: list[int], flagged: list[int], hot: list[int], counts: list[int]
    ) -> list[int]:
        """For each feature [D] its place where `forward` computes it: all numbers, flags of empty
        cells, parts of dates, categories."""
        of = [*numbers, *(numbers[place] for place in flagged)]
        of += [numbers[place] for place, part in self.dates for _ in range(PARTS[part])]
        of += np.repeat(hot, counts).tolist()
        # Stable: of one column, a number comes before its flag and the flag before the parts.
        return list(np.argsort(np.array(of, np.int64), kind="stable").tolist())

    def forward(self, x: Float[Tensor, "N *L C"]) -> Float[Tensor, "N *L D"]:
        rows = x.flatten(0, -2)
        found = torch.cat([*self._numbers(rows), self._categories(rows)], dim=1)
        return found.index_select(1, self.order).reshape(*x.shape[:-1], -1)

    def _numbers(self, rows: Float[Tensor, "N C"]) -> list[Float[Tensor, "N ..."]]:
        """Numbers, truth values and dates, each step for all columns at once."""
        values = rows.index_select(1, self.numbers).double()
        missing = values.isnan()
        known = torch.where(missing, self.middle, values)
        scaled = (known - self.middle) / self.width
        parts = [_drawn_in(scaled).float()]
        parts.append(missing.index_select(1, self.flagged).float())
        for place, part in self.dates:
            parts.append(torch.stack(_date_part(part, known[:, place].contiguous()), 1).float())
        return parts

    def _categories(self, rows: Float[Tensor, "N C"]) -> Float[Tensor, "N H"]:
        """Categories, one-hot; an empty cell without a feature of its own is zero in all."""
        codes = rows.index_select(1, self.categories)
        missing = codes.isnan()
        places = self.first + torch.where(missing, self.empty, codes.nan_to_num()).long()
        hot = rows.new_zeros((rows.shape[0], self.hot), dtype=torch.float32)
        return hot.scatter_(1, places, (~missing | self.nullable).float())


def _exact(number: float) -> Float[Tensor, ""]:
    """A number as float64, also in an exported graph, where Python's numbers become float32."""
    return torch.tensor(number, dtype=torch.float64)


def _drawn_in(x: Float[Tensor, "N C"]) -> Float[Tensor, "N C"]:
    """x / sqrt(1 + (x / BEND)^2), which is between -BEND and BEND."""
    if torch.compiler.is_exporting():
        # ONNX has no hypot. From 1e150 on, the result is BEND to the last digit.
        x = x.clamp(-1e150, 1e150)
        return x / (1 + (x / BEND) ** 2).sqrt()
    # hypot(1, x), because the square of a far value is infinite.
    return x / torch.hypot(torch.ones_like(x), x / BEND)


def _date_part(part: str, seconds: Float[Tensor, " N"]) -> list[Tensor]:
    """The features of one part of a date; the place in the year is that of a mean year."""
    if part == "week":
        weekday = (torch.floor(seconds / DAY) + THURSDAY) % WEEK
        return [(weekday == day).double() for day in range(WEEK)]
    angle = seconds * _exact(2 * pi / (YEAR if part == "year" else DAY))
    # Scaled to the spread of a standardised number.
    return [torch.sin(angle) * _exact(sqrt(2)), torch.cos(angle) * _exact(sqrt(2))]
