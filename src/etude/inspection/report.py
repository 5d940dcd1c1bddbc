"""Write a report: one self-contained HTML file, light and dark, readable from disk and in print.

A page is a list of sections. It begins with the summary card, if there is one, or with a table
whose rows link to the sections. The table of contents follows, with a link to every section and
every picture, and then the sections.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etude.inspection.view import ViewPicture
from etude.locale.texts import Lang
from etude.render.page import render
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


@dataclass(frozen=True)
class _Placed:
    """A section with its anchor, and its pictures grouped by title, each group with its anchor."""

    anchor: str
    section: Section
    groups: Sequence[tuple[str, Sequence[Picture]]]


def page(
    title: str, sections: Sequence[Section], lang: Lang = "en", summary: Summary | None = None
) -> bytes:
    """The HTML file with these sections, as UTF-8."""
    # Headings take their anchors first, so that pictures of the same name do not displace them.
    anchors = _Anchors()
    named = [(anchors.of(s.heading or "section"), s) for s in sections]
    placed = [
        _Placed(at, s, [(anchors.of(group[0].name), group) for group in _by_title(s.pictures)])
        for at, s in named
    ]
    return render(
        "report.html.j2", title, lang,
        summary=summary, placed=placed, contents=CONTENTS,
        places={section.heading: anchor for anchor, section in named},
        lead=sum(section.rows_lead for section in sections[:1]),
    )  # fmt: skip


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
        for (name, title, alt, notice), light, dark in run.stored_pictures(INDEX)
    ]


class _Anchors:
    """HTML anchors of a page. Each is used once."""

    def __init__(self) -> None:
        # The template gives these two anchors to parts of its own.
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


def _notice(picture: Picture) -> str:
    return picture.notice if isinstance(picture, ViewPicture) else ""
