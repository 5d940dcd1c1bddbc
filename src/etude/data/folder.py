"""folder: pictures in a folder of your own; the name of a folder is the name of a class.

    PATH/train/CLASS/... PATH/val/CLASS/... PATH/test/CLASS/...
    PATH/train/CLASS/... PATH/val/CLASS/...     val is the test; validation comes out of train
    PATH/CLASS/...                              a fifth, drawn once by data.split_seed, is the test

Pictures deeper down belong to the class at the top. All are brought to one size and mode (see
`images`) and kept in memory; what was done is said in the notes. Links are followed only to files
inside PATH. Hidden files and what operating systems leave behind are passed over.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from etude.data.bad import Bad, settle
from etude.data.dataset import DataConfig, Raw, Source, Split, stratified
from etude.data.images import Mode, PictureError, Seen, gather, header, see
from etude.data.tree import folders, scan, shown
from etude.errors import DataError

LIMIT = 4 << 30
PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
SHOWN = 5


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


class Sample(NamedTuple):
    """A picture: its split, its class, where it is, and the folder of its class as told."""

    part: str
    label: str
    path: Path
    group: str


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError naming every bad folder and file."""
    root = Path(config.path)
    found = _layout(root)
    samples = found.samples
    names = [shown(sample.path.relative_to(root)) for sample in samples]
    sizes, broken = _sizes([sample.path for sample in samples], names)
    side = config.size or _side(list(sizes.values()))
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
    good = sorted(sizes)
    mode: Mode = "L" if config.mode == "L" else "RGB"
    for i, result in gather([samples[i].path for i in good], lambda p: see(p, (side, side), mode)):
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
    notes = found.notes + _notes([sizes[i] for i in good], side, ordered, mode)
    digests = np.frombuffer(b"".join(one.digest for one in ordered), np.uint64)
    raw = _split(config, samples, Split(x, np.zeros(0), None, tuple(names), digests), notes)
    return replace(raw, left_out=left_out)


def _split(config: Config, samples: list[Sample], whole: Split, notes: list[str]) -> Raw:
    """The pictures by split, with their classes."""
    classes = sorted({sample.label for sample in samples})
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[sample.label] for sample in samples], np.int64)
    part = np.array([sample.part for sample in samples])
    whole = replace(whole, y=y)
    if "test" not in part:
        _, held = stratified(y, 0.2, config.split_seed)
        part[held] = "test"
        notes.append(f"{len(held)} of {len(y)} pictures drawn for test, by class")
    few = [classes[i] for i in range(len(classes)) if not ((y == i) & (part == "test")).any()]
    if few:
        notes.append(f"not in test: {', '.join(map(shown, few))}")
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


@dataclass
class _Found:
    """What the folders hold. problems: what is wrong and is no single picture."""

    samples: list[Sample] = field(default_factory=list)
    links: list[Bad] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _layout(root: Path) -> _Found:
    """The pictures by split and class. Raises DataError for a folder that cannot be read."""
    top = folders(root)
    parts = {PARTS[name]: root / name for name in top if name in PARTS}
    divided = "train" in parts and len(parts) > 1
    if not divided:
        parts = {"train": root}
    found = _Found()
    left = [name for name in top if divided and root / name not in parts.values()]
    others: list[str] = []
    nested = False
    labels = {part: folders(folder) for part, folder in parts.items()}
    # Without a test folder, that of validation is the test.
    called = {"val": "test"} if divided and "test" not in parts else {}
    for part, folder in parts.items():
        loose = scan(folder, root, depth=0)
        found.links += [Bad("", *link) for link in loose.links]
        left += [shown(path.relative_to(root)) for path in loose.files]
        others += loose.others
        for label in labels[part]:
            inside = scan(folder / label, root)
            group = shown((folder / label).relative_to(root))
            split = called.get(part, part)
            found.samples += [Sample(split, label, path, group) for path in inside.files]
            found.links += [Bad(group, *link) for link in inside.links]
            found.problems += inside.problems
            others += inside.others
            nested |= inside.nested
            if not (inside.files or inside.links or inside.problems):
                found.problems.append(f"{group}: has no pictures")
    found.problems += _wrong_classes(root, parts, labels)
    if called:
        found.notes.append("the pictures in val are the test; validation is drawn from train")
    for what, names in (("left out, in no class", left), ("left out, no pictures", others)):
        if names:
            found.notes.append(f"{what}: {_some(names)}")
    if nested:
        found.notes.append("pictures in deeper folders belong to the class at the top")
    return found


def _wrong_classes(
    root: Path, parts: dict[str, Path], labels: dict[str, list[str]]
) -> Iterator[str]:
    """Too few classes, or some that training has not."""
    if len(labels["train"]) < 2:
        one = labels["train"]
        what = f"one class only ({shown(one[0])})" if one else "no class folders"
        yield f"{shown(parts['train'].relative_to(root))}: has {what}; two are needed"
    for part in sorted(labels):
        for label in sorted(set(labels[part]) - set(labels["train"])):
            yield f"{part}/{shown(label)}: there is no such class in train"


def _sizes(
    paths: list[Path], names: list[str]
) -> tuple[dict[int, tuple[int, int]], list[tuple[int, str]]]:
    """(height, width) by sample, and the samples whose header is bad, with the reason."""
    sizes, bad = {}, []
    for i, result in gather(paths, header):
        if isinstance(result, PictureError):
            bad.append((i, str(result)))
        else:
            sizes[i] = result
    return sizes, bad


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
        ("transparent pictures laid on white", sum(one.transparent for one in seen)),
        ("animations, their first frame taken", sum(one.moving for one in seen)),
    ):
        if count:
            notes.append(f"{what}: {count}")
    return notes


def _some(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


SOURCE = Source(
    Config, load, "a folder of pictures, one folder a class (data.path)", data_in=("folder",)
)
