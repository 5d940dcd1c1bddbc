"""Sentences of reports, pictures and grades, in English and Korean: `say(lang, key, **values)`.

The sentences are data, in en.json and ko.json. Both files have the same keys and use the same
values. Korean sentences are worded so that no particle depends on a value.

Beside Python's format specifications a template may use two of its own, so that words agree with
numbers: `{count:# test sample}` is "1 test sample" or "1,024 test samples" (see errors.quantity),
and `{count:?has/have}` is the first word for 1, else the second. A value may be several texts:
`{names}` joins them by commas, `{names: = }` by what follows the colon.

A sentence that is made in one place and read in another, perhaps from a file, is a `Text`: its key
and its values, which `render` puts into words.
"""

import json
import string
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from etude.config import Config
from etude.errors import quantity

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = get_args(Lang)


class _Words(string.Formatter):
    """`str.format`, the two specifications for words that agree with a number, and lists."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, tuple):
            return (format_spec or ", ").join(value)
        if format_spec.startswith("# "):
            return quantity(value, format_spec[2:])
        if format_spec.startswith("?"):
            one, many = format_spec[1:].split("/")
            return one if value == 1 else many
        return super().format_field(value, format_spec)


_WORDS = _Words()


class Text(Config):
    """A sentence as data: the key of its template and the values in it. JSON holds it as an object
    of these two (`plain`, `read`)."""

    key: str
    values: dict[str, "Value"] = {}


Value = str | int | float | Text | tuple[str | Text, ...]
"""A value of a Text. A Text in it is put into words in the language of the whole."""
Text.model_rebuild()


def text(key: str, **values: Value) -> Text:
    """The sentence of this key with these values, in no language yet."""
    return Text(key=key, values=values)


def listed(items: Sequence[str | Text], total: int) -> Value:
    """The first items of `total` as one value; the others are counted."""
    more = total - len(items)
    return text("list.more", items=tuple(items), more=more) if more else tuple(items)


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


def render(lang: Lang, sentence: str | Text) -> str:
    """The sentence in words. Results of version 0.1.0 have strings, which stay as they are.

    A Text may come from a stranger's file or a later version. If there is no template for its key,
    or its values do not fit the template, the result shows both as they are.
    """
    if isinstance(sentence, str):
        return sentence
    values = {name: _rendered(lang, value) for name, value in sentence.values.items()}
    try:
        return say(lang, sentence.key, **values)
    # No key; no value, or one of a wrong type; a value with the name of a parameter of `say`.
    except (LookupError, ValueError, TypeError):
        shown = ", ".join(f"{name}: {value}" for name, value in values.items())
        return f"{sentence.key} ({shown})"


def _rendered(lang: Lang, value: Value) -> str | int | float | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(render(lang, item) for item in value)
    return render(lang, value) if isinstance(value, Text) else value


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
