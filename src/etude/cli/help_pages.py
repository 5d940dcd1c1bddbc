"""Help pages in one language: what `etude --help` and `etude train --help` print."""

from cyclopts.help import ColumnSpec, DefaultFormatter, HelpEntry, HelpPanel
from cyclopts.help.specs import get_default_command_columns, get_default_parameter_columns
from rich.console import Console, ConsoleOptions
from rich.text import Text

from etude.locale.texts import Lang, has_text, say


class HelpPages:
    """Prints the usage and the panels of a help page.

    The help of a parameter is in its annotation, which is the same for every language. So it is the
    key of a text there, and this class puts the text in its place. The other texts of a page are
    those of the application, which is made for a language.
    """

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one panel: a table of commands or parameters."""
        is_command = panel.format == "command"
        default = get_default_command_columns if is_command else get_default_parameter_columns
        *names, _ = default(console, options, panel.entries)
        description = ColumnSpec(renderer=self.description, overflow="fold")
        DefaultFormatter(column_specs=(*names, description))(console, options, panel)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: object) -> None:
        """Print the line that shows how to call the command."""
        console.print(Text(say(self.lang, "help.usage", usage=usage), style="bold"))

    def description(self, entry: HelpEntry) -> Text:
        """The help of a command or a parameter, its choices, its default and whether it must be
        set."""
        words = entry.description.primary_renderable.plain
        parts = [Text(say(self.lang, words) if has_text(words) else words)]
        if entry.choices:
            names = ", ".join(entry.choices)
            parts.append(Text(say(self.lang, "help.choices", names=names), "cyclopts.choices"))
        if entry.default is not None:
            default = say(self.lang, "help.default", value=entry.default)
            parts.append(Text(default, "cyclopts.default"))
        if entry.required:
            parts.append(Text(say(self.lang, "help.required"), "cyclopts.required"))
        return Text(" ").join(part for part in parts if part)
