"""folder: pictures in a folder of your own; the name of a folder is the name of a class.

    PATH/train/CLASS/... PATH/val/CLASS/... PATH/test/CLASS/...
    PATH/train/CLASS/... PATH/val/CLASS/...     val is the test; validation comes out of train
    PATH/CLASS/...                              a fifth, drawn once by data.split_seed, is the test

Pictures deeper down belong to the class at the top. All are brought to one size and mode (see
`images`) and kept in memory; what was done is said in the notes. Links are followed only to files
inside PATH. Hidden files and what operating systems leave behind are passed over.
"""

from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

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


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError naming every bad folder and file."""
    root = Path(config.path)
    parts, problems, notes = _layout(root)
    samples = [
        (part, label, path)
        for part, classes in parts.items()
        for label, paths in classes.items()
        for path in paths
    ]
    paths = [path for _, _, path in samples]
    names = [shown(path.relative_to(root)) for path in paths]
    sizes, bad = _sizes(paths, names)
    side = config.size or _side(list(sizes.values()))
    channels = 1 if config.mode == "L" else 3
    memory = len(paths) * channels * side * side
    if memory > LIMIT:
        raise DataError(
            f"{root}: {len(paths):,} pictures of {side}x{side} take {memory:,} bytes of memory; "
            f"{LIMIT:,} is the most.",
            do="Choose a smaller data.size, or save them as one .npy array, which stays on disk.",
        )
    x = np.zeros((len(paths), channels, side, side), np.uint8)
    seen: dict[int, Seen] = {}
    good = sorted(sizes)
    mode: Mode = "L" if config.mode == "L" else "RGB"
    for i, result in gather([paths[i] for i in good], lambda p: see(p, (side, side), mode)):
        if isinstance(result, PictureError):
            bad.append((good[i], str(result)))
        else:
            x[good[i]], seen[good[i]] = result
    problems += [f"{names[i]}: {reason}" for i, reason in sorted(bad)]
    if problems:
        raise DataError(
            f"{root}: these pictures cannot be used.",
            items=problems,
            do="Repair, move or remove what is named here.",
        )
    if config.mode == "auto" and all(one.grey for one in seen.values()):
        x, mode = x[:, :1].copy(), "L"
    notes += _notes(list(sizes.values()), side, list(seen.values()), mode)
    return _split(config, samples, names, x, [seen[i].digest for i in range(len(x))], notes)


def _split(
    config: Config,
    samples: list[tuple[str, str, Path]],
    names: list[str],
    x: np.ndarray,
    digests: list[bytes],
    notes: list[str],
) -> Raw:
    classes = sorted({label for _, label, _ in samples})
    y = np.array([classes.index(label) for _, label, _ in samples], np.int64)
    part = np.array([part for part, _, _ in samples])
    whole = Split(x, y, names=tuple(names))
    if "test" not in part:
        _, held = stratified(y, 0.2, config.split_seed)
        part[held] = "test"
        notes.append(f"{len(held)} of {len(y)} pictures drawn for test, by class")
    few = [classes[i] for i in range(len(classes)) if not ((y == i) & (part == "test")).any()]
    if few:
        notes.append(f"not in test: {', '.join(map(shown, few))}")
    notes += _twins(digests, part, y, names)
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


def _layout(root: Path) -> tuple[dict[str, dict[str, list[Path]]], list[str], list[str]]:
    """({part: {class: paths}}, problems, notes). Raises DataError if there are no classes."""
    top = folders(root)
    parts = {PARTS[name]: root / name for name in top if name in PARTS}
    divided = "train" in parts and len(parts) > 1
    notes, problems = [], []
    if divided:
        left = [name for name in top if root / name not in parts.values()]
    else:
        parts, left = {"train": root}, []
    found: dict[str, dict[str, list[Path]]] = {}
    others: list[str] = []
    nested = False
    for part, folder in parts.items():
        found[part] = {}
        labels = folders(folder)
        loose = scan(folder, root, depth=0)
        problems += loose.problems
        left += [shown(path.relative_to(root)) for path in loose.files]
        others += loose.others
        for label in labels:
            inside = scan(folder / label, root)
            problems += inside.problems
            others += inside.others
            nested |= inside.nested
            found[part][label] = inside.files
            if not inside.files and not inside.problems:
                problems.append(f"{shown((folder / label).relative_to(root))}: has no pictures")
        if len(labels) < 2 and part == "train":
            what = f"one class only ({shown(labels[0])})" if labels else "no class folders"
            problems.append(f"{shown(folder.relative_to(root))}: has {what}; two are needed")
    for part in found.keys() - {"train"}:
        for label in sorted(found[part].keys() - found["train"].keys()):
            problems.append(f"{part}/{shown(label)}: there is no such class in train")
    if divided and "test" not in found:
        found["test"] = found.pop("val")
        notes.append("the pictures in val are the test; validation is drawn from train")
    for what, some in (("left out, in no class", left), ("left out, no pictures", others)):
        if some:
            notes.append(f"{what}: {_some(some)}")
    if nested:
        notes.append("pictures in deeper folders belong to the class at the top")
    return found, problems, notes


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


def _twins(digests: list[bytes], part: np.ndarray, y: np.ndarray, names: list[str]) -> list[str]:
    """Notes on pictures that are the same pixel for pixel, across splits or under two classes."""
    groups: dict[bytes, list[int]] = {}
    for i, digest in enumerate(digests):
        groups.setdefault(digest, []).append(i)
    twins = [group for group in groups.values() if len(group) > 1]
    notes = []
    for what, some in (
        ("in more than one split", [g for g in twins if len(set(part[g])) > 1]),
        ("under two classes", [g for g in twins if len(set(y[g])) > 1]),
    ):
        if some:
            pairs = [" = ".join(names[i] for i in group) for group in some]
            notes.append(f"WARNING: the same picture {what} ({len(some)}): {_some(pairs)}")
    return notes


def _some(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


SOURCE = Source(
    Config, load, "a folder of pictures, one folder a class (data.path)", data_in=("folder",)
)
