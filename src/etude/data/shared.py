"""A data set that one process of a machine has read, for the other processes of that machine.

Arrays in memory go to a file without a name (see `spill`), which the others map; what is on disk
already they read from there. So the machine reads and converts the data once, and the pages of
both files are in memory once, however many processes there are. The others open a file without a
name through /proc, and it is gone with the last process that has it open.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from etude.config import Config
from etude.data.card import Card
from etude.data.dataset import Dataset, Split
from etude.data.rows import Rows
from etude.data.spill import OnDisk, Store

FILES = Path("/proc/self/fd")
SMALL = 8 << 20
"""Bytes of samples of which each process may have its own normalised copy."""
PARTS = ("train", "val", "test")


class Place(Config):
    """Where an array is: the file, its first byte and how it lies there. mapped: the file is mapped
    into memory, else read as samples are asked for."""

    path: str
    start: int
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...]
    mapped: bool = True


class Part(Config):
    """Where the arrays of a split are; rows, valid: those of `Rows`, if x has them. names: as
    JSON."""

    x: Place
    rows: Place | None
    dtype: str
    valid: Place | None
    y: Place
    lengths: Place | None
    names: Place
    digests: Place | None
    weights: Place | None


class Content(Config):
    """A data set whose arrays are in files."""

    card: Card
    parts: dict[str, Part]


def possible() -> bool:
    """Whether other processes can open a file that has no name, as on Linux."""
    return FILES.is_dir()


@contextmanager
def written(dataset: Dataset) -> Iterator[str]:
    """The text by which other processes find the arrays of a data set; those that open them inside
    the context keep them. Raises StorageError."""
    with closing(Store()) as store:
        parts = {name: _part(getattr(dataset, name), store) for name in PARTS}
        yield Content(card=dataset.card, parts=parts).model_dump_json()


def _part(split: Split, store: Store) -> Part:
    x, names = split.x, json.dumps(split.names).encode()
    rows = x if isinstance(x, Rows) else None
    return Part(
        x=_place(x if rows is None else rows.source, store),
        rows=None if rows is None else _place(rows.rows, store),
        dtype=x.dtype.str,
        valid=None if rows is None else _maybe(rows.lengths, store),
        y=_place(split.y, store),
        lengths=_maybe(split.lengths, store),
        names=_place(np.frombuffer(names, np.uint8), store),
        digests=_maybe(split.digests, store),
        weights=_maybe(split.weights, store),
    )


def _maybe(array: np.ndarray | None, store: Store) -> Place | None:
    return None if array is None else _place(array, store)


def _place(array: Any, store: Store) -> Place:
    """Where an array is; one that is in memory alone is written to the store."""
    whole = _mapping(array)
    if whole is not None:
        apart = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        return Place(
            path=str(whole.filename),
            start=whole.offset + apart,
            shape=array.shape,
            dtype=array.dtype.str,
            strides=array.strides,
        )
    mapped = not isinstance(array, OnDisk)
    if mapped:
        array = np.asarray(array)
        array = store.write(array.shape, array.dtype, [array])
    return Place(
        path=f"/proc/{os.getpid()}/fd/{array.store.fileno()}",
        start=array.start,
        shape=array.shape,
        dtype=array.dtype.str,
        strides=np.empty(array.shape, array.dtype).strides,
        mapped=mapped,
    )


def _mapping(array: Any) -> np.memmap | None:
    """The array that was mapped from a file and holds the elements of this one."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and not isinstance(array.base, np.ndarray):
            return array if array.filename else None
        array = array.base
    return None


def read(content: str, late: bool) -> Dataset:
    """The data set that another process of this machine has written.

    late: samples in memory there are not normalised as a whole here, unless they are SMALL. What
    was left out as bad is known to the first process alone, which writes the run.
    """
    found = Content.model_validate_json(content)
    train, val, test = (_split(found.parts[name], late) for name in PARTS)
    return Dataset(found.card, train, val, test)


def _split(part: Part, late: bool) -> Split:
    x, dtype = _array(part.x), np.dtype(part.dtype)
    if part.rows:
        x = Rows(x, _array(part.rows), dtype, _optional(part.valid))
    elif late and x.nbytes > SMALL:
        x = Rows(x, np.arange(len(x)), dtype)
    return Split(
        x,
        _array(part.y),
        _optional(part.lengths),
        tuple(json.loads(_array(part.names).tobytes())),
        _optional(part.digests),
        _optional(part.weights),
    )


def _optional(place: Place | None) -> np.ndarray | None:
    return None if place is None else _array(place)


def _array(place: Place) -> Any:
    """The array at a place; what this process writes into it stays its own."""
    dtype = np.dtype(place.dtype)
    if not place.mapped:
        return OnDisk(Store.at(place.path), place.start, place.shape, dtype)
    if not prod(place.shape):
        return np.empty(place.shape, dtype)
    steps = zip(place.shape, place.strides, strict=True)
    size = dtype.itemsize + sum((count - 1) * step for count, step in steps)
    whole = np.memmap(place.path, np.uint8, "c", place.start, (size,))
    return np.ndarray(place.shape, dtype, whole, strides=place.strides)
