"""Which pixels reach which token: what must hold of every patch embedding, however it is written.

N batch · C channels · T tokens · D width · p q patch height, width
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

MOST = 64
"""Rows, and columns, of an image that are tried."""


@dataclass(frozen=True)
class Fields:
    """rows, columns: of each token, which of the tried ones reach it. rows [T R], columns [T C]."""

    rows: Tensor
    columns: Tensor

    @property
    def bare(self) -> list[int]:
        """Tokens that no pixel reaches: class tokens and registers."""
        return [
            i for i, (r, c) in enumerate(zip(self.rows, self.columns)) if not (r.any() or c.any())
        ]

    @property
    def filled(self) -> list[int]:
        """The other tokens."""
        return [i for i in range(len(self.rows)) if i not in self.bare]

    @property
    def form(self) -> str:
        """ "patches", "columns" where they go down first, "overlapping", "dense" with a stride of
        one, "" where a token holds pixels of several places."""
        seen = self.filled
        spans = [(_span(self.rows[i]), _span(self.columns[i])) for i in seen]
        if not spans or any(r is None or c is None for r, c in spans):
            return ""
        places = [(r, c) for r, c in spans if r and c]
        down, across = sorted({r for r, _ in places}), sorted({c for _, c in places})
        if len(set(places)) != len(places) or len(down) * len(across) != len(places):
            return ""
        apart = all(a[1] <= b[0] for side in (down, across) for a, b in zip(side, side[1:]))
        whole = bool(self.rows[seen].any(0).all() and self.columns[seen].any(0).all())
        if not apart:
            near = min(b[0] - a[0] for side in (down, across) for a, b in zip(side, side[1:]))
            return "dense" if near == 1 and len(down) > 2 and len(across) > 2 else "overlapping"
        if not whole:
            return ""
        if places == sorted(places):
            return "patches"
        return "columns" if places == sorted(places, key=lambda each: each[::-1]) else "order"


def size(found: Fields) -> tuple[int, int]:
    """Height and width of a patch; 0, 0 where tokens hold none."""
    seen = found.filled
    spans = [(_span(found.rows[i]), _span(found.columns[i])) for i in seen[:1]]
    ((down, across),) = spans or [(None, None)]
    return (down[1] - down[0], across[1] - across[0]) if down and across else (0, 0)


def _span(reached: Tensor) -> tuple[int, int] | None:
    """First and one past the last of what is reached; None where there are gaps, or nothing."""
    where = reached.nonzero().flatten().tolist()
    if not where or where[-1] - where[0] + 1 != len(where):
        return None
    return where[0], where[-1] + 1


def fields(tokens: Callable[[Tensor], Tensor], image: Tensor) -> Fields:
    """Of an embedding [N C h w] -> [N T D], for one image [C h w], a row, and a column, changed at
    a time."""
    high, wide = image.shape[-2:]
    rows, columns = _some(high), _some(wide)
    images = image.detach().expand(1 + len(rows) + len(columns), *image.shape).clone()
    generator = torch.Generator().manual_seed(15)
    for number, row in enumerate(rows, 1):
        images[number, :, row] += 1 + torch.rand(image.shape[0], wide, generator=generator)
    for number, column in enumerate(columns, 1 + len(rows)):
        images[number, :, :, column] += 1 + torch.rand(image.shape[0], high, generator=generator)
    with torch.no_grad():
        made = tokens(images)
    far = (made - made[:1]).abs()  # the last digit may depend on the place in a batch
    changed = (far > TOLERANCE * made.abs().max()).any(-1)[1:].mT
    return Fields(changed[:, : len(rows)], changed[:, len(rows) :])


def _some(count: int) -> Sequence[int]:
    return range(count) if count <= MOST else range(0, count, -(-count // MOST))


def alike(
    tokens: Callable[[Tensor], Tensor],
    shape: Sequence[int],
    patch: tuple[int, int],
    seen: Sequence[int],
) -> bool:
    """Whether the same patch gives the same token in every place, apart from what is added for the
    place. shape: of an image."""
    generator = torch.Generator().manual_seed(16)
    count = (shape[-2] // patch[0], shape[-1] // patch[1])
    tiles = torch.rand(2, shape[0], *patch, generator=generator, dtype=torch.get_default_dtype())
    with torch.no_grad():
        made = tokens(tiles.repeat(1, 1, *count))
    change = (made[0] - made[1])[list(seen)]
    return float((change - change[:1]).abs().max()) < TOLERANCE * float(change.abs().max())
