"""The notes and the errors on a data set in words, for tests that read them."""

import json
import re
from collections.abc import Iterable

from etude.locale.texts import LANGS, Text, render


def english(notes: Iterable[str | Text]) -> tuple[str, ...]:
    """The notes, or the items of an error, in English. Fails for one that lacks a template or
    values in a language: it is shown with its key."""
    words = {lang: [] for lang in LANGS}
    for note in notes:
        for lang in LANGS:
            words[lang].append(render(lang, note))
            assert not re.search(r"data\.[a-z]+\.[a-z]|list\.", words[lang][-1])
    return tuple(words["en"])


def stored(notes: Iterable[object]) -> list[Text]:
    """The notes as they are in JSON, as Texts."""
    return [Text.model_validate_json(json.dumps(note)) for note in notes]
