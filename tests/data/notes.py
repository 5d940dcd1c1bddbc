"""The notes on a data set in words, for tests that read them."""

from collections.abc import Iterable

from etude.locale.texts import Text, render


def english(notes: Iterable[str | Text]) -> tuple[str, ...]:
    """The notes in English."""
    return tuple(render("en", note) for note in notes)
