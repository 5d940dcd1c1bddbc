"""Usage errors: one message for a command that cannot be parsed, with a correction to type."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from etude.errors import UsageError
from etude.flags import FIELDS

TAKE_DATA = ("train", "tune", "compare")
ARGUMENTS = {"RUN": "runs/NAME (your runs: etude list)", "WHAT": "a file, FILE:Name or a folder"}
NUMBER = re.compile(r'unable to convert "(.*)" into (?:float|int)\.?', re.DOTALL)


def usage_error(error: CycloptsError, words: Sequence[str]) -> UsageError:
    """The error of the parser on `words` as a message that suggests a correction."""
    verb = words[0] if words and not words[0].startswith("-") else ""
    command = verb or "etude"
    do = f"etude {verb} --help".replace("  ", " ")
    if isinstance(error, UnusedCliTokensError):
        return _unused_words(verb, list(error.unused_tokens or ()), words)
    if isinstance(error, MissingArgumentError):
        name = error.argument.name if error.argument else ""
        if name.startswith("-"):
            return UsageError(f"{command}: {name} needs a value after it.", do=do)
        return UsageError(f"{command}: {name} is missing.", do=_usage(verb, name))
    if isinstance(error, UnknownOptionError):
        return _unknown_option(str(error), command, error.token.keyword or error.token.value, do)
    if isinstance(error, UnknownCommandError):
        return _unknown_command(str(error), words)
    if isinstance(error, CoercionError):
        # The parser names Python types, int and float, which say little to a user.
        text = NUMBER.sub(r"'\1' is not a number", str(error))
        return UsageError(f"{command}: {text}", do=f"{do} shows what is expected.")
    return UsageError(f"{command}: {error}", do=do)


def _usage(verb: str, name: str) -> str:
    if verb == "work":
        return "etude work STORAGE NAME, as the search or the comparison printed it"
    return f"etude {verb} {name}, with {name} = {ARGUMENTS.get(name, name)}"


def _unused_words(verb: str, unused: list[str], words: Sequence[str]) -> UsageError:
    """The message for words that a command does not take."""
    shown = " ".join(unused)
    hint, do = _correction(verb, unused, words)
    what = f"{verb or 'etude'}: {shown!r} is not expected here.{hint}"
    return UsageError(what, do=do or f"etude {verb} --help")


def _correction(verb: str, unused: list[str], words: Sequence[str]) -> tuple[str, str]:
    """(' Did you mean ...?', the command to type), or ('', '')."""
    from etude import verbs

    word = unused[0]
    kind = verbs.kind_of_word(word)
    rest = [other for other in words[1:] if other not in unused]
    if field := _field(word):
        value = unused[1] if len(unused) > 1 else "VALUE"
        return f" Did you mean {field}={value}?", ""
    if verb in TAKE_DATA:
        first = rest[0] if rest and not rest[0].startswith("-") else ""
        if verb == "compare" and all(verbs.kind_of_word(w) == "model" for w in word.split(",")):
            do = " ".join(["etude compare --model", word, *rest])
            return f" Did you mean --model {word}?", do
        if kind == "model" and first and verbs.kind_of_word(first) in ("data", "file"):
            others = " ".join(["", *rest[1:]])
            return " The model comes first.", f"etude {verb} {word} --data {first}{others}"
        if kind in ("data", "file"):
            return f" Did you mean --data {word}?", " ".join(["etude", verb, *rest, "--data", word])
        return "", ""
    if verb == "look" and (kind in ("view", "file") or word.isdigit()):
        flag = "--view" if kind == "view" else "--sample"
        return f" Did you mean {flag} {word}?", " ".join(["etude", verb, *rest, flag, word])
    if verb == "generate":
        return f" Did you mean --out {word}?", " ".join(["etude generate", *rest, "--out", word])
    if kind == "run":
        return " One run at a time.", f"etude {verb} {word}"
    return "", ""


def _field(word: str) -> str:
    """The training field that a word names, as `epochs`; '' if it is none."""
    name = word.replace("-", "_")
    return name if name in FIELDS else ""


def _unknown_option(text: str, command: str, word: str, do: str) -> UsageError:
    if re.fullmatch(r"-[A-Za-z][\w-]+(=.*)?", word) and not word.startswith("--"):
        text = f"Unknown option: {word}. Did you mean -{word}? Long names take two dashes."
    elif re.match(r"-[\d.]", word):
        text = f"{word!r}: no number is expected here."
    return UsageError(f"{command}: {text}", do=do)


def _unknown_command(text: str, words: Sequence[str]) -> UsageError:
    from etude import verbs

    word = words[0] if words else ""
    kind = verbs.kind_of_word(word)
    if kind == "run":
        return UsageError(f"{word!r} is a run, not a command.", do=f"etude look {word}")
    if kind == "model":
        do = f"etude train {word} --data NAME"
        return UsageError(f"{word!r} is a model, not a command.", do=do)
    if kind in ("data", "file"):
        do = f"etude train MODEL --data {word}"
        return UsageError(f"{word!r} is data, not a command.", do=do)
    return UsageError(text, do="etude --help")


def unknown_option(word: str, options: Sequence[str]) -> UsageError:
    """The message for an option that a command with any number of inputs does not have."""
    near = get_close_matches(word, options, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return UsageError(
        f"Unknown option: {word}.{hint}",
        do="For a file whose name begins with a dash: write it after --, or as ./-name",
    )
