"""Every sentence that a report says, in English and Korean: `say(lang, key, **values)`.

A key has a pair of templates, English first. They differ in words alone: a test holds that both
use the same values. Korean particles that depend on the word before are avoided, by wording.

Beside Python's format specifications a template may use two of its own, so that words agree with
numbers: `{count:# test sample}` is "1 test sample" or "1,024 test samples" (see errors.quantity),
and `{count:?has/have}` is the first word for 1, else the second.
"""

import string
from typing import Any, Literal, get_args

from etude.errors import quantity
from etude.locale.captions import CAPTIONS
from etude.locale.comparisons import DUELS
from etude.locale.faults import FAULTS
from etude.locale.pages import PAGES
from etude.locale.sanity import FIRST_AID
from etude.locale.searches import SEARCHES
from etude.locale.summary import SUMMARY

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = get_args(Lang)

TEXTS: dict[str, tuple[str, str]] = {
    **CAPTIONS, **SUMMARY, **PAGES, **FIRST_AID, **DUELS, **SEARCHES, **FAULTS,
}  # fmt: skip

MODELS = {"resnet": "ResNet", "vit": "ViT"}
"""Names of models that are written neither in capitals (up to four letters) nor as a word."""


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


def say(lang: Lang, key: str, **values: Any) -> str:
    """The sentence of this key with these values in it; a `goal` is written as its metric's name,
    a `model` as its display name."""
    if "goal" in values:
        values["goal"] = metric(values["goal"], lang)
    if "model" in values:
        values["model"] = model_name(values["model"])
    return _WORDS.vformat(TEXTS[key][LANGS.index(lang)], (), values)


def metric(goal: str, lang: Lang = "en") -> str:
    """A goal's name in words: "mae" is "mean absolute error". A name that is not known stays."""
    pair = TEXTS.get(f"metric.{goal}")
    return pair[LANGS.index(lang)] if pair else goal


def model_name(name: str) -> str:
    """How a model's name is written in a sentence: MLP, ViT, Transformer."""
    return MODELS.get(name, name.upper() if len(name) <= 4 else name.capitalize())


def counted(lang: Lang, what: str, count: int) -> str:
    """A count with its noun: "1 seed", "5 seeds". what: a key `count.WHAT`, both numbers with a bar
    between them where the language has two."""
    one, _, many = say(lang, f"count.{what}", count=count).partition("|")
    return one if count == 1 or not many else many


def said_of(lang: Lang, kind: str, code: str) -> str:
    """The text of a role, a variant or what held; the code itself where there is none."""
    return say(lang, f"{kind}_{code}") if f"{kind}_{code}" in TEXTS else code


def word(lang: Lang, value: Any) -> Any:
    """A fact in the language of the sentence, where there are words for it."""
    return say(lang, f"word_{value}") if f"word_{value}" in TEXTS else value
