"""A report: one self-contained HTML file, light and dark, that opens from disk and prints."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.draw.page import shell
from etude.draw.style import Picture
from etude.draw.texts import Lang, say
from etude.runs.files import replace
from etude.runs.folder import RunFolder

INDEX = "pictures.json"


@dataclass(frozen=True)
class Section:
    """A heading with sentences, a table (its head first), pictures, and a text kept as it is."""

    heading: str
    sentences: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    pictures: Sequence[Picture] = ()
    plain: str = ""
    animation: bytes = b""


def page(title: str, sections: Sequence[Section], lang: Lang = "en") -> bytes:
    """The whole file."""
    body = "\n".join(_section(section, lang) for section in sections)
    return shell(title, body, lang)


def write(
    place: Path,
    title: str,
    sections: Sequence[Section],
    pictures: Sequence[Picture],
    lang: Lang = "en",
) -> None:
    """pictures/ and report.html of what is not one run: a comparison, a tour."""
    (place / "pictures").mkdir(exist_ok=True)
    for each in pictures:
        replace(place / "pictures" / f"{each.name}.png", each.light)
        replace(place / "pictures" / f"{each.name}-dark.png", each.dark)
    replace(place / "report.html", page(title, sections, lang))


def keep(run: RunFolder, pictures: Sequence[Picture]) -> None:
    """Store pictures with their words in the run."""
    for each in pictures:
        run.picture(f"{each.name}.png", each.light)
        run.picture(f"{each.name}-dark.png", each.dark)
    index = [{"name": p.name, "title": p.title, "alt": p.alt} for p in pictures]
    run.picture(INDEX, json.dumps(index, indent=1, ensure_ascii=False).encode())


def kept(run: RunFolder) -> list[Picture]:
    """The pictures that `keep` stored."""
    return [Picture(*words, light, dark) for words, light, dark in run.kept(INDEX)]


def _section(section: Section, lang: Lang) -> str:
    parts = [f"<h2>{html.escape(section.heading)}</h2>"] if section.heading else []
    if section.sentences:
        parts.append(f"<p>{'<br>'.join(html.escape(line) for line in section.sentences)}</p>")
    if section.table:
        parts.append(_table(section.table))
    parts += [_figure(picture) for picture in section.pictures]
    if section.animation:
        source = _data(section.animation)
        parts.append(
            f'<figure><img src="{source}" alt="{say(lang, "film")}">'
            f"<figcaption>{say(lang, 'film')}</figcaption></figure>"
        )
    if section.plain:
        parts.append(f"<pre>{html.escape(section.plain)}</pre>")
    return "\n".join(parts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = (
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rest
    )
    return f"<table><tr>{cells}</tr>\n" + "\n".join(lines) + "</table>"


def _figure(picture: Picture) -> str:
    alt = html.escape(picture.alt, quote=True)
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" '
        f'srcset="{_data(picture.dark)}"><img src="{_data(picture.light)}" alt="{alt}"></picture>'
        f"<figcaption>{html.escape(picture.title)}. {html.escape(picture.alt)}</figcaption>"
        "</figure>"
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
