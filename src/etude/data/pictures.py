"""Read many pictures as one array: their size, mode and range, in memory or decoded on disk.

For every source of pictures: a folder, a list, shards. All are converted to one size and mode (see
`images`); the notes report every conversion.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data import packed
from etude.data.dataset import DataConfig
from etude.data.images import (
    BY_TYPE,
    Header,
    Levels,
    Mode,
    PictureError,
    Place,
    extremes,
    gather,
    header,
    is_deep,
    see,
)  # fmt: skip
from etude.data.rows import Rows
from etude.locale.texts import Text, text
from etude.system import limits

LIMIT = 4 << 30
"""Bytes of pixels that are held in memory; more are kept on disk."""
SHARE = 4
"""No more than one of so many bytes of the machine's memory: splits are copies."""


class PictureConfig(DataConfig):
    """The size and mode to which pictures are converted, and where they are kept."""

    size: int | None = Field(default=None, ge=4, le=512, description="config.folder.size")
    mode: Literal["auto", "L", "RGB"] = Field(default="auto", description="config.folder.mode")
    cache: str = Field(default="", description="config.folder.cache")


@dataclass(frozen=True)
class Pictures:
    """The pictures that can be read. x: [m C H W] uint8. good: their indices [m] among all. bad:
    (index, reason) of the others. digests: see `Split`. levels: see `Raw`."""

    x: np.ndarray | Rows
    good: list[int]
    bad: list[tuple[int, Text]]
    digests: np.ndarray
    levels: Levels
    notes: list[Text]


