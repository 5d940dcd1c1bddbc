"""folder: pictures in a folder of your own; the name of a folder is the name of a class.

    PATH/train/CLASS/... PATH/val/CLASS/... PATH/test/CLASS/...
    PATH/train/CLASS/... PATH/val/CLASS/...     val is the test; validation comes out of train
    PATH/CLASS/...                              a fifth, drawn once by data.split_seed, is the test

Splits may be spelled in other ways (Train, training, Test_Set: see `names`). Pictures deeper down
belong to the class at the top. All are brought to one size and mode (see `images`) and kept in
memory; what was done is said in the notes. Links are followed only to files inside PATH. Hidden
files and what operating systems leave behind are passed over.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, settle
from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.images import (
    BY_TYPE,
    Header,
    Levels,
    Mode,
    PictureError,
    Seen,
    extremes,
    gather,
    header,
    is_deep,
    see,
)  # fmt: skip
from etude.data.layout import Sample, layout
from etude.data.splits import stratified
from etude.data.tree import shown
from etude.errors import DataError

LIMIT = 4 << 30


class Config(DataConfig):
    """Where the pictures are, and what they are brought to."""

    path: str = Field(description="the folder")
    size: int | None = Field(
        default=None, ge=4, le=512, description="side in pixels (auto: as the pictures, at most 64)"
    )
    mode: Literal["auto", "L", "RGB"] = Field(
        default="auto", description="grey or colour (auto: grey if all pictures are)"
    )
    split_seed: int = Field(default=0, ge=0, description="draws the test split where none is given")


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError naming every bad folder and file."""
    root = Path(config.path)
    found = layout(root)
    samples = found.samples
    names = [shown(sample.path.relative_to(root)) for sample in samples]
    heads, broken = _headers([sample.path for sample in samples], names)
    side = config.size or _side([head.size for head in heads.values()])
    channels = 1 if config.mode == "L" else 3
    memory = len(samples) * channels * side * side
    if memory > LIMIT:
        raise DataError(
            f"{root}: {len(samples):,} pictures of {side}x{side} take {memory:,} bytes of memory; "
            f"{LIMIT:,} is the most.",
            do="Choose a smaller data.size, or save them as one .npy array, which stays on disk.",
        )
    x = np.zeros((len(samples), channels, side, side), np.uint8)
    seen: dict[int, Seen] = {}
    good = sorted(heads)
    mode: Mode = "L" if config.mode == "L" else "RGB"
    levels, scaled = _levels(config, samples, heads)
    for i, result in gather(
        [samples[i].path for i in good], lambda p: see(p, (side, side), mode, levels)
    ):
        if isinstance(result, PictureError):
            broken.append((good[i], str(result)))
        else:
            x[good[i]], seen[good[i]] = result
    good = sorted(seen)
    left_out = settle(
        f"{root}: these pictures",
        found.links + [Bad(samples[i].group, names[i], why) for i, why in sorted(broken)],
        [samples[i].group for i in good],
        skip=config.skip_bad,
        fatal=found.problems,
    )
    if left_out:
        x, names, samples = x[good], [names[i] for i in good], [samples[i] for i in good]
    if config.mode == "auto" and all(one.grey for one in seen.values()):
        x, mode = x[:, :1].copy(), "L"
    ordered = [seen[i] for i in good]
    notes = found.notes + _notes([heads[i].size for i in good], side, ordered, mode) + scaled
    digests = np.frombuffer(b"".join(one.digest for one in ordered), np.uint64)
    raw = _split(config, samples, Split(x, np.zeros(0), None, tuple(names), digests), notes)
    return replace(raw, left_out=left_out, levels=levels)


def _drawn(config: Config, samples: list[Sample]) -> list[str]:
    """The split of each picture: as its folder says, or, where no folder is the test, drawn."""
    part = [sample.part for sample in samples]
    if "test" not in part:
        labels = np.unique([sample.label for sample in samples], return_inverse=True)[1]
        for i in stratified(labels, 0.2, config.split_seed)[1]:
            part[i] = "test"
    return part


