"""The notes on a data set in words, for tests that read them."""

import re
from collections.abc import Iterable

from etude.locale.texts import LANGS, Text, render


def english(notes: Iterable[str | Text]) -> tuple[str, ...]:
    """The notes in English. Fails for a note that lacks a template or values in a language: such a
    note is shown with its key."""
    words = {lang: [] for lang in LANGS}
    for note in notes:
        for lang in LANGS:
            words[lang].append(render(lang, note))
            assert not re.search(r"data\.(note|split|kind)\.|list\.", words[lang][-1])
    return tuple(words["en"])
