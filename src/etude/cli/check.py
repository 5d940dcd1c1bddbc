"""Check other people's code."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import UsageError, plain
from etude.flags import Lang, value
from etude.locale.texts import say, text
from etude.render.terminal import table
from etude.system.limits import Plain


@command(USE)
def check(
    what: str,
    /,
    *words: str,
    role: Annotated[str | None, Parameter(name="--as", help="help.flag.role")] = None,
    adapter: Annotated[Path | None, Parameter(help="help.flag.adapter")] = None,
    report: Annotated[Path | None, Parameter(help="help.flag.report")] = None,
    seconds: Annotated[float, Parameter(help="help.flag.seconds")] = 10.0,
    lang: Lang = "en",
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="help.flag.json.check")
    ] = False,
) -> None:
    """Check whether your own layer, network or training step is right, and if not, why.

    Examples:

    etude check layers.py

    etude check layers.py:Block --as encoder_block dim=64

    etude check submissions --as vit --report marks.html --json marks.json
    """
    arguments, json_file = _split_words(words, as_json)
    etude.verbs.require_writable(report, "--report", (".html",))
    etude.verbs.require_writable(json_file, "--json", (".json",))
    only_json = as_json and not json_file
    grades = etude.verbs.grade(
        what, role, arguments, adapter, seconds=seconds, quiet=only_json, lang=lang
    )
    etude.verbs.write_grades(grades, report, json_file, lang)
    folder = Path(what).is_dir()
    if only_json:
        values = grades.plain()
        print_json(values if folder else _single_file(values))
        raise SystemExit(grades.exit_code)
    if folder:
        table(etude.verbs.grade_table(grades, lang))
        print(say(lang, "marks_counts", **grades.counts, count=len(grades.rows)))
    else:
        print("\n".join(etude.verbs.grade_lines(grades, lang)))
    for path in filter(None, (report, json_file)):
        print(plain(str(path)))
    raise SystemExit(grades.exit_code)


def _single_file(values: Plain) -> Plain:
    """The JSON values of a single file, without those that describe a folder."""
    [row] = values["submissions"]
    return {"verdicts": row["verdicts"], "holds": values["holds"], "seconds": row["seconds"]}


def _python_value(word: str) -> object:
    """A value as Python writes it, (3, 8, 8) or None; else as words of other commands have it."""
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value(word)


def _split_words(words: Sequence[str], as_json: bool) -> tuple[dict[str, object], Path | None]:
    """Parameters by name, and the file for JSON if --json was followed by one."""
    arguments: dict[str, object] = {}
    json_file = None
    for word in words:
        name, equals, written = word.partition("=")
        if equals and name.isidentifier():
            arguments[name] = _python_value(written)
        elif as_json and json_file is None and word.endswith(".json"):
            json_file = Path(word)
        else:
            raise UsageError(text("cli.check.word", word=word))
    return arguments, json_file
