"""A report: one self-contained HTML file, light and dark, that opens from disk and prints.

A page is a list of sections. It begins with the summary card, if there is one, or a table whose
rows lead to the sections; then come the contents, which lead to every section and every picture;
then the sections.
"""

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.inspection.view import Shown
from etude.locale.texts import Lang, say
from etude.render.page import shell
from etude.render.style import Picture
from etude.runs.files import replace
from etude.runs.folder import RunFolder

INDEX = "pictures.json"
CONTENTS = "contents"
"""The anchor of the table of contents."""


@dataclass(frozen=True)
class Section:
    """A heading with sentences, a table (its head first), pictures, and a text kept as it is, which
    is folded. link: the path of a file beside the page and the words that lead there. rows_lead:
    whether each row of the table leads to the section whose heading is its first cell; if it is
    the first section, it stands above the contents."""

    heading: str
    sentences: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    pictures: Sequence[Picture] = ()
    plain: str = ""
    animation: bytes = b""
    link: tuple[str, str] | None = None
    rows_lead: bool = False


@dataclass(frozen=True)
class Summary:
    """The card at the top of a report. facts: term and value in their order. notes: what a reader
    must know beside them."""

    facts: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()


def page(
    title: str, sections: Sequence[Section], lang: Lang = "en", summary: Summary | None = None
) -> bytes:
    """The whole file."""
    anchors = _Anchors()
    named = [(anchors.of(s.heading or "section"), s) for s in sections]
    places = {section.heading: anchor for anchor, section in named}
    bodies, contents = [], []
    for anchor, section in named:
        pictures = [(anchors.of(found[0].name), found) for found in _by_title(section.pictures)]
        bodies.append(_section(anchor, section, pictures, places, lang))
        inner = "".join(f"<li>{_a(at, found[0].title)}</li>" for at, found in pictures)
        if section.heading:
            below = f"<ol>{inner}</ol>" if inner else ""
            contents.append(f"<li>{_a(anchor, section.heading)}{below}</li>")
    card = _card(summary, lang) if summary else ""
    lead = sum(section.rows_lead for section in sections[:1])
    parts = [card, *bodies[:lead], _contents(contents, lang), *bodies[lead:]]
    return shell(title, "\n".join(parts), lang)


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
    index = [
        {"name": p.name, "title": p.title, "alt": p.alt, "notice": _notice(p)} for p in pictures
    ]
    run.picture(INDEX, json.dumps(index, indent=1, ensure_ascii=False).encode())


def kept(run: RunFolder) -> list[Shown]:
    """The pictures that `keep` stored, without their arrays."""
    return [
        Shown(name, title, alt, light, dark, notice=notice)
        for (name, title, alt, notice), light, dark in run.kept(INDEX)
    ]


class _Anchors:
    """Names of places in a page, each used once."""

    def __init__(self) -> None:
        self.used = {CONTENTS, "summary"}

    def of(self, text: str) -> str:
        """A name made of the letters and digits of a text, of any script."""
        stem = re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
        names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(self.used) + 2))
        name = next(name for name in names if name not in self.used)
        self.used.add(name)
        return name


def _by_title(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures of one title together, such as a view of several samples."""
    found: dict[str, list[Picture]] = {}
    for each in pictures:
        found.setdefault(each.title, []).append(each)
    return list(found.values())


def _a(anchor: str, words: str) -> str:
    return f'<a href="#{html.escape(anchor, quote=True)}">{html.escape(words)}</a>'


def _card(summary: Summary, lang: Lang) -> str:
    rows = [f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in summary.facts]
    if summary.notes:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in summary.notes)
        rows.append(f"<dt>{say(lang, 'card.notes')}</dt><dd><ul>{notes}</ul></dd>")
    heading = f"<h2>{say(lang, 'card')}</h2>"
    return f'<section class="card" id="summary">{heading}<dl>{"".join(rows)}</dl></section>'


def _contents(items: Sequence[str], lang: Lang) -> str:
    heading = f'<h2 id="{CONTENTS}">{say(lang, "contents")}</h2>'
    return f"<nav>{heading}<ol>{''.join(items)}</ol></nav>" if len(items) > 1 else ""


def _section(
    anchor: str,
    section: Section,
    pictures: Sequence[tuple[str, Sequence[Picture]]],
    places: dict[str, str],
    lang: Lang,
) -> str:
    return "\n".join(
        [
            f'<section id="{anchor}">',
            *_words(section),
            *(
                [_table(section.table, places if section.rows_lead else {})]
                if section.table
                else []
            ),
            *(_shown(at, found) for at, found in pictures),
            *_rest(section, lang),
            f'<p class="top">{_a(CONTENTS, say(lang, "top"))}</p>' if section.heading else "",
            "</section>",
        ]
    )


def _words(section: Section) -> Iterator[str]:
    """Heading and sentences: a list where there are several."""
    if section.heading:
        yield f"<h2>{html.escape(section.heading)}</h2>"
    lines = [html.escape(line) for line in section.sentences]
    if len(lines) == 1:
        yield f"<p>{lines[0]}</p>"
    elif lines:
        yield f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _rest(section: Section, lang: Lang) -> Iterator[str]:
    """The film, the link and the text that is kept as it is."""
    if section.animation:
        film = say(lang, "film")
        yield f'<figure><img src="{_data(section.animation)}" alt="{film}">'
        yield f"<figcaption>{film}</figcaption></figure>"
    if section.link:
        path, words = (html.escape(text, quote=True) for text in section.link)
        yield f'<p><a href="{path}">{words}</a></p>'
    if section.plain:
        heading, text = html.escape(section.heading), html.escape(section.plain)
        yield f"<details><summary>{heading}</summary><pre>{text}</pre></details>"


def _table(rows: Sequence[Sequence[str]], places: dict[str, str]) -> str:
    """A table that scrolls by itself, its first column staying in sight. places: anchors by the
    first cell of a row."""
    head, *rest = rows
    cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    lines = []
    for row in rest:
        first, *others = (html.escape(cell).replace(" %", "&nbsp;%") for cell in row)
        lead = _a(places[row[0]], row[0]) if row[0] in places else first
        tail = "".join(f"<td>{cell}</td>" for cell in others)
        lines.append(f'<tr><th scope="row">{lead}</th>{tail}</tr>')
    body = "\n".join(lines)
    head_row = f"<thead><tr>{cells}</tr></thead>"
    return f'<div class="scroll"><table>{head_row}\n<tbody>{body}</tbody></table></div>'


def _shown(anchor: str, pictures: Sequence[Picture]) -> str:
    """The section of one view: its title, and each picture with what to notice in it."""
    name = html.escape(anchor, quote=True)
    parts = [f'<section class="picture" id="{name}"><h3>{html.escape(pictures[0].title)}</h3>']
    for each in pictures:
        if _notice(each):
            parts.append(f'<p class="notice">{html.escape(_notice(each))}</p>')
        parts.append(_figure(each))
    return "\n".join([*parts, "</section>"])


def _notice(picture: Picture) -> str:
    return picture.notice if isinstance(picture, Shown) else ""


def _figure(picture: Picture) -> str:
    """A picture and its caption. The style sheet shows one of the two images: a `source` by media
    would not be chosen anew for printing, and a dark system would print dark pictures."""
    alt = html.escape(picture.alt, quote=True)
    images = "".join(
        f'<img class="{ground}" src="{_data(png)}" alt="{alt}">'
        for ground, png in (("light", picture.light), ("dark", picture.dark))
    )
    return f"<figure>{images}<figcaption>{html.escape(picture.alt)}</figcaption></figure>"


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
