"""Export a trained run to a form that other programs read."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.cli.usage_errors import unknown_option
from etude.errors import UsageError, plain
from etude.flags import Json, Lang, MovedData, value
from etude.locale.texts import Sentence, render, say, text

OWN = ("--data", "--help", "--json", "--lang", "--out", "--to")


def print_forms(words: Sequence[str], lang: Lang) -> None:
    """After the help of `export`: each form with its options."""
    if words[:1] != ["export"] or {"--help", "-h"}.isdisjoint(words):
        return
    print(say(lang, "cli.export.forms"))
    for name, summary, options in etude.verbs.option_lines(lang):
        print(plain(f"  {name:<14} {summary}"))
        for flag, meaning in options:
            print(plain(f"    {flag:<12} {meaning}"))


def _not_understood(words: Sequence[str], to: str) -> UsageError:
    """The message for words that are no option of a form."""
    flags = {
        form: [flag for flag, _ in options] for form, _, options in etude.verbs.option_lines("en")
    }
    # The word after an unknown option is its value.
    unknown = [word for word in words if word.startswith("-")] or words
    found = [_about_option(word.partition("=")[0], to, flags) for word in unknown]
    do = text("cli.export.options.do")
    if len(found) == 1:
        return UsageError(found[0], do=do)
    return UsageError(text("cli.export.options", count=len(found)), items=found, do=do)


def _about_option(option: str, to: str, flags: Mapping[str, Sequence[str]]) -> Sentence:
    """Why a form does not take an option, and which one was perhaps meant."""
    if option in flags[to]:
        return text("cli.needs_value", command="export", flag=option)
    if forms := [form for form in flags if option in flags[form]]:
        return text("cli.export.other_form", option=option, forms=tuple(forms), to=to)
    own = [*OWN, *flags[to]]
    others = sorted({flag for form in flags for flag in flags[form]} - set(own))
    near = get_close_matches(option, [*own, *others], 1)
    if near and near[0] in others:
        forms = [form for form in flags if near[0] in flags[form]]
        return text("cli.export.near", option=option, name=near[0], forms=tuple(forms))
    return unknown_option("export", option, own).what


@command(USE)
def export(
    run: str,
    /,
    *options: Annotated[str, Parameter(allow_leading_hyphen=True, help="help.flag.export.options")],
    to: Annotated[str, Parameter(help="help.flag.export.to")],
    out: Annotated[Path | None, Parameter(help="help.flag.export.out")] = None,
    data: MovedData = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Export a trained run to a form that other programs read.

    Examples:

    etude export runs/cnn-digits --to safetensors

    etude export runs/cnn-digits --to onnx --out digits.onnx

    etude export runs/vit-digits --to onnx --attention

    etude export runs/cnn-digits --to html --lang ko
    """
    # Which options there are depends on the form, so the parser lets every word through.
    words, others = etude.verbs.option_words(to, options)
    if others:
        raise _not_understood(others, to)
    fields = etude.verbs.option_values(to, {name: value(word) for name, word in words.items()})
    if not as_json:
        print(plain(say(lang, "cli.export.works", run=run, to=to)), file=sys.stderr)
    exported = etude.verbs.export(run, to, out, data, fields, lang)
    if as_json:
        print_json(exported.plain())
        return
    print(plain(say(lang, "cli.export", path=exported.path, size=exported.size)))
    for line in exported.sentences():
        print(plain(render(lang, line)))
