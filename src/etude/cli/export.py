"""Export a trained run to a form that other programs read."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.cli.usage_errors import unknown_option
from etude.errors import plain
from etude.flags import Json, Lang, MovedData, value
from etude.locale.texts import render, say

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
    """
    # Which options there are depends on the form, so the parser lets every word through.
    words, others = etude.verbs.option_words(to, options)
    if others:
        flags = [
            flag
            for form, _, of_form in etude.verbs.option_lines(lang)
            if form == to
            for flag, _ in of_form
        ]
        raise unknown_option("export", others[0], [*OWN, *flags])
    fields = etude.verbs.option_values(to, {name: value(word) for name, word in words.items()})
    if not as_json:
        print(plain(say(lang, "cli.export.works", run=run, to=to)), file=sys.stderr)
    exported = etude.verbs.export(run, to, out, data, fields)
    if as_json:
        print_json(exported.plain())
        return
    print(plain(say(lang, "cli.export", path=exported.path, size=exported.size)))
    for line in exported.sentences():
        print(plain(render(lang, line)))
