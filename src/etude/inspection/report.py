"""Write a report: one self-contained HTML file, light and dark, readable from disk and in print.

A page is a list of sections. It begins with the summary card, if there is one, or with a table
whose rows link to the sections. The table of contents follows, with a link to every section and
every picture, and then the sections.
"""

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.inspection.view import ViewPicture
from etude.locale.texts import Lang, say
from etude.render.page import shell
from etude.render.style import Picture
from etude.runs.files import replace
from etude.runs.folder import RunFolder

INDEX = "pictures.json"
CONTENTS = "contents"
"""HTML anchor of the table of contents."""


@dataclass(frozen=True)
class Section:
    """A section of a page: heading, sentences, a table (head first), pictures and an animation.

    plain: preformatted text, folded by default. link: the path of a file beside the page, and the
    text of the link. rows_lead: whether each row of the table links to the section whose heading is
    the first cell; such a section is placed above the contents if it is the first.
    """

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
    """The card at the top of a report. facts: pairs of term and value, in order. notes: limits of
    the result that a reader must know."""

    facts: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()


def page(
    title: str, sections: Sequence[Section], lang: Lang = "en", summary: Summary | None = None
) -> bytes:
    """The HTML file with these sections, as UTF-8."""
    # Headings take their anchors first, so that pictures of the same name do not displace them.
    anchors = _Anchors()
    named = [(anchors.of(s.heading or "section"), s) for s in sections]
    places = {section.heading: anchor for anchor, section in named}
    bodies, contents = [], []
    for anchor, section in named:
        pictures = [(anchors.of(group[0].name), group) for group in _by_title(section.pictures)]
        bodies.append(_section(anchor, section, pictures, places, lang))
        inner = "".join(f"<li>{_a(at, group[0].title)}</li>" for at, group in pictures)
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
    """Write pictures/ and report.html into the folder of several runs: a comparison or a tour."""
    (place / "pictures").mkdir(exist_ok=True)
    for each in pictures:
        replace(place / "pictures" / f"{each.name}.png", each.light)
        replace(place / "pictures" / f"{each.name}-dark.png", each.dark)
    # The page comes last, and it embeds the pictures: an interrupted call leaves the old report.
    replace(place / "report.html", page(title, sections, lang))


def store_pictures(run: RunFolder, pictures: Sequence[Picture]) -> None:
    """Store pictures in the run folder, with an index of their titles and captions."""
    for each in pictures:
        run.picture(f"{each.name}.png", each.light)
        run.picture(f"{each.name}-dark.png", each.dark)
    index = [
        {"name": p.name, "title": p.title, "alt": p.alt, "notice": _notice(p)} for p in pictures
    ]
    run.picture(INDEX, json.dumps(index, indent=1, ensure_ascii=False).encode())


def stored_pictures(run: RunFolder) -> list[ViewPicture]:
    """The pictures that `store_pictures` stored, without their arrays."""
    return [
        ViewPicture(name, title, alt, light, dark, notice=notice)
        for (name, title, alt, notice), light, dark in run.kept(INDEX)
    ]


class _Anchors:
    """HTML anchors of a page. Each is used once."""

    def __init__(self) -> None:
        self.used = {CONTENTS, "summary"}

    def of(self, text: str) -> str:
        """A new anchor from the letters and digits of a text in any script."""
        stem = re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
        # One of len(used) + 1 candidates is always free.
        names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(self.used) + 2))
        name = next(name for name in names if name not in self.used)
        self.used.add(name)
        return name


def _by_title(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures grouped by title, such as one view of several samples; order is preserved."""
    groups: dict[str, list[Picture]] = {}
    for each in pictures:
        groups.setdefault(each.title, []).append(each)
    return list(groups.values())


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
            *(_view_section(at, group) for at, group in pictures),
            *_rest(section, lang),
            f'<p class="top">{_a(CONTENTS, say(lang, "top"))}</p>' if section.heading else "",
            "</section>",
        ]
    )


def _words(section: Section) -> Iterator[str]:
    """The heading and the sentences: one as a paragraph, several as a list."""
    if section.heading:
        yield f"<h2>{html.escape(section.heading)}</h2>"
    lines = [html.escape(line) for line in section.sentences]
    if len(lines) == 1:
        yield f"<p>{lines[0]}</p>"
    elif lines:
        yield f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _rest(section: Section, lang: Lang) -> Iterator[str]:
    """The animation, the link and the preformatted text."""
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
    """An HTML table that scrolls on its own while its first column stays visible.

    places: the anchor that each first cell of a row links to.
    """
    head, *rest = rows
    cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    lines = []
    for row in rest:
        # A line break between a number and its percent sign would be hard to read.
        first, *others = (html.escape(cell).replace(" %", "&nbsp;%") for cell in row)
        lead = _a(places[row[0]], row[0]) if row[0] in places else first
        tail = "".join(f"<td>{cell}</td>" for cell in others)
        lines.append(f'<tr><th scope="row">{lead}</th>{tail}</tr>')
    body = "\n".join(lines)
    head_row = f"<thead><tr>{cells}</tr></thead>"
    return f'<div class="scroll"><table>{head_row}\n<tbody>{body}</tbody></table></div>'


def _view_section(anchor: str, pictures: Sequence[Picture]) -> str:
    """The section of one view: its title, and each picture below its notice."""
    name = html.escape(anchor, quote=True)
    parts = [f'<section class="picture" id="{name}"><h3>{html.escape(pictures[0].title)}</h3>']
    for each in pictures:
        if _notice(each):
            parts.append(f'<p class="notice">{html.escape(_notice(each))}</p>')
        parts.append(_figure(each))
    return "\n".join([*parts, "</section>"])


def _notice(picture: Picture) -> str:
    return picture.notice if isinstance(picture, ViewPicture) else ""


def _figure(picture: Picture) -> str:
    """A picture, light and dark, with its caption.

    The style sheet hides one of the two images. A `source` element with a media query would not be
    selected again for printing, so a system in dark mode would print the dark image.
    """
    alt = html.escape(picture.alt, quote=True)
    images = "".join(
        f'<img class="{ground}" src="{_data(png)}" alt="{alt}">'
        for ground, png in (("light", picture.light), ("dark", picture.dark))
    )
    return f"<figure>{images}<figcaption>{html.escape(picture.alt)}</figcaption></figure>"


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
