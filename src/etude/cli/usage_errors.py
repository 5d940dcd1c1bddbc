"""Usage errors: one message for a command that cannot be parsed, with a correction to type.

The parser's own messages are English and name types of Python, so they are not shown: each kind of
error has a sentence of ours.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import get_args

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

import etude
from etude.config import nearest
from etude.errors import InvalidValue, UsageError
from etude.flags import FIELDS
from etude.locale.texts import Sentence, Text, text

TAKE_DATA = ("train", "tune", "compare")
MEANINGS = {"RUN": text("cli.missing.run"), "WHAT": text("cli.missing.what")}
"""What to write for an argument that is missing."""
KINDS = {bool: "cli.switch", float: "cli.number", int: "cli.integer"}
"""The sentence for a value that is not of a type."""


def usage_error(error: CycloptsError, words: Sequence[str], commands: Sequence[str]) -> UsageError:
    """The error of the parser on `words` as a message that suggests a correction."""
    verb = words[0] if words and not words[0].startswith("-") else ""
    command = verb or "etude"
    help_command = f"etude {verb} --help".replace("  ", " ")
    if isinstance(error, UnknownCommandError):
        return _unknown_command((error.unused_tokens or words)[0], commands)
    if isinstance(error, UnusedCliTokensError):
        return _unused_words(verb, list(error.unused_tokens or ()), words)
    name = error.argument.name if error.argument else ""
    if isinstance(error, MissingArgumentError):
        if name.startswith("-"):
            what = text("cli.needs_value", command=command, flag=error.keyword or name)
            return UsageError(what, do=help_command)
        return UsageError(text("cli.missing", command=command, name=name), do=_usage(verb, name))
    if isinstance(error, UnknownOptionError):
        options = [name for each in error.argument_collection for name in each.names]
        word = error.token.keyword or error.token.value
        return UsageError(_unknown_option(command, word, options), do=help_command)
    if isinstance(error, CoercionError):
        what = _wrong_value(command, name, error)
        return UsageError(what, do=text("cli.value.do", help=help_command))
    if isinstance(error, RepeatArgumentError):
        flag = error.token.keyword or name
        return UsageError(text("cli.repeated", command=command, flag=flag), do=help_command)
    # Rare mistakes for which there are only the parser's words.
    return UsageError(text("cli.parser", command=command, what=error), do=help_command)


def _usage(verb: str, name: str) -> Text:
    """How to write an argument that is missing."""
    if verb == "work":
        return text("cli.missing.work")
    return text("cli.missing.do", command=verb, name=name, meaning=MEANINGS.get(name, name))


def _wrong_value(command: str, name: str, error: CoercionError) -> Text:
    """The message for a value that a flag cannot have."""
    token = error.token
    flag = token.keyword or name if token else name
    value = token.value if token else ""
    if choices := [each for each in get_args(error.target_type) if isinstance(each, str)]:
        return text(
            "cli.choice", command=command, flag=flag, value=value, choices=choices,
            near=_near(value, choices),
        )  # fmt: skip
    if isinstance(error.__cause__, InvalidValue):
        what = error.__cause__.what
    else:
        what = text(KINDS.get(error.target_type or str, "cli.other_value"), value=value)
    return text("cli.value", command=command, flag=flag, what=what)


def _near(word: str, names: Sequence[str]) -> Sentence:
    """' Did you mean X?', or nothing if no name is near."""
    near = get_close_matches(word.lower(), names, 1)
    return text("nearest.one", name=near[0]) if near else ""


def _unused_words(verb: str, unused: list[str], words: Sequence[str]) -> UsageError:
    """The message for words that a command does not take."""
    hint, do = _correction(verb, unused, words)
    what = text("cli.unexpected", command=verb or "etude", words=" ".join(unused), hint=hint)
    help_command = f"etude {verb} --help"
    return UsageError(what, do=do or help_command)


def _correction(verb: str, unused: list[str], words: Sequence[str]) -> tuple[Sentence, str]:
    """(' Did you mean ...?', the command to type), or ('', '')."""
    word = unused[0]
    kind = etude.verbs.kind_of_word(word)
    rest = [other for other in words[1:] if other not in unused]
    if field := _field(word):
        value = unused[1] if len(unused) > 1 else "VALUE"
        return text("cli.hint.field", field=field, value=value), ""
    flag = ""
    if verb == "compare" and all(etude.verbs.kind_of_word(w) == "model" for w in word.split(",")):
        do = " ".join(["etude compare --model", word, *rest])
        return text("cli.hint.flag", flag="--model", value=word), do
    if verb in TAKE_DATA:
        first = rest[0] if rest and not rest[0].startswith("-") else ""
        if kind == "model" and first and etude.verbs.kind_of_word(first) in ("data", "file"):
            do = " ".join(["etude", verb, word, "--data", first, *rest[1:]])
            return text("cli.hint.model_first"), do
        flag = "--data" if kind in ("data", "file") else ""
    elif verb == "look" and (kind in ("view", "file") or word.isdigit()):
        flag = "--view" if kind == "view" else "--sample"
    elif verb == "generate":
        flag = "--out"
    elif kind == "run":
        return text("cli.hint.one_run"), f"etude {verb} {word}"
    if flag:
        do = " ".join(["etude", verb, *rest, flag, word])
        return text("cli.hint.flag", flag=flag, value=word), do
    return "", ""


def _field(word: str) -> str:
    """The training field that a word names, as `epochs`; '' if it is none."""
    name = word.replace("-", "_")
    return name if name in FIELDS else ""


def _unknown_option(command: str, word: str, options: Sequence[str]) -> Text:
    """The message for an option that a command does not have."""
    if re.match(r"-[\d.]", word):
        return text("cli.option.number", command=command, option=word)
    near = _near(word, options)
    if re.fullmatch(r"-[A-Za-z][\w-]+(=.*)?", word):
        near = text("cli.option.dashes", option=word)
    return text("cli.option", command=command, option=word, near=near)


def unknown_option(command: str, word: str, options: Sequence[str]) -> UsageError:
    """The message for an option that a command with any number of inputs does not have."""
    what = text("cli.option", command=command, option=word, near=_near(word, options))
    return UsageError(what, do=text("cli.option.dash_file"))


def _unknown_command(word: str, commands: Sequence[str]) -> UsageError:
    """The message for a first word that is no command."""
    kind = etude.verbs.kind_of_word(word)
    if kind == "run":
        do = f"etude look {word}"
        return UsageError(text("cli.command.run", word=word), do=do)
    if kind == "model":
        do = f"etude train {word} --data NAME"
        return UsageError(text("cli.command.model", word=word), do=do)
    if kind in ("data", "file"):
        do = f"etude train MODEL --data {word}"
        return UsageError(text("cli.command.data", word=word), do=do)
    do = "etude --help"
    return UsageError(text("cli.command", word=word, near=nearest(word, commands)), do=do)
