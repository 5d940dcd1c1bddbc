"""folder: pictures in the user's own folder, one folder per class, named after the class.

    PATH/train/CLASS/... PATH/val/CLASS/... PATH/test/CLASS/...
    PATH/train/CLASS/... PATH/val/CLASS/...     val is the test; validation is drawn from train
    PATH/CLASS/...                              a fifth, drawn once by data.split_seed, is the test

Other spellings of splits are recognised (Train, training, Test_Set: see `names`). Pictures in
deeper folders belong to the class folder above them. All pictures are converted to one size and
mode (see `images`) and held in memory; the notes report every conversion. Links are followed only
to files inside PATH. Hidden files and files made by operating systems are ignored.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, leave_out
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
from etude.locale.texts import Text, text

LIMIT = 4 << 30


class Config(DataConfig):
    """The path of the pictures, and the size and mode to convert them to."""

    path: str = Field(description="config.folder.path")
    size: int | None = Field(default=None, ge=4, le=512, description="config.folder.size")
    mode: Literal["auto", "L", "RGB"] = Field(default="auto", description="config.folder.mode")
    split_seed: int = Field(default=0, ge=0, description="config.folder.split_seed")


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError with every bad folder and file."""
    root = Path(config.path)
    tree = layout(root)
    samples = tree.samples
    names = [shown(sample.path.relative_to(root)) for sample in samples]
    heads, broken = _headers([sample.path for sample in samples], names)
    side = config.size or _side([head.size for head in heads.values()])
    channels = 1 if config.mode == "L" else 3
    memory = len(samples) * channels * side * side
    if memory > LIMIT:
        raise DataError(
            text(
                "data.folder.large",
                path=root,
                count=len(samples),
                side=side,
                size=memory,
                most=LIMIT,
            ),
            do=text("data.folder.large.do"),
        )
    # Read as RGB in "auto" mode: whether all are grey is known only after all are decoded.
    x = np.zeros((len(samples), channels, side, side), np.uint8)
    seen: dict[int, Seen] = {}
    good = sorted(heads)
    mode: Mode = "L" if config.mode == "L" else "RGB"
    levels, scaled = _levels(config, samples, heads)
    for i, result in gather(
        [samples[i].path for i in good], lambda p: see(p, (side, side), mode, levels)
    ):
        if isinstance(result, PictureError):
            broken.append((good[i], result.what))
        else:
            x[good[i]], seen[good[i]] = result
    good = sorted(seen)
    left_out = leave_out(
        text("data.folder.pictures", path=root),
        tree.links + [Bad(samples[i].group, names[i], why) for i, why in sorted(broken)],
        [samples[i].group for i in good],
        skip=config.skip_bad,
        fatal=tree.problems,
    )
    if left_out:
        x, names, samples = x[good], [names[i] for i in good], [samples[i] for i in good]
    if config.mode == "auto" and all(one.grey for one in seen.values()):
        x, mode = x[:, :1].copy(), "L"  # a copy, so that the other two channels are freed
    ordered = [seen[i] for i in good]
    notes = tree.notes + _notes([heads[i].size for i in good], side, ordered, mode) + scaled
    digests = np.frombuffer(b"".join(one.digest for one in ordered), np.uint64)
    raw = _split(config, samples, Split(x, np.zeros(0), None, tuple(names), digests), notes)
    return replace(raw, left_out=left_out, levels=levels)


def _parts(config: Config, samples: list[Sample]) -> list[str]:
    """The split of each picture: by its folder; if there is no test folder, drawn by seed."""
    part = [sample.part for sample in samples]
    if "test" not in part:
        labels = np.unique([sample.label for sample in samples], return_inverse=True)[1]
        for i in stratified(labels, 0.2, config.split_seed)[1]:
            part[i] = "test"
    return part


def _levels(
    config: Config, samples: list[Sample], heads: dict[int, Header]
) -> tuple[Levels, list[Text]]:
    """(black and white of pictures of more than 8 bits, notes), from the training pictures only.
    Pictures that cannot be read are skipped here; `load` reports them."""
    readable = sorted(heads)
    part = _parts(config, [samples[i] for i in readable])
    every = [i for i in readable if is_deep(heads[i].mode)]
    trained = {i for i, p in zip(readable, part) if p == "train"}
    deep = [
        i
        for i in every
        # If training has no picture of a type, only the other splits show its range.
        if i in trained or not any(_alike(heads[i], heads[j]) for j in every if j in trained)
    ]
    spans: dict[bool, list[tuple[float, float]]] = {}
    for number, result in gather([samples[i].path for i in deep], extremes):
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


def _split(config: Config, samples: list[Sample], whole: Split, notes: list[Text]) -> Raw:
    """The pictures by split, with their classes."""
    # Sorted names over all splits, so a class has the same number in every split and every run.
    classes = sorted({sample.label for sample in samples})
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[sample.label] for sample in samples], np.int64)
    part = np.array(_parts(config, samples))
    whole = replace(whole, y=y)
    if not any(sample.part == "test" for sample in samples):
        count = int((part == "test").sum())
        notes.append(text("data.note.drawn.pictures", count=count, total=len(y)))
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
) -> tuple[dict[int, Header], list[tuple[int, Text]]]:
    """(headers by sample, [(sample, reason)] of the samples whose header cannot be read)."""
    heads, bad = {}, []
    for i, result in gather(paths, header):
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


def _notes(sizes: list[tuple[int, int]], side: int, seen: list[Seen], mode: Mode) -> list[Text]:
    """Notes on the conversions of the pictures."""
    notes = []
    if set(sizes) != {(side, side)}:
        ordered = sorted(sizes, key=lambda s: s[0] * s[1])
        low, high = (f"{width}x{height}" for height, width in (ordered[0], ordered[-1]))
        notes.append(
            text("data.note.cropped", size=low, side=side)
            if low == high
            else text("data.note.cropped.sizes", low=low, high=high, side=side)
        )
    turned = sum(one.turned for one in seen)
    if turned:
        notes.append(text("data.note.turned", count=turned, total=len(seen)))
    modes = Counter(one.mode for one in seen if one.mode != mode)
    if modes:
        counts = tuple(f"{count} {name}" for name, count in sorted(modes.items()))
        notes.append(text("data.note.converted", mode=mode, counts=counts))
    for what, count in (
        ("narrowed", sum(one.narrowed for one in seen)),
        ("transparent", sum(one.transparent for one in seen)),
        ("animated", sum(one.moving for one in seen)),
    ):
        if count:
            notes.append(text(f"data.note.{what}", count=count))
    return notes


SOURCE = Source(Config, load, text("source.folder.summary"), data_in=("folder",))
