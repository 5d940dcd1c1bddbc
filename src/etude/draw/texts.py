"""Every sentence that a report says, in English and Korean: `say(lang, key, **values)`.

A key has a pair of templates, English first. They differ in words alone: a test holds that both
use the same values. Korean particles that depend on the word before are avoided, by wording.
"""

from typing import Any, Literal, get_args

from etude.draw.captions import CAPTIONS
from etude.draw.duels import DUELS
from etude.draw.faults import FAULTS
from etude.draw.searches import SEARCHES
from etude.draw.summary import SUMMARY

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = get_args(Lang)

TEXTS: dict[str, tuple[str, str]] = {**CAPTIONS, **SUMMARY, **DUELS, **SEARCHES, **FAULTS}


def say(lang: Lang, key: str, **values: Any) -> str:
    """The sentence of this key with these values in it."""
    return TEXTS[key][LANGS.index(lang)].format(**values)


def counted(lang: Lang, what: str, count: int) -> str:
    """A count with its noun: "1 seed", "5 seeds". what: a key `count.WHAT`, both numbers with a bar
    between them where the language has two."""
    one, _, many = say(lang, f"count.{what}", count=count).partition("|")
    return one if count == 1 or not many else many
