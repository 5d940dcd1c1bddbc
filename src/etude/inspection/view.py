"""A view draws one aspect of a trained run. It is a file in `views/` that declares VIEW; the name
of the file is the name of the view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from etude.locale.texts import Sentence, has_text
from etude.render.style import Ink, Picture, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from etude.inspection.subject import Subject


@dataclass(frozen=True)
class ViewPicture(Picture):
    """A picture with the arrays that it shows, by name.

    notice: one sentence on what to notice in it, in the language of the output, with numbers from
    the arrays; "" if there is none.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    notice: str = ""

    def __repr__(self) -> str:
        arrays = ", ".join(f"{key} {list(x.shape)}" for key, x in self.arrays.items())
        return f"ViewPicture({self.name!r}: {arrays})"

    def _repr_png_(self) -> bytes:
        """The light version, for IPython and Jupyter."""
        return self.light


@dataclass(frozen=True)
class Notice:
    """A sentence on what to notice in a picture. numbers: its values, stored with the arrays."""

    text: str
    numbers: Mapping[str, float]


def notice(subject: "Subject", key: str, **values: str | SupportsFloat) -> Notice:
    """The notice of this key, in the language of the output."""
    # Sentences may contain names; only numbers can be checked against the arrays.
    numbers = {k: float(v) for k, v in values.items() if not isinstance(v, str)}
    return Notice(subject.say(key, **values), numbers)


@dataclass(frozen=True)
class View:
    """One view.

    summary: one line on what it shows. fits: returns "" if the view can be drawn, else a sentence
    with the reason. draw: returns its pictures. rank: its place in a report; lower ranks come
    first. A view of a plugin, which has no texts, writes its summary and its reasons as strings.
    """

    summary: Sentence
    fits: Callable[["Subject"], Sentence]
    draw: Callable[["Subject"], list[ViewPicture]]
    rank: int = 50


def view_picture(
    subject: "Subject",
    name: str,
    alt: str,
    paint: Callable[["Figure", Ink], None],
    size: tuple[float, float],
    notice: Notice | None = None,
    **arrays: ArrayLike,
) -> ViewPicture:
    """Draw with `paint(figure, ink)`, as render.style.picture does, and attach the arrays.

    The title is the text `NAME.title`; a view of a plugin, which has no texts, has its own name.
    """
    key = f"{name}.title"
    title = subject.say(key) if has_text(key) else name.replace("-", " ").capitalize()
    return with_arrays(picture(name, title, alt, paint, size, subject.lang), notice, **arrays)


def with_arrays(base: Picture, notice: Notice | None = None, **arrays: ArrayLike) -> ViewPicture:
    """Attach arrays to an existing picture.

    The numbers of the notice become the array `noticed`, in the order of the view's arguments.
    """
    stored = {key: np.asarray(value) for key, value in arrays.items()}
    if notice is None:
        return ViewPicture(**vars(base), arrays=stored)
    stored["noticed"] = np.array(list(notice.numbers.values()), np.float64)
    return ViewPicture(**vars(base), arrays=stored, notice=notice.text)
