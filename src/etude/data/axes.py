"""Decide what the axes of an array of samples mean: vectors, sequences or images.

If axes or types allow two readings, a note says which one was chosen and which key selects the
other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etude.errors import DataError
from etude.locale.texts import Sentence, Text, text
from etude.shapes import Kind

AnyKind = Literal["auto", "image", "sequence", "vector"]
Axes = Literal["auto", "chw", "hwc"]
CHANNELS = (1, 3, 4)
SMALLEST = 5
"""An array with a shorter side is not taken for images."""


@dataclass(frozen=True)
class Reading:
    """How x is read. kind: of its samples; arrange: moves the axes of x into the order of this
    package; otherwise: how the user can read x as another kind."""

    kind: Kind
    arrange: Callable[[np.ndarray], np.ndarray]
    notes: tuple[Text, ...] = ()
    otherwise: Sentence = ""


def read_axes(where: str, x: np.ndarray, padded: bool, wanted: AnyKind, axes: Axes) -> Reading:
    """How x is read, by its axes and its type. where: what messages call x. padded: whether there
    are lengths, so that x cannot be images. wanted, axes: what the user chose. Raises DataError."""
    shape = x.shape
    if x.ndim in (1, 2) and wanted in ("auto", "vector"):
        otherwise = text("data.axes.otherwise.feature")
        return Reading("vector", _as_vectors, (), otherwise if x.ndim == 2 else "")
    if x.ndim == 2 and wanted == "sequence":
        note = text("data.note.read.feature")
        return Reading("sequence", lambda a: a[..., None], (note,))
    # uint8 with three axes counts as grey images: sequences are rarely stored as bytes.
    if x.ndim == 3 and (wanted == "image" or (wanted == "auto" and x.dtype == np.uint8)):
        otherwise = text("data.axes.otherwise.sequences", steps=shape[1], features=shape[2])
        return Reading("image", lambda a: a[:, None], (), otherwise)
    if x.ndim == 3 and wanted in ("auto", "sequence"):
        otherwise = text("data.axes.otherwise.images", height=shape[1], width=shape[2])
        values = {"shape": str(list(shape)), "type": str(x.dtype)}
        note = text("data.note.read.sequences", **values, height=shape[1], width=shape[2])
        doubtful = wanted == "auto" and not padded and min(shape[1:]) >= SMALLEST
        return Reading("sequence", lambda a: a, (note,) if doubtful else (), otherwise)
    if x.ndim == 4 and wanted in ("auto", "image"):
        return _image_axes(where, shape, axes)
    if wanted == "vector" and x.ndim > 2:
        return Reading("vector", _as_vectors, (text("data.note.read.vectors"),))
    form = {"where": where, "shape": str(list(shape)), "axes": x.ndim}
    raise DataError(
        text("data.axes.none", **form)
        if wanted == "auto"
        else text("data.axes.none.kind", **form, kind=wanted),
        do=text("data.axes.none.do"),
    )


def _as_vectors(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _image_axes(where: str, shape: tuple[int, ...], wanted: Axes) -> Reading:
    """How images of four axes are read: whether axis 1 or axis 3 holds the channels. If both could,
    the order in which the image is square, else the last axis (as in most files of colours)."""
    first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
    order: Axes = wanted
    if wanted == "auto":
        if not (first or last):
            raise DataError(
                text(
                    "data.axes.channels",
                    where=where,
                    shape=str(list(shape)),
                    first=shape[1],
                    last=shape[3],
                ),
                do=text("data.axes.channels.do"),
            )
        square = shape[2] == shape[3] and shape[1] != shape[2]
        order = "chw" if first and (square or not last) else "hwc"
    height, width = shape[2:] if order == "chw" else shape[1:3]
    channels = shape[1] if order == "chw" else shape[3]
    notes = [text("data.note.channels.moved")] if order == "hwc" else []
    if wanted == "auto" and first and last:
        other = "hwc" if order == "chw" else "chw"
        notes.append(
            text(
                "data.note.channels",
                shape=str(list(shape)),
                channels=channels,
                height=height,
                width=width,
                other=other,
            )
        )
    if order == "chw":
        return Reading("image", lambda a: a, tuple(notes))
    return Reading("image", lambda a: np.moveaxis(a, 3, 1), tuple(notes))