def _levels(
    config: Config, samples: list[Sample], heads: dict[int, Header]
) -> tuple[Levels, list[str]]:
    """What stands for black and white in pictures of more than 8 bits, from those of training; and
    what is to be said of it. Pictures that cannot be read are left to the reading of all."""
    known = sorted(heads)
    part = _drawn(config, [samples[i] for i in known])
    every = [i for i in known if is_deep(heads[i].mode)]
    trained = {i for i, p in zip(known, part) if p == "train"}
    deep = [
        i
        for i in every
        # Where training has none of a type, those of the other splits are all there is to go by.
        if i in trained or not any(_alike(heads[i], heads[j]) for j in every if j in trained)
    ]
    spans: dict[bool, list[tuple[float, float]]] = {}
    for number, result in gather([samples[i].path for i in deep], extremes):
        if not isinstance(result, PictureError):
            spans.setdefault(heads[deep[number]].mode == "F", []).append(result)
    flat = any(not is_deep(head.mode) for head in heads.values())
    levels, notes = BY_TYPE, []
    for real, found in spans.items():
        low, high = min(low for low, _ in found), max(high for _, high in found)
        black, white = _real_range(low, high) if real else _whole_range(low, high, flat)
        levels = levels.model_copy(update={"real" if real else "whole": (black, white)})
        if (black, white) != (0, 255):
            kind = "floats" if real else "whole numbers of more than 8 bits"
            notes.append(
                f"pictures of {kind}, {low:g} to {high:g} in training: {black:g} is read as 0 and "
                f"{white:g} as 255, in every picture of every split"
            )
    return levels, notes


def _alike(a: Header, b: Header) -> bool:
    return (a.mode == "F") == (b.mode == "F")


def _whole_range(low: float, high: float, flat: bool) -> tuple[float, float]:
    """Black and white of whole numbers in low..high. flat: pictures of 8 bits stand beside them, so
    that all 16 bits must count to be like those."""
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    if flat and low >= 0 and high <= 65535:
        return 0.0, 65535.0
    return low, high if high > low else low + 1


def _real_range(low: float, high: float) -> tuple[float, float]:
    """Black and white of floats in low..high."""
    for white in (1.0, 255.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high if high > low else low + 1


def _split(config: Config, samples: list[Sample], whole: Split, notes: list[str]) -> Raw:
    """The pictures by split, with their classes."""
    classes = sorted({sample.label for sample in samples})
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[sample.label] for sample in samples], np.int64)
    part = np.array(_drawn(config, samples))
    whole = replace(whole, y=y)
    if not any(sample.part == "test" for sample in samples):
        count = int((part == "test").sum())
        notes.append(f"{count} of {len(y)} pictures drawn for test, by class")
    val = np.flatnonzero(part == "val")
    return Raw(
        name=shown(Path(config.path).resolve().name) or "folder",
        kind="image",
        target="class",
        train=whole.take(np.flatnonzero(part == "train")),
        test=whole.take(np.flatnonzero(part == "test")),
        val=whole.take(val) if len(val) else None,
        classes=tuple(map(shown, classes)),
        notes=tuple(notes),
    )


def _headers(
    paths: list[Path], names: list[str]
) -> tuple[dict[int, Header], list[tuple[int, str]]]:
    """Headers by sample, and the samples whose header is bad, with the reason."""
    heads, bad = {}, []
    for i, result in gather(paths, header):
        if isinstance(result, PictureError):
            bad.append((i, str(result)))
        else:
            heads[i] = result
    return heads, bad


def _side(sizes: list[tuple[int, int]]) -> int:
    """The side that suits these pictures: their own, or a multiple of 8 near it; at most 64."""
    shorter = [min(size) for size in sizes] or [8]
    if len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] and 8 <= shorter[0] <= 64:
        return shorter[0]
    return int(np.clip(8 * int(np.median(shorter) / 8 + 0.5), 8, 64))


def _notes(sizes: list[tuple[int, int]], side: int, seen: list[Seen], mode: Mode) -> list[str]:
    """What was done to the pictures, in words."""
    notes = []
    if set(sizes) != {(side, side)}:
        ordered = sorted(sizes, key=lambda s: s[0] * s[1])
        low, high = (f"{width}x{height}" for height, width in (ordered[0], ordered[-1]))
        span = low if low == high else f"{low} to {high}"
        notes.append(f"sizes {span} brought to {side}x{side} (shorter side resized, then cropped)")
    turned = sum(one.turned for one in seen)
    if turned:
        notes.append(f"{turned} of {len(seen)} pictures turned by EXIF")
    modes = Counter(one.mode for one in seen if one.mode != mode)
    if modes:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(modes.items()))
        notes.append(f"converted to {mode}: {counts}")
    for what, count in (
        ("colour of 16 bits read by its higher 8", sum(one.narrowed for one in seen)),
        ("transparent pictures laid on white", sum(one.transparent for one in seen)),
        ("animations, their first frame taken", sum(one.moving for one in seen)),
    ):
        if count:
            notes.append(f"{what}: {count}")
    return notes


SOURCE = Source(
    Config, load, "a folder of pictures, one folder a class (data.path)", data_in=("folder",)
)