def read(
    places: Sequence[Place],
    parts: Callable[[Sequence[int]], Sequence[str]],
    config: PictureConfig,
) -> Pictures:
    """The pictures at these places. parts: the split of each picture at some indices, because the
    range of pictures of more than 8 bits is that of training. Raises DataError if neither the
    memory nor the disk has room, StorageError."""
    heads, broken = _headers(places)
    side = config.size or _side([head.size for head in heads.values()])
    # Read as RGB where only decoding shows whether all are grey.
    grey = all(head.mode in ("1", "L", "LA") or is_deep(head.mode) for head in heads.values())
    mode: Mode = "L" if config.mode == "L" or (config.mode == "auto" and grey) else "RGB"
    levels, scaled = _levels(places, parts, heads)
    readable = sorted(heads)
    shape = len(readable), 1 if mode == "L" else 3, side, side
    chosen = [places[i] for i in readable]
    notes = []
    x: np.ndarray | Rows
    if config.cache or prod(shape) > min(LIMIT, limits.memory() // SHARE):
        settings = repr((mode, levels.whole, levels.real))
        pixels, seen, bad = packed.decoded(
            chosen, lambda p: see(p, (side, side), mode, levels), shape, settings, config.cache
        )
        notes.append(packed.note(packed.folder(config.cache), shape))
    else:
        pixels, seen, bad = _in_memory(chosen, lambda p: see(p, (side, side), mode, levels), shape)
    rows = np.flatnonzero(seen["done"])
    seen = seen[rows]
    if mode == "RGB" and config.mode == "auto" and seen["grey"].all():
        pixels, mode = pixels[:, :1], "L"
    if isinstance(pixels, np.memmap):
        x = Rows(pixels, rows, pixels.dtype)
    else:  # a copy, so that the memory of what is left out is freed
        x = pixels[rows] if len(rows) < len(pixels) else np.ascontiguousarray(pixels)
    good = [readable[i] for i in rows.tolist()]
    broken += [(readable[i], why) for i, why in bad]
    notes = [*_notes([heads[i].size for i in good], side, seen, mode), *scaled, *notes]
    return Pictures(x, good, sorted(broken, key=lambda b: b[0]), seen["digest"], levels, notes)


def _in_memory(
    places: Sequence[Place], decode: packed.Decode, shape: packed.Shape
) -> tuple[np.ndarray, np.ndarray, packed.Bad]:
    """(pixels [n C H W], SEEN [n], bad pictures), as from `packed.decoded`."""
    x, seen = np.zeros(shape, np.uint8), np.zeros(shape[0], packed.SEEN)
    bad = packed.Bad()
    for i, result in gather(places, decode):
        if isinstance(result, PictureError):
            bad.append((i, result.what))
        else:
            x[i], seen[i] = result[0], packed.row(result[1])
    return x, seen, bad


def _levels(
    places: Sequence[Place],
    parts: Callable[[Sequence[int]], Sequence[str]],
    heads: Mapping[int, Header],
) -> tuple[Levels, list[Text]]:
    """(black and white of pictures of more than 8 bits, notes), from the training pictures only.
    Pictures that cannot be read are skipped here; `read` reports them."""
    readable = sorted(heads)
    every = [i for i in readable if is_deep(heads[i].mode)]
    if not every:
        return BY_TYPE, []
    trained = {i for i, p in zip(readable, parts(readable), strict=True) if p == "train"}
    deep = [
        i
        for i in every
        # If training has no picture of a type, only the other splits show its range.
        if i in trained or not any(_alike(heads[i], heads[j]) for j in every if j in trained)
    ]
    spans: dict[bool, list[tuple[float, float]]] = {}
    for number, result in gather([places[i] for i in deep], extremes):
        if not isinstance(result, PictureError):
            spans.setdefault(heads[deep[number]].mode == "F", []).append(result)
    flat = any(not is_deep(head.mode) for head in heads.values())
    levels, notes = BY_TYPE, []
    for real, ranges in spans.items():
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        black, white = _real_range(low, high) if real else _whole_range(low, high, flat)
        levels = levels.model_copy(update={"real" if real else "whole": (black, white)})
        if (black, white) != (0, 255):
            kind = "float" if real else "whole"
            values = {"low": low, "high": high, "black": black, "white": white}
            notes.append(text(f"data.note.levels.{kind}", **values))
    return levels, notes


def _alike(a: Header, b: Header) -> bool:
    return (a.mode == "F") == (b.mode == "F")


def _whole_range(low: float, high: float, flat: bool) -> tuple[float, float]:
    """(black, white) of integer pictures with values in low..high. flat: the data also have 8-bit
    pictures, so the full 16-bit range is used, which matches 0..255."""
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    if flat and low >= 0 and high <= 65535:
        return 0.0, 65535.0
    return low, high if high > low else low + 1


def _real_range(low: float, high: float) -> tuple[float, float]:
    """(black, white) of float pictures with values in low..high."""
    for white in (1.0, 255.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high if high > low else low + 1


def _headers(
    places: Sequence[Place],
) -> tuple[dict[int, Header], list[tuple[int, Text]]]:
    """(headers by sample, [(sample, reason)] of the samples whose header cannot be read)."""
    heads, bad = {}, []
    for i, result in gather(places, header):
        if isinstance(result, PictureError):
            bad.append((i, result.what))
        else:
            heads[i] = result
    return heads, bad


def _side(sizes: list[tuple[int, int]]) -> int:
    """The default side for these pictures: their own, if all are squares of one size of 8 to 64;
    else the multiple of 8 nearest to the median of their shorter sides, from 8 to 64."""
    shorter = [min(size) for size in sizes] or [8]
    if len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] and 8 <= shorter[0] <= 64:
        return shorter[0]
    return int(np.clip(8 * int(np.median(shorter) / 8 + 0.5), 8, 64))


def _notes(
    sizes: Sequence[tuple[int, int]], side: int, seen: np.ndarray, mode: Mode
) -> Iterable[Text]:
    """Notes on the conversions of the pictures. seen: packed.SEEN [m]."""
    if set(sizes) - {(side, side)}:
        ordered = sorted(sizes, key=lambda s: s[0] * s[1])
        low, high = (f"{width}x{height}" for height, width in (ordered[0], ordered[-1]))
        yield (
            text("data.note.cropped", size=low, side=side)
            if low == high
            else text("data.note.cropped.sizes", low=low, high=high, side=side)
        )
    if turned := int(seen["turned"].sum()):
        yield text("data.note.turned", count=turned, total=len(seen))
    modes = Counter(name for name in map(bytes.decode, seen["mode"].tolist()) if name != mode)
    if modes:
        counts = tuple(f"{count} {name}" for name, count in sorted(modes.items()))
        yield text("data.note.converted", mode=mode, counts=counts)
    for key, what in (("narrowed",) * 2, ("transparent",) * 2, ("moving", "animated")):
        if count := int(seen[key].sum()):
            yield text(f"data.note.{what}", count=count)
