"""Every sentence that a person sees, in English and Korean: `say(lang, key, **values)`.

The sentences are data, in en.json and ko.json. Both files have the same keys and use the same
values. Korean sentences are worded so that no particle depends on a value.

Beside Python's format specifications a template may use three of its own, so that words agree with
numbers: `{count:# test sample}` is "1 test sample" or "1,024 test samples" (see `quantity`),
and `{count:?has/have}` is the first word for 1, else the second. `{name:@ko}` is the name of a
sample in Korean, where a source made the name (see `sample_name`). A value may be several texts:
`{names}` joins them by commas, `{names: = }` by what follows the colon.

A sentence that is made in one place and read in another, perhaps from a file, is a `Text`: its key
and its values, which `render` puts into words.
"""

import json
import re
import string
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from numbers import Integral
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = get_args(Lang)


def quantity(number: int, noun: str) -> str:
    """A number and its noun, in agreement: "1 layer", "2 layers", "1,024 samples", "1 class".

    A noun with an irregular plural is passed as "axis/axes".
    """
    return f"{number:,} {noun.split('/')[0] if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun, or of the last word of a phrase; see `quantity`."""
    singular, _, irregular = noun.partition("/")
    if irregular:
        return irregular
    # -y after a consonant: "entries" but "arrays".
    if singular.endswith("y") and singular[-2:-1] not in "aeiou":
        return f"{singular[:-1]}ies"
    # "tch", not "ch": "batches" but "epochs".
    return f"{singular}es" if singular.endswith(("s", "x", "tch", "sh")) else f"{singular}s"


class _Words(string.Formatter):
    """`str.format`, the three specifications of a template, and lists."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, tuple):
            return (format_spec or ", ").join(value)
        if format_spec.startswith("# "):
            return quantity(value, format_spec[2:])
        if format_spec.startswith("?"):
            one, many = format_spec[1:].split("/")
            return one if value == 1 else many
        if format_spec == "@ko":
            return sample_name("ko", value)
        return super().format_field(value, format_spec)


_WORDS = _Words()


class Text(BaseModel):
    """A sentence as data: the key of its template and the values in it. JSON holds it as an object
    of these two."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    key: str
    values: dict[str, "Value"] = {}


Value = str | int | float | Text | tuple[str | Text, ...]
"""A value of a Text. A Text in it is put into words in the language of the whole."""
Text.model_rebuild()
Sentence = str | Text
"""A sentence, or words in no language: a path, a name, what a library says."""


def text(key: str, **values: object) -> Text:
    """The sentence of this key with these values, in no language yet.

    A value that is no number, text or tuple of texts, such as a path, is taken by its `str`.
    """
    return Text.model_construct(key=key, values={k: _value(v) for k, v in values.items()})


def _value(value: object) -> Value:
    if isinstance(value, str | int | float | Text):
        return value
    if isinstance(value, Integral):  # an integer of numpy, which `{:,}` shall format
        return int(value)
    if isinstance(value, tuple | list):
        return tuple(item if isinstance(item, Text) else str(item) for item in value)
    return str(value)


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


def say(lang: Lang, key: str, **values: object) -> str:
    """The sentence of this key with these values; a `goal` is written as its metric's name."""
    if "goal" in values:
        values["goal"] = metric(str(values["goal"]), lang)
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


SAMPLE_NAMES = (
    ("sample.row", re.compile(r"row (?P<number>[0-9]+)")),
    ("sample.row.split", re.compile(r"(?P<split>train|val|test) row (?P<number>[0-9]+)")),
    ("sample.window", re.compile(r"window (?P<number>[0-9]+)")),
    ("sample.months", re.compile(r"(?P<first>[0-9]{4}-[0-9]{2}) to (?P<last>[0-9]{4}-[0-9]{2})")),
    ("sample.line", re.compile(r"(?P<file>.+\.ts(?:\.gz)?) line (?P<line>[0-9]+)", re.DOTALL)),
)
"""The names that sources make for samples, and the texts that say the same."""


def sample_name(lang: Lang, name: object) -> str:
    """The name of a sample in words: that of a file stays, one that a source made is translated.

    Names are stored in English, because a run must not depend on the language of the user.
    """
    for key, form in SAMPLE_NAMES:
        if match := form.fullmatch(str(name)):
            values = match.groupdict()
            if "split" in values:
                values["split"] = say(lang, f"data.split.{values['split']}")
            return say(lang, key, **values)
    return str(name)


def unit_name(lang: Lang, unit: str) -> str:
    """A unit in words: that of the data stays, one of ours is translated."""
    return say(lang, "unit.pixels") if unit == say("en", "unit.pixels") else unit


def counted(lang: Lang, what: str, count: int) -> str:
    """A count with its noun: "1 seed", "5 seeds". what: a key `count.WHAT`."""
    return say(lang, f"count.{what}", count=count)


def label_of(lang: Lang, kind: str, code: str) -> str:
    """The text of a role, a variant or what held; the code itself where there is none."""
    return say(lang, f"{kind}_{code}") if has_text(f"{kind}_{code}") else code


def word(lang: Lang, value: object) -> object:
    """A fact in the language of the sentence, where there are words for it."""
    return say(lang, f"word_{value}") if has_text(f"word_{value}") else value
