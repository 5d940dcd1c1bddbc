"""Sentences of reports, pictures and grades, in English and Korean: `say(lang, key, **values)`.

The sentences are data, in en.json and ko.json. Both files have the same keys and use the same
values. Korean sentences are worded so that no particle depends on a value.

Beside Python's format specifications a template may use two of its own, so that words agree with
numbers: `{count:# test sample}` is "1 test sample" or "1,024 test samples" (see errors.quantity),
and `{count:?has/have}` is the first word for 1, else the second.
"""

import json
import string
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from etude.errors import quantity

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = get_args(Lang)


class _Words(string.Formatter):
    """`str.format`, and the two specifications for words that agree with a number."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec.startswith("# "):
            return quantity(value, format_spec[2:])
        if format_spec.startswith("?"):
            one, many = format_spec[1:].split("/")
            return one if value == 1 else many
        return super().format_field(value, format_spec)


_WORDS = _Words()


@cache
def texts(lang: Lang) -> Mapping[str, str]:
    """Every template of a language by its key."""
    found: dict[str, str] = json.loads(
        files("etude.locale").joinpath(f"{lang}.json").read_text(encoding="utf-8")
    )
    return found


def has_text(key: str) -> bool:
    """Whether there is a sentence of this key."""
    return key in texts("en")


def say(lang: Lang, key: str, **values: Any) -> str:
    """The sentence of this key with these values; a `goal` is written as its metric's name."""
    if "goal" in values:
        values["goal"] = metric(values["goal"], lang)
    return _WORDS.vformat(texts(lang)[key], (), values)


def metric(goal: str, lang: Lang = "en") -> str:
    """A goal's name in words: "mae" is "mean absolute error". A name that is not known stays."""
    return texts(lang).get(f"metric.{goal}", goal)


def counted(lang: Lang, what: str, count: int) -> str:
    """A count with its noun: "1 seed", "5 seeds". what: a key `count.WHAT`."""
    return say(lang, f"count.{what}", count=count)


def label_of(lang: Lang, kind: str, code: str) -> str:
    """The text of a role, a variant or what held; the code itself where there is none."""
    return say(lang, f"{kind}_{code}") if has_text(f"{kind}_{code}") else code


def word(lang: Lang, value: Any) -> Any:
    """A fact in the language of the sentence, where there are words for it."""
    return say(lang, f"word_{value}") if has_text(f"word_{value}") else value
