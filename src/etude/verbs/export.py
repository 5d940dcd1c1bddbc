"""Export a trained run to a form that other programs read."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude import registry
from etude.locale.texts import Lang, has_text, render, say
from etude.system.limits import Plain
from etude.verbs.arguments import data_name, require_writable
from etude.verbs.load import load

if TYPE_CHECKING:
    from etude.exporters.exporter import Exported, Exporter

SWITCHES = {"on": True, "off": False}


def exporter_names() -> tuple[str, ...]:
    """The forms to which runs can be exported."""
    return registry.names("exporter")


def export(
    run: Path | str, to: str, out: Path | None, data: str | None, options: Plain
) -> "Exported":
    """Export a finished run. See `Run.export`."""
    require_writable(out, "--out")
    return load(run, data_name(data)).export(to, out, **options)


def option_words(to: str, words: Sequence[str]) -> tuple[Plain, list[str]]:
    """(option: its word, the words that are no option) of the words of a command for a form.

    An option is --name=word, --name word, or --name alone if it is a switch.
    """
    exporter: Exporter = registry.load("exporter", to)
    fields, rest = exporter.config.model_fields, list(words)
    found: Plain = {}
    others: list[str] = []
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if not flag.startswith("--") or name not in fields:
            others.append(word)
        elif equals:
            found[name] = value
        elif fields[name].annotation is bool:
            found[name] = "on"
        elif rest:
            found[name] = rest.pop(0)
        else:
            others.append(word)
    return found, others


def option_values(to: str, values: Mapping[str, object]) -> Plain:
    """The options with "on" and "off" as truth values where the form has a switch."""
    exporter: Exporter = registry.load("exporter", to)
    fields = exporter.config.model_fields
    return {
        name: SWITCHES.get(str(value), value) if fields[name].annotation is bool else value
        for name, value in values.items()
    }


def option_lines(lang: Lang) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """(name, summary, its options with their meanings) of each form."""
    for form in exporter_names():
        exporter: Exporter = registry.load("exporter", form)
        options = []
        for key, field in exporter.config.model_fields.items():
            words = field.description or ""
            meaning = say(lang, words) if has_text(words) else words
            options.append((f"--{key.replace('_', '-')}", meaning))
        yield form, render(lang, exporter.summary), options
