"""What a kind of bad (or only odd) data is: how it is made, and what must come of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from etude.assembly import Prepared


@dataclass(frozen=True)
class Kind:
    """One kind. make: writes it into an empty folder and says what --data is given.

    expected: "error" (a DataError whose one line has every word of `told`), or "taken" (usable,
    with `told` in a note). left_out: what --skip-bad leaves out, where it may. holds: what must be
    true of what was taken. around: what must be so while it is read; it may raise NotHit.
    """

    name: str
    make: Callable[[Path], Path]
    expected: Literal["error", "taken"]
    told: tuple[str, ...] = ()
    left_out: str = ""
    holds: Callable[[Prepared], bool] | None = None
    around: Callable[[Path], AbstractContextManager[None]] = nullcontext


class NotHit(Exception):
    """The fault could not be made here: why, and what would help."""


def error(name: str, make: Callable[[Path], Path], *told: str, left_out: str = "", **more) -> Kind:
    """A kind that must be refused, by name."""
    return Kind(name, make, "error", told, left_out, **more)


def taken(
    name: str,
    make: Callable[[Path], Path],
    *told: str,
    holds: Callable[[Prepared], bool] | None = None,
    **more,
) -> Kind:
    """A kind that must be usable, and be told of."""
    return Kind(name, make, "taken", told, holds=holds, **more)


def samples(parts: Prepared) -> dict[str, tuple[np.ndarray, int | np.ndarray]]:
    """(x, y) of every sample by its name."""
    data = parts.dataset
    return {
        name: (x, y)
        for split in (data.train, data.val, data.test)
        for name, x, y in zip(split.names, split.x, split.y, strict=True)
    }
