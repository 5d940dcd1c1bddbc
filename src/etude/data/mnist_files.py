"""MNIST and similar data sets: four IDX files, read from this machine or downloaded.

The files are searched in this order:
    $ETUDE_DATA/NAME, $ETUDE_DATA, a folder of the system's packages, the cache ($XDG_CACHE_HOME or
    ~/.cache, then etude/NAME)
If no folder has all four, they are downloaded into the cache. In every case the unpacked content
must have the SHA-256 in the source file of the data set; the files may be gzipped or not.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import Field

from etude.data.dataset import DataConfig, Raw, Split
from etude.data.download import fetch
from etude.data.idx_file import read
from etude.data.images import fit
from etude.data.waiting import Waiting
from etude.errors import DataError
from etude.locale.texts import text


class Config(DataConfig):
    """Pictures of 28x28, or resized."""

    size: int | None = Field(default=None, ge=4, le=512, description="config.mnist_files.size")


@dataclass(frozen=True)
class File:
    """One published file: its name without .gz, the .gz's size and md5, the content's sha256."""

    name: str
    size: int
    md5: str
    sha256: str


@dataclass(frozen=True)
class Published:
    """A data set of four files: training images and labels, test images and labels."""

    name: str
    url: str
    files: tuple[File, File, File, File]
    classes: tuple[str, ...]
    packaged: tuple[str, ...] = ()


def load(published: Published, config: Config) -> Raw:
    """Images [n 1 H W] uint8 in their official split. Raises DataError or StorageError."""
    paths = locate(published)
    arrays = [read(path, file.sha256) for path, file in zip(paths, published.files, strict=True)]
    notes = []
    splits = []
    for images, labels in (arrays[:2], arrays[2:]):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            shapes = {"images": str(images.shape), "labels": str(labels.shape)}
            raise DataError(text("data.mnist.shapes", name=published.name, **shapes))
        splits.append(Split(_sized(images, config.size), labels.astype(np.int64)))
    side = arrays[0].shape[1]
    if config.size not in (None, side):
        notes.append(text("data.note.resized", size=f"{side}x{side}", side=config.size))
    return Raw(
        name=published.name,
        kind="image",
        target="class",
        train=splits[0],
        test=splits[1],
        classes=published.classes,
        notes=tuple(notes),
    )


def _sized(images: np.ndarray, side: int | None) -> np.ndarray:
    """[n H W] uint8 -> [n 1 H W], resized if `side` differs."""
    if side is None or images.shape[1:] == (side, side):
        return images[:, None]
    sized = np.empty((len(images), 1, side, side), np.uint8)
    for place, image in zip(sized, images, strict=True):
        place[:] = fit(Image.fromarray(image), (side, side), "L")
    return sized


def folders(published: Published) -> list[Path]:
    """The folders to search, the cache last."""
    variable = os.environ.get("ETUDE_DATA")
    own = [Path(variable) / published.name, Path(variable)] if variable else []
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [*own, *map(Path, published.packaged), cache / "etude" / published.name]


def locate(published: Published) -> list[Path]:
    """The paths of the four files; they are downloaded into the cache if no folder has them all."""
    places = folders(published)
    for folder in places:
        candidates = [_in(folder, file.name) for file in published.files]
        if all(candidates):
            return [path for path in candidates if path]
    cache = places[-1]
    names = tuple(f"{file.name}.gz" for file in published.files)
    by_hand = text("data.mnist.by_hand", names=names, cache=cache, name=published.name)
    paths = []
    for file in published.files:
        path = _in(cache, file.name) or cache / f"{file.name}.gz"
        if not path.exists():
            url = f"{published.url}{file.name}.gz"
            with Waiting(url) as show:
                fetch(url, path, size=file.size, md5=file.md5, progress=show, by_hand=by_hand)
        paths.append(path)
    return paths


def _in(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
