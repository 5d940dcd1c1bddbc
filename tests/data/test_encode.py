"""The features of a table, all columns at once, beside those of one column after the other."""

from math import pi, sqrt

import numpy as np
import pytest
import torch

from etude.data.tabular.columns import Column
from etude.data.tabular.encode import BEND, DAY, THURSDAY, WEEK, YEAR, Encode, widths
from etude.locale.texts import text

KINDS = ("number", "truth", "category", "date")


def column_by_column(columns, x):
    """The features as versions 0.1.0 to 0.2.0 computed them."""
    return torch.cat([one(c, x[:, i].double()) for i, c in enumerate(columns)], dim=1)


def one(column, x):
    missing = x.isnan()
    if column.kind == "category":
        count = len(column.levels) + 1
        codes = torch.where(missing, torch.full_like(x, count), x).long()
        hot = x.new_zeros((len(x), count + 1), dtype=torch.float32)
        hot.scatter_(1, codes[:, None], 1.0)
        return hot if column.nullable else hot[:, :count]
    known = torch.where(missing, torch.full_like(x, column.middle), x)
    scaled = (known - column.middle) / column.width
    parts = [scaled / torch.hypot(torch.ones_like(scaled), scaled / BEND)]
    if column.nullable:
        parts.append(missing.double())
    for part in column.parts:
        if part == "week":
            weekday = (torch.floor(known / DAY) + THURSDAY) % WEEK
            parts += [(weekday == day).double() for day in range(WEEK)]
        else:
            angle = known * (2 * pi / (YEAR if part == "year" else DAY))
            parts += [torch.sin(angle) * sqrt(2), torch.cos(angle) * sqrt(2)]
    return torch.stack(parts, dim=1).float()


def table(seed, kinds=KINDS):
    """(columns, rows [n C]) of a random table: far values, empty cells, levels, dates."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(1, 300))
    columns, values = [], []
    for i in range(int(draw.integers(1, 25))):
        kind = str(draw.choice(kinds))
        empty = int(draw.integers(2))
        about = {"name": f"c{i}", "kind": kind, "why": text("data.column.number"), "empty": empty}
        if kind == "category":
            levels = int(draw.integers(0, 6))
            about["levels"] = tuple(map(str, range(levels)))
            cells = draw.integers(0, levels + 1, count).astype(float)
        elif kind == "truth":
            cells = draw.integers(0, 2, count).astype(float)
            about |= {"middle": 0.0, "width": 1.0, "levels": ("no", "yes")}
        elif kind == "date":
            cells = np.floor(draw.uniform(-2e9, 4e9, count))
            order = draw.permutation(["year", "week", "day"])
            about |= {
                "middle": 1e9,
                "width": 3.3e8,
                "parts": tuple(map(str, order[: draw.integers(4)])),
            }
        else:
            cells = draw.normal(size=count) * 10.0 ** draw.integers(-12, 300, count)
            about |= {"middle": float(draw.normal()), "width": float(10.0 ** draw.integers(-9, 9))}
        cells[draw.random(count) < 0.1] = np.nan
        columns.append(Column(**about))
        values.append(cells)
    return columns, torch.from_numpy(np.stack(values, axis=1))


def same(found, wanted):
    """Whether two tensors are equal bit by bit."""
    return found.shape == wanted.shape and bool(
        (found.view(torch.int32) == wanted.contiguous().view(torch.int32)).all()
    )


@pytest.mark.parametrize("kinds", [KINDS, *((kind,) for kind in KINDS)])
def test_all_columns_at_once_have_the_bits_of_one_by_one(kinds):
    for seed in range(40):
        columns, x = table(seed, kinds)
        found = Encode(columns)(x)
        assert found.is_contiguous() and found.shape[1] == sum(widths(columns))
        assert same(found, column_by_column(columns, x)), seed


def test_the_comparison_notices_one_bit():
    columns, x = table(1)
    wanted = column_by_column(columns, x).contiguous()
    wanted.view(torch.int32)[0, 0] ^= 1
    assert not same(Encode(columns)(x), wanted)


def test_a_row_has_the_same_bits_in_any_batch():
    columns, x = table(3)
    whole = Encode(columns)(x)
    for size in (1, 3, 7):
        parts = [Encode(columns)(part) for part in x.split(size)]
        assert same(torch.cat(parts), whole)


def test_sequences_are_encoded_step_by_step():
    columns, x = table(4)
    steps = x[: len(x) // 3 * 3].reshape(-1, 3, x.shape[1])
    found = Encode(columns)(steps)
    assert same(found.flatten(0, 1), Encode(columns)(steps.flatten(0, 1)))


def test_its_tables_are_no_weights():
    assert not Encode(table(0)[0]).state_dict()
