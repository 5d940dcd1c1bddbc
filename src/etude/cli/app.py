"""The application: its groups, and how a function becomes a command.

`key=value` and `--key value` are the same. Results go to stdout, progress and errors to stderr.
Importing this module does not import torch: a command loads the verbs when it is called.
"""

import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cyclopts import App, ArgumentCollection, Group, Token

from etude.cli.language import preferred
from etude.errors import plain
from etude.exits import is_silent
from etude.locale.texts import Lang
from etude.render.terminal import table
from etude.system.surroundings import is_unicode

if TYPE_CHECKING:
    from etude.verbs.results import Result

LEARN, USE, SEE = Group("Train", sort_key=1), Group("Use", sort_key=2), Group("See", sort_key=3)


def default_language(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give --lang, where a command has it and the user did not set it, the preferred language."""
    for argument in arguments:
        if argument.name == "--lang" and not argument.tokens:
            argument.append(Token(keyword="--lang", value=preferred(), source="environment"))


app = App(
    name="etude",
    config=default_language,
    help="The canonical networks of deep learning, played properly.",
    version_flags=["--version"],
    help_epilogue="Examples:\n\n"
    "etude train cnn --data digits\n\n"
    "etude train vit --data photos/ model.depth=4 epochs=20\n\n"
    "etude compare --model mlp --data curve --optimizer sgd,momentum,adam\n\n"
    "etude predict runs/cnn-digits picture.png",
    print_error=False,
    exit_on_error=False,
    result_action="return_value",
)


Command = Callable[..., None]


def command(group: Group, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command: its docstring is the help, its examples come last."""

    def register(function: Command) -> Command:
        text, _, examples = inspect.cleandoc(function.__doc__ or "").partition("Examples:")
        closing = f"Examples:{examples}" if examples else ""
        app.command(function, name=name, group=group, help=text, help_epilogue=closing)
        return function

    return register


def print_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    if not is_silent():
        # Escapes are valid JSON too, and a stream that is not Unicode can write them.
        print(json.dumps(value, ensure_ascii=not is_unicode()))


def print_result(result: "Result", as_json: bool, lang: Lang) -> None:
    """Print the result of a run or a comparison, and the path of its report."""
    from etude import verbs

    if is_silent():
        return
    if as_json:
        print_json(verbs.summary(result))
        return
    if rows := verbs.table(result, lang):
        table(rows)
    for line in verbs.sentences(result, lang):
        print(plain(line))
    print(result.path / "report.html")
