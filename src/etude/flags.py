"""Flags made from the recipe: every field of `train` is one, and key=value is --key value."""

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, make_dataclass
from typing import Annotated, Any, Literal, Optional, get_args

from cyclopts import Parameter

from etude.recipe import TrainDraft


def integer(kind: Any, tokens: Sequence[Any]) -> int:
    """A whole number; 1.5 is none, where cyclopts would round it."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number") from None


def flag(field: Any) -> Any:
    """A field of the recipe as a flag that may be left out."""
    kind = str if field.annotation is str else field.annotation
    converter = integer if int in (kind, *get_args(kind)) else None
    text = Parameter(help=field.description, converter=converter)
    return Annotated[Optional[kind], text]  # noqa: UP045


def range_flag(field: Any) -> Any:
    """A field of the recipe as a flag that takes a range or several values."""
    return Annotated[Optional[str], Parameter(help=field.description)]  # noqa: UP045


# Every field of Train is a flag; those not given stay None, and the recipe decides.
def flags_class(name: str, *but: str, of: Callable[[Any], Any] = flag) -> Any:
    """A dataclass of all these flags `but` some."""
    fields = [(k, of(entry), None) for k, entry in TrainDraft.model_fields.items() if k not in but]
    made: Any = make_dataclass(name, fields)
    made.__module__ = __name__  # cyclopts takes a class of the module `types` for a plain value
    return made


TrainFlags: Any = flags_class("TrainFlags")
# In a comparison these may be several.
CompareFlags: Any = flags_class("CompareFlags", "optimizer", "lr", "schedule")
TuneFlags: Any = flags_class("TuneFlags", "threads", of=range_flag)

Flags = Annotated[TrainFlags | None, Parameter(name="*")]
ComparisonFlags = Annotated[CompareFlags | None, Parameter(name="*")]
Sets = Annotated[list[str] | None, Parameter(name="--set", show=False, negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print one JSON object")]
OneOrMore = Annotated[str | None, Parameter(help="one, or several with commas")]
Sample = Annotated[str | None, Parameter(help="index into the test split, or a file")]
Lang = Annotated[
    Literal["en", "ko"],
    Parameter(
        help="language of reports and figures; without it ETUDE_LANG decides, then the locale",
        show_default=False,
    ),
]
Data = Annotated[str | None, Parameter(help="a name from `etude list`, or a path")]
Seed = Annotated[int | None, Parameter(help="random seed", converter=integer)]
MovedData = Annotated[
    str | None, Parameter(name="--data", help="new path of the run's data, if they were moved")
]
SkipBad = Annotated[
    bool, Parameter(negative="", help="leave out samples that cannot be used, and name them")
]


def recipe_fields(
    flags: Any, sets: Sequence[str] | None, seed: int | None = None, skip_bad: bool = False
) -> dict[str, Any]:
    """Fields of the recipe from flags and from path=value words."""
    fields = {k: v for k, v in (asdict(flags) if flags else {}).items() if v is not None}
    if seed is not None:
        fields["seed"] = seed
    if skip_bad:
        fields["data.skip_bad"] = True
    for word in sets or ():
        key, _, text = word.partition("=")
        fields[key] = value(text)
    return fields


def value(text: str) -> Any:
    """A plain JSON value, a list where there are commas, else the text itself."""
    for attempt in (text, f"[{text}]"):
        try:
            if attempt == text or "," in text:
                return json.loads(attempt)
        except (ValueError, RecursionError):
            continue
    return text.split(",") if "," in text else text


ASSIGNMENT = re.compile(r"(?:--)?([A-Za-z_][\w-]*(?:\.\w+)*)=(.*)", re.DOTALL)


FIELDS = frozenset(TrainDraft.model_fields) | {"seed", "data", "name"}
"""Fields that have a flag of their own, as key=value words name them."""
SWITCHES = ("--json", "--skip-bad", "--different-data", "--help", "--version")
"""Flags without a value."""
NEGATIVE = re.compile(r"-(?:[\d.].*|(?:inf|infinity|nan)(?:,.*)?)", re.IGNORECASE | re.DOTALL)
"""A word that is a negative number, or begins with one, as -0.5,1.2; no flag looks like that."""
OWN = ("check",)
"""Verbs of which key=value words are names of the user's own, and stay as they are."""


def _takes_value(word: str) -> bool:
    """Whether a word is a flag whose value comes next."""
    return word.startswith("--") and "=" not in word and word not in SWITCHES


def as_flags(arguments: Sequence[str]) -> list[str]:
    """key=value as --key=value; a path of the recipe (model.depth=4, --model.depth 4) as --set. A
    negative number after a flag is its value. What follows `--` stays as it is."""
    if arguments and arguments[0] in OWN:
        return list(arguments)
    found: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":  # what follows is no option, whatever it looks like
            return [*found, word, *rest]
        if NEGATIVE.fullmatch(word) and found and _takes_value(found[-1]):
            found[-1] += f"={word}"
            continue
        match = ASSIGNMENT.fullmatch(word)
        if word.startswith("--") and not match and "." in word.split("=")[0] and rest:
            match = ASSIGNMENT.fullmatch(f"{word}={rest.pop(0)}")
        if match is None or os.path.exists(word):
            found.append(word)
        elif "." in match[1] or match[1] == "task":
            found += ["--set", f"{match[1]}={match[2]}"]
        else:
            found.append(f"--{match[1].replace('_', '-')}={match[2]}")
    return found
