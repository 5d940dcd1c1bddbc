"""Card: the description of a data set, by which training, evaluation and prediction prepare samples
alike."""

from dataclasses import replace
from math import prod
from typing import Literal

from etude.config import Config
from etude.data.images import BY_TYPE, Levels
from etude.data.panel.card import Panel
from etude.data.tabular import encode
from etude.data.tabular.columns import Column
from etude.data.tabular.dialect import Reading
from etude.locale.texts import Text, text
from etude.shapes import Kind, Spec, Target

View = Literal["none", "rows", "vector"]
Scale = Literal["standard", "tanh"]


class Card(Config):
    """Everything that training, evaluation and prediction need to know about the data, without
    the data.

    A sample is prepared in this order: subtract origin, take the logarithm if log, subtract mean,
    divide by std, apply the view. top: the largest raw value in training. padded: whether sequences
    have unequal lengths and are padded to the longest.

    The Card records how training files were read, so that new files are read in the same way.
    stored: the type of the training samples; pixels: (black, white) of images, to which the 0..255
    of a picture file are scaled; levels: black and white of picture files of more than 8 bits.
    Cards of version 0.1.0 have none of these ("" and None): see `inputs`. Their notes are strings.
    columns: of a table, whose rows are samples or steps of sequences; then x has one number for
    each that is used, and `encode` makes the features of them. reading: how its files are read.
    targets: the names of several values to predict, in order. panel: of series of the user's own,
    whose samples are standardised already: see `panel.windows`.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    target: Target
    outputs: int
    classes: tuple[str, ...]
    unit: str
    view: View
    scale: Scale
    mean: tuple[float, ...]
    std: tuple[float, ...]
    y_mean: tuple[float, ...]
    y_std: tuple[float, ...]
    top: float
    padded: bool
    log: bool
    season: int
    sizes: dict[str, int]
    fingerprint: str
    notes: tuple[str | Text, ...]
    origin: tuple[int | float, ...] = ()
    stored: Literal["", "uint8", "float32", "float64", "int64", "uint64"] = ""
    pixels: tuple[float, float] | None = None
    levels: Levels = BY_TYPE
    columns: tuple[Column, ...] = ()
    reading: Reading | None = None
    targets: tuple[str, ...] = ()
    panel: Panel | None = None

    def scaled(self, mean: tuple[float, ...], std: tuple[float, ...]) -> "Card":
        """The Card of images that are normalised by mean and std of pixels from 0 to 1, instead of
        by those of the training data."""
        black, white = self.pixels or (0.0, 255.0)
        span = white - black
        note = text(
            "data.note.scaled", mean=[round(m, 4) for m in mean], std=[round(s, 4) for s in std]
        )
        changes = {
            "origin": (),
            "mean": tuple(black + m * span for m in mean),
            "std": tuple(s * span for s in std),
            "notes": (*self.notes, note),
        }
        return self.model_copy(update=changes)

    @property
    def spec(self) -> Spec:
        """Shape and target of a sample in the data, before the view."""
        panel = self.panel is not None
        return Spec(self.kind, self.shape, self.outputs, self.target, panel=panel)

    @property
    def model_spec(self) -> Spec:
        """Shape and target of a sample that the model reads, after the view."""
        if self.view == "rows":
            channels, height, width = self.shape
            return Spec("sequence", (height, width * channels), self.outputs, self.target)
        shape = (*self.shape[:-1], self.width) if self.columns else self.shape
        if self.view == "vector":
            return replace(self.spec, kind="vector", shape=(prod(shape),))
        table = bool(self.columns) and self.kind == "vector"
        return replace(self.spec, shape=shape, table=table)

    @property
    def width(self) -> int:
        """The number of features of the columns of a row."""
        return sum(encode.widths(self.columns))
