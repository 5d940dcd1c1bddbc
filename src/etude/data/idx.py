"""idx: folders of IDX files, the format of MNIST, under any name: EMNIST, KMNIST, USPS, your own.

    train-images-idx3-ubyte(.gz)  train-labels-idx1-ubyte(.gz)     words in the names say the split
    t10k-images-idx3-ubyte(.gz)   t10k-labels-idx1-ubyte(.gz)      and which files are a pair

The path is the folder, or one of its files of images: then only the pairs of its set are read. A
set without a test pair gives a stratified fifth, drawn once by data.split_seed.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data.dataset import DataConfig, Raw, Source, Split
from etude.data.idx_file import read
from etude.data.names import split_called
from etude.data.numpy_files import number_type
from etude.data.reasons import missing
from etude.data.splits import stratified
from etude.data.tree import shown
from etude.errors import DataError, plain
from etude.locale.texts import Sentence, Text, text

NAME = re.compile(r"(.*?)(images?|labels?)([-_.]?idx(\d))(.*?)(\.gz)?", re.IGNORECASE)
TEST = "t10k"
"""The word of MNIST, with its 10,000 test images, for the test split."""


class Config(DataConfig):
    """The folder, and the seed that splits a set without a test pair."""

    path: str = Field(description="config.idx.path")
    split_seed: int = Field(default=0, ge=0, description="config.idx.split_seed")


def load(config: Config) -> Raw:
    """Images [n 1 H W], or vectors [n D], in the type of the file, and their classes. Raises
    DataError with every file that cannot be used."""
    path = Path(config.path)
    pairs, title = _pairs(path)
    problems: list[Sentence] = []
    found = {part: _arrays(*files, problems) for part, files in pairs.items()}
    if len({x.shape[1:] for x, _ in found.values()}) > 1 and not problems:
        shapes = tuple(f"{pairs[part][0].name} {list(x.shape)}" for part, (x, _) in found.items())
        problems.append(text("data.idx.sides", shapes=shapes))
    if problems:
        raise DataError(text("data.idx.unusable", path=config.path), items=problems)
    numbers = np.unique(np.concatenate([labels for _, labels in found.values()]))
    notes: list[Text] = [_note(pairs)]
    splits = {
        part: Split(x, np.searchsorted(numbers, labels)) for part, (x, labels) in found.items()
    }
    if "test" not in splits:
        whole = splits["train"]
        first, second = stratified(whole.y, 0.2, config.split_seed)
        splits |= {"train": whole.take(first), "test": whole.take(second)}
        notes.append(text("data.note.drawn", count=len(second), total=len(whole)))
    return Raw(
        name=title,
        kind="image" if splits["train"].x.ndim == 4 else "vector",
        target="class",
        train=splits["train"],
        test=splits["test"],
        val=splits.get("val"),
        classes=tuple(map(str, numbers.tolist())),
        notes=tuple(notes),
    )


def _arrays(images: Path, labels: Path, problems: list[Sentence]) -> tuple[np.ndarray, np.ndarray]:
    """(x [n 1 H W] or [n D], labels [n] int64) of a pair; what is wrong with it is added to
    `problems`."""
    try:
        x, y = read(images), read(labels)
    except DataError as error:
        problems.append(error.what)
        return np.zeros((0, 1)), np.zeros(0, np.int64)
    about = {"images": shown(images.name), "labels": shown(labels.name)}
    if x.ndim not in (1, 2, 3) or y.ndim != 1 or len(x) != len(y) or not x.size:
        sides = {"sides": str(list(x.shape)), "count": str(list(y.shape))}
        problems.append(text("data.idx.pair", **about, **sides))
        return np.zeros((0, 1)), np.zeros(0, np.int64)
    if y.dtype.kind == "f" and (y != np.rint(y)).any():
        problems.append(text("data.idx.fractions", labels=about["labels"]))
        return np.zeros((0, 1)), np.zeros(0, np.int64)
    x = x.astype(number_type(x.dtype), copy=False)
    return (x[:, None] if x.ndim in (1, 3) else x), y.astype(np.int64)


def _pairs(path: Path) -> tuple[dict[str, tuple[Path, Path]], str]:
    """({"train", and perhaps "val" and "test": (images, labels)}, the name of the set). Raises
    DataError."""
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise DataError(text("data.fault", where=path, what=missing(path)))
    sets: dict[str, dict[str, dict[str, Path]]] = {}
    for file in sorted(folder.iterdir()):
        match = NAME.fullmatch(file.name)
        if match and file.is_file():
            kind = "images" if match[2].lower().startswith("image") else "labels"
            title, part = _split(match[1])
            # Of a file that is there both packed and unpacked, one is enough.
            sets.setdefault(title, {}).setdefault(part, {}).setdefault(kind, file)
    if path.is_file():
        match = NAME.fullmatch(path.name)
        title = _split(match[1])[0] if match else ""
        sets = {title: sets.get(title, {})}
    if len(sets) > 1:
        names = tuple(plain(one) or "-" for one in sorted(sets))
        raise DataError(text("data.idx.several", path=path, names=names), do=text("data.idx.name"))
    title, parts = next(iter(sets.items()), ("", {}))
    problems = list(_alone(parts))
    if problems or not parts:
        raise DataError(
            text("data.idx.no_pair", path=path), items=problems, do=text("data.idx.no_pair.do")
        )
    pairs = {part: (files["images"], files["labels"]) for part, files in parts.items()}
    if "train" not in pairs:  # a single pair, whatever its name says
        if len(pairs) > 1:
            raise DataError(text("data.idx.no_train", path=path), do=text("data.idx.no_pair.do"))
        pairs = {"train": next(iter(pairs.values()))}
    return pairs, title or folder.resolve().name or "idx"


def _split(before: str) -> tuple[str, str]:
    """(the name of the set, its split) by what is before `images` or `labels` in a name:
    emnist-letters-train- is the training split of emnist-letters."""
    words = [word for word in re.split(r"[-_. ]+", before) if word]
    for i, word in enumerate(words):
        part = "test" if word.lower() == TEST else split_called(word)
        if part:
            return "-".join(words[:i] + words[i + 1 :]), part
    return "-".join(words), "train"


def _alone(parts: dict[str, dict[str, Path]]) -> Iterator[Text]:
    """The files without the other one of their pair."""
    for files in parts.values():
        if len(files) == 1:
            kind, file = next(iter(files.items()))
            other = "labels" if kind == "images" else "images"
            yield text(f"data.idx.alone.{other}", path=shown(file))


def _note(pairs: dict[str, tuple[Path, Path]]) -> Text:
    """Which file is which split."""
    files = tuple(
        text("data.note.idx.file", file=shown(images.name), split=text(f"data.split.{part}"))
        for part, (images, _) in pairs.items()
    )
    return text("data.note.idx", files=files)


def named(path: Path) -> bool:
    """Whether a path has the name of an IDX file of images or labels."""
    return NAME.fullmatch(path.name) is not None


def _recognised(path: Path) -> bool:
    """Whether a path is a folder with such files, or such a file."""
    if path.is_file():
        return named(path)
    return any(named(file) and file.is_file() for file in path.iterdir())


SOURCE = Source(
    Config,
    load,
    text("source.idx.summary"),
    # A name such as train-images-idx3-ubyte has no suffix, train-images.idx3-ubyte has one.
    data_in=("folder", "", *(f".idx{axes}-ubyte" for axes in (1, 2, 3))),
    recognises=_recognised,
)
