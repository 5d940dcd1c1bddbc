"""A view: one way to look at a trained run. A file in `views/` that declares VIEW, and a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from etude.render.style import Ink, Picture, picture

if TYPE_CHECKING:
    from etude.inspection.subject import Subject


@dataclass(frozen=True)
class Shown(Picture):
    """A picture, and the arrays behind it by name. notice: one sentence, in the language of the
    look, on what to notice in it, with numbers from the arrays; "" where there is nothing."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    notice: str = ""

    def __repr__(self) -> str:
        arrays = ", ".join(f"{key} {list(x.shape)}" for key, x in self.arrays.items())
        return f"Shown({self.name!r}: {arrays})"

    def _repr_png_(self) -> bytes:
        """As a notebook shows it."""
        return self.light


@dataclass(frozen=True)
class Notice:
    """What to notice in a picture, in words; numbers: those in it, which are kept as arrays."""

    text: str
    numbers: Mapping[str, float]


def notice(subject: "Subject", key: str, **values: Any) -> Notice:
    """The sentence of this key, in the language of the look."""
    numbers = {k: float(v) for k, v in values.items() if not isinstance(v, str)}
    return Notice(subject.say(key, **values), numbers)


@dataclass(frozen=True)
class View:
    """summary: one line on what it shows. fits: "" where it can be drawn, else why not, in words.
    draw: its pictures. rank: where it stands in a report; the lower, the earlier."""

    summary: str
    fits: Callable[["Subject"], str]
    draw: Callable[["Subject"], list[Shown]]
    rank: int = 50


def shown(
    name: str,
    title: str,
    alt: str,
    paint: Callable[[Any, Ink], None],
    size: tuple[float, float],
    notice: Notice | None = None,
    **arrays: Any,
) -> Shown:
    """Draw by `paint(figure, ink)`, as draw.style.picture does, and keep the arrays."""
    return with_arrays(picture(name, title, alt, paint, size), notice, **arrays)


def with_arrays(drawn: Picture, notice: Notice | None = None, **arrays: Any) -> Shown:
    """A picture that was drawn otherwise, with the arrays behind it. The numbers of the notice are
    one of them, `noticed`, in the order in which the view gave them."""
    kept = {key: np.asarray(value) for key, value in arrays.items()}
    if notice is None:
        return Shown(**vars(drawn), arrays=kept)
    kept["noticed"] = np.array(list(notice.numbers.values()), np.float64)
    return Shown(**vars(drawn), arrays=kept, notice=notice.text)
