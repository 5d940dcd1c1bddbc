"""Flags made from the recipe: one for each field of `train`; key=value is --key value.

The help of a flag is the key of its text; see cli/help_pages.py.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, get_args

from cyclopts import Parameter, Token
from pydantic.fields import FieldInfo

from etude.errors import InvalidValue
from etude.locale.texts import text
from etude.recipe import MAPPINGS, TrainDraft
from etude.system.limits import Plain

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def integer(kind: object, tokens: Sequence[Token]) -> int:
    """Parse a whole number for cyclopts. Raises InvalidValue for any other word, also for 1.5."""
    # cyclopts' own conversion would round 1.5 without an error.
    try:
        return int(tokens[0].value)
    except ValueError:
        raise InvalidValue(text("cli.integer", value=tokens[0].value)) from None


def flag(field: FieldInfo) -> object:
    """The type of an optional flag for a field of the recipe."""
    kind = str if field.annotation is str else field.annotation
    converter = integer if int in (kind, *get_args(kind)) else None
    parameter = Parameter(help=field.description, converter=converter)
    return Annotated[Optional[kind], parameter]  # noqa: UP045


def range_flag(field: FieldInfo) -> object:
    """The type of an optional flag that takes a range or several values of a field."""
    # Text, whatever the field's type: "1e-4..1e-1" is parsed by the search.
    return Annotated[Optional[str], Parameter(help=field.description)]  # noqa: UP045


def flags_class(name: str, *excluded: str, make_flag: Callable[[FieldInfo], object] = flag) -> type:
    """A dataclass with one flag per field of `train`, without the `excluded` ones.

    A flag that the user leaves out is None: then the recipe decides.
    """
    fields = [
        (key, make_flag(entry), None)
        for key, entry in TrainDraft.model_fields.items()
        if key not in excluded
    ]
    flags = make_dataclass(name, fields)
    flags.__module__ = __name__  # cyclopts takes a class of the module `types` for a plain value
    return flags


TrainFlags: Any = flags_class("TrainFlags")
# These three are flags of `compare` itself, where each may have several values.
CompareFlags: Any = flags_class("CompareFlags", "optimizer", "lr", "schedule")
TuneFlags: Any = flags_class("TuneFlags", "threads", make_flag=range_flag)

Flags = Annotated[TrainFlags | None, Parameter(name="*")]
ComparisonFlags = Annotated[CompareFlags | None, Parameter(name="*")]
Sets = Annotated[list[str] | None, Parameter(name="--set", show=False, negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="help.flag.json")]
OneOrMore = Annotated[str | None, Parameter(help="help.flag.one_or_more")]
Sample = Annotated[str | None, Parameter(help="help.flag.sample")]
Lang = Annotated[Literal["en", "ko"], Parameter(help="help.flag.lang", show_default=False)]
Data = Annotated[str | None, Parameter(help="help.flag.data")]
Seed = Annotated[int | None, Parameter(help="help.flag.seed", converter=integer)]
Log = Annotated[str | None, Parameter(help="help.flag.log")]
MovedData = Annotated[str | None, Parameter(name="--data", help="help.flag.moved_data")]
SkipBad = Annotated[bool, Parameter(negative="", help="help.flag.skip_bad")]


def recipe_fields(
    flags: "DataclassInstance | None",
    sets: Sequence[str] | None,
    seed: int | None = None,
    skip_bad: bool = False,
) -> Plain:
    """The fields of the recipe, by path, that flags and path=value words set.

    flags: an instance of a `flags_class`, or None. sets: the words after --set.
    """
    fields = {k: v for k, v in (asdict(flags) if flags else {}).items() if v is not None}
    if seed is not None:
        fields["seed"] = seed
    if skip_bad:
        fields["data.skip_bad"] = True
    for word in sets or ():
        key, _, written = word.partition("=")
        fields[key] = value(written)
    return fields


def value(word: str) -> object:
    """Parse the word of a field: a JSON value, a list if it has commas, else the text itself."""
    # RecursionError: json.loads of "[[[[..." nests one call per bracket.
    for attempt in (word, f"[{word}]"):
        try:
            if attempt == word or "," in word:
                return json.loads(attempt)
        except (ValueError, RecursionError):
            continue
    return word.split(",") if "," in word else word  # names need no quotes: optimizer=sgd,adam


NAMED = "|".join(re.escape(field) for field in MAPPINGS)
ASSIGNMENT = re.compile(rf"(?:--)?((?:{NAMED})\.[^=]+|[A-Za-z_][\w-]*(?:\.\w+)*)=(.*)", re.DOTALL)
"""key=value; the name of a column or of a class may have any characters but =."""


FIELDS = frozenset(TrainDraft.model_fields) | {"seed", "data", "name", "log"}
"""Fields that have a flag of their own, as key=value words name them."""
SWITCHES = (
    "--json", "--skip-bad", "--different-data", "--dry", "--private", "--public", "--help",
    "--version",
)  # fmt: skip
"""Flags without a value."""
NEGATIVE = re.compile(r"-(?:[\d.].*|(?:inf|infinity|nan)(?:,.*)?)", re.IGNORECASE | re.DOTALL)
"""A word that is a negative number, or begins with one, as -0.5,1.2; no flag looks like that."""
VERBS_WITH_OWN_NAMES = ("check",)
"""Verbs whose key=value words have names that the user chooses, so they are not flags."""


def _takes_value(word: str) -> bool:
    """Whether a word is a flag whose value comes next."""
    return word.startswith("--") and "=" not in word and word not in SWITCHES


def as_flags(arguments: Sequence[str]) -> list[str]:
    """Rewrite the words of a command as flags: key=value becomes --key=value, and a path of the
    recipe (model.depth=4, --model.depth 4) becomes --set.

    A negative number after a flag is joined to it as its value. Words after `--` do not change.
    """
    if arguments and arguments[0] in VERBS_WITH_OWN_NAMES:
        return list(arguments)
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":  # by convention, no option follows it
            return [*words, word, *rest]
        # Joined, because a parser takes a word that starts with "-" for the next flag.
        if NEGATIVE.fullmatch(word) and words and _takes_value(words[-1]):
            words[-1] += f"={word}"
            continue
        match = ASSIGNMENT.fullmatch(word)
        if word.startswith("--") and not match and "." in word.split("=")[0] and rest:
            match = ASSIGNMENT.fullmatch(f"{word}={rest.pop(0)}")
        if match is None or os.path.exists(word):  # the name of a file may contain "="
            words.append(word)
        elif "." in match[1] or match[1] == "task":
            words += ["--set", f"{match[1]}={match[2]}"]
        else:
            words.append(f"--{match[1].replace('_', '-')}={match[2]}")
    return words
