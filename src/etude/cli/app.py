"""The application: its groups, and how a function becomes a command.

`key=value` and `--key value` are the same. Results go to stdout, progress and errors to stderr.
Importing this module does not import torch, nor the verbs: `import etude` makes `etude.verbs` load
when a command calls it. So `etude --help` is quick.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import App, ArgumentCollection, Group, Token

import etude
from etude.cli.help_pages import HelpPages
from etude.errors import plain
from etude.exits import is_silent
from etude.locale.texts import Lang, say
from etude.render.terminal import table
from etude.system.language import preferred
from etude.system.surroundings import is_unicode

if TYPE_CHECKING:
    from etude.verbs.results import Result

LEARN, USE, SEE = GROUPS = ("help.group.train", "help.group.use", "help.group.see")
"""The groups of commands, in the order of the help: keys of their names."""
EXAMPLES = """

etude train cnn --data digits

etude train vit --data photos/ model.depth=4 epochs=20

etude compare --model mlp --data curve --optimizer sgd,momentum,adam

etude predict runs/cnn-digits picture.png"""


@dataclass(frozen=True)
class Command:
    """A function that is a command. name: of the command, and of its help text, `help.NAME`."""

    function: Callable[..., None]
    name: str
    group: str
    examples: str


COMMANDS: list[Command] = []
"""All commands: each registers itself when its module is imported."""


def command(group: str, name: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command. Its docstring ends with the examples of the help."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        examples = inspect.cleandoc(function.__doc__ or "").partition("Examples:")[2]
        COMMANDS.append(Command(function, name or function.__name__, group, examples))
        return function

    return register


def default_language(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give --lang, where the user did not set it, the preferred language."""
    for argument in arguments:
        if argument.name == "--lang" and not argument.tokens:
            argument.append(Token(keyword="--lang", value=preferred(), source="environment"))


def application(lang: Lang = "en") -> App:
    """The command line with all commands, its help in this language."""
    heading = say(lang, "help.examples")
    app = App(
        name="etude",
        config=default_language,
        help=say(lang, "help.etude"),
        help_epilogue=heading + EXAMPLES,
        help_format="plaintext",
        help_formatter=HelpPages(lang),
        version_flags=["--version"],
        group_arguments=Group.create_default_arguments(say(lang, "help.arguments")),
        group_parameters=Group.create_default_parameters(say(lang, "help.parameters")),
        group_commands=Group.create_default_commands(say(lang, "help.commands")),
        print_error=False,
        exit_on_error=False,
        result_action="return_value",
    )
    for flag in ("help", "version"):
        app[f"--{flag}"].help = say(lang, f"help.flag.{flag}")
    groups = {key: Group(say(lang, key), sort_key=i) for i, key in enumerate(GROUPS, start=1)}
    for each in COMMANDS:
        app.command(
            each.function,
            name=each.name,
            group=groups[each.group],
            help=say(lang, f"help.{each.name}"),
            help_epilogue=heading + each.examples,
        )
    return app


def print_json(value: object) -> None:
    """Print one JSON value on stdout."""
    if not is_silent():
        # Escapes are valid JSON too, and a stream that is not Unicode can write them.
        print(json.dumps(value, ensure_ascii=not is_unicode()))


def print_result(result: "Result", as_json: bool, lang: Lang) -> None:
    """Print the result of a run or a comparison, and the path of its report."""
    if is_silent():
        return
    if as_json:
        print_json(etude.verbs.summary(result))
        return
    if rows := etude.verbs.table(result, lang):
        table(rows)
    for line in etude.verbs.sentences(result, lang):
        print(plain(line))
    print(result.path / "report.html")
