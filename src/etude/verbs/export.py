"""Export a trained run to a form that other programs read."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude import registry
from etude.locale.texts import Lang
from etude.system.limits import Plain
from etude.verbs.arguments import data_name
from etude.verbs.load import load

if TYPE_CHECKING:
    from etude.exporters.exporter import Exported


def exporter_names() -> tuple[str, ...]:
    """The forms to which runs can be exported."""
    return registry.names("exporter")


def export(
    run: Path | str, to: str, out: Path | None, data: str | None, options: Plain, lang: Lang
) -> "Exported":
    """Export a finished run. See `Run.export`. lang: of a form that has a language."""
    if "lang" in registry.load("exporter", to).config.model_fields:
        options = {"lang": lang, **options}
    return load(run, data_name(data)).export(to, out, **options)
