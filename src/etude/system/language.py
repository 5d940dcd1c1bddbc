"""The language that a person wants, where no flag or argument names it."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise

from etude.errors import UsageError
from etude.locale.texts import LANGS, Lang, text

VARIABLE = "ETUDE_LANG"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Environment variables of the locale; the first that is set decides, as POSIX says."""


def preferred(environ: Mapping[str, str] = os.environ) -> Lang:
    """The language of the command line without --lang: that of ETUDE_LANG; without it that of the
    locale, and English if étude does not speak it.

    Raises UsageError if ETUDE_LANG names a language that étude does not speak.
    """
    if value := environ.get(VARIABLE):
        if lang := _spoken(value):
            return lang
        raise UsageError(
            text("language.unknown", variable=VARIABLE, value=value),
            do=text("language.unknown.do", langs=LANGS),
        )
    value = next((environ[name] for name in LOCALE if environ.get(name)), "")
    return _spoken(value) or "en"


def language_of(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> Lang:
    """The language of the messages of a command: that of --lang, else the preferred one.

    Works before the words are parsed, and whatever is wrong with them: then English.
    """
    words = words[: words.index("--")] if "--" in words else words  # no option follows it
    named = [after for before, after in pairwise(words) if before == "--lang"]
    named += [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    if named:
        return _spoken(named[-1]) or "en"
    try:
        return preferred(environ)
    except UsageError:  # the command reports it where it asks for the language itself
        return "en"


def _spoken(name: str) -> Lang | None:
    """The language of a name such as ko, ko_KR.UTF-8 or ko-KR; None if there are no texts in it."""
    code = name.lower().replace("-", "_").split(".")[0].split("_")[0]
    return next((lang for lang in LANGS if lang == code), None)
