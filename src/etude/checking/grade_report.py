"""The report of marks: one self-contained HTML file, a row a submission, details to unfold."""

import html

from etude.checking.grading import Marks
from etude.checking.rendering import SIGNS, STYLE, details
from etude.checking.sandbox.pool import Marked
from etude.errors import plain
from etude.locale.texts import Lang, label_of, say
from etude.render.page import shell

BAR, ROW, LEFT, RIGHT = 240, 22, 250, 50
"""Pixels of the chart: the longest bar, a row, and what stands left and right of it."""
MORE = (
    STYLE
    + """
body{max-width:72rem}td.right,td.wrong,td.unknown{white-space:nowrap}
details summary{cursor:pointer}
svg{max-width:100%;height:auto}svg text{fill:currentColor;font-size:13px}
"""
)


def page(marks: Marks, lang: Lang = "en") -> bytes:
    """The whole file."""
    counts = {**marks.counts, "count": len(marks.rows)}
    holds = ", ".join(label_of(lang, "held", name) for name in marks.holds) or "-"
    cage = say(lang, "marks_cage", seconds=f"{marks.caps.seconds:g}", holds=holds)
    parts = [f"<p><b>{say(lang, 'marks_counts', **counts)}</b></p>"]
    if marks.faults:
        parts.append(f"<h2>{say(lang, 'marks_faults')}</h2>{chart(marks, lang)}")
    head = "".join(f"<th>{each}</th>" for each in say(lang, "marks_head").split("|"))
    rows = "\n".join(_row(row, lang) for row in marks.rows)
    parts += [f"<table><tr>{head}</tr>\n{rows}</table>", f"<p>{html.escape(cage)}</p>"]
    body = '<div class="etude">' + "\n".join(parts) + "</div>"
    return shell(say(lang, "marks_title", what=plain(marks.what)), body, lang, MORE)


def _row(row: Marked, lang: Lang) -> str:
    verdict = row.verdict
    cells = [
        f"<td>{_escape(row.submission.label)}</td>",
        f'<td class="{verdict.status}">{SIGNS[verdict.status]} '
        f"{say(lang, f'marks_{verdict.status}')}</td>",
    ]
    inner = []
    for each in row.verdicts:
        if len(row.verdicts) > 1:
            inner.append(f"<p>{SIGNS[each.status]} {_escape(each.sentence(lang))}</p>")
        inner.append(details(each, lang))
    said = _escape(verdict.sentence(lang))
    shown = "\n".join(inner).strip()
    folded = f"<details><summary>{said}</summary>{shown}</details>" if shown else said
    return "<tr>" + "".join(cells) + f"<td>{folded}</td><td>{_escape(verdict.place)}</td></tr>"


def chart(marks: Marks, lang: Lang) -> str:
    """Bars of how often each fault occurred."""
    most = marks.faults[0][1]
    height = ROW * len(marks.faults)
    bars = []
    for index, (code, count) in enumerate(marks.faults):
        y, length = ROW * index, round(BAR * count / most)
        bars.append(
            f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{_escape(code)}</text>'
            f'<rect x="{LEFT}" y="{y + 4}" width="{length}" height="{ROW - 8}" fill="var(--red)"/>'
            f'<text x="{LEFT + length + 6}" y="{y + 16}">{count}</text>'
        )
    said = "; ".join(f"{code} {count}" for code, count in marks.faults)
    return (
        f'<svg viewBox="0 0 {LEFT + BAR + RIGHT} {height}" width="{LEFT + BAR + RIGHT}" '
        f'role="img" aria-label="{_escape(said)}">{"".join(bars)}</svg>'
    )


def table(marks: Marks, lang: Lang = "en") -> list[list[str]]:
    """Rows for a terminal, head first."""
    rows = [say(lang, "marks_head").split("|")]
    for row in marks.rows:
        verdict = row.verdict
        said = verdict.finding.said(lang) if verdict.finding else verdict.sentence(lang)
        sign = f"{SIGNS[verdict.status]} {say(lang, f'marks_{verdict.status}')}"
        rows.append([plain(c) for c in (row.submission.label, sign, said, verdict.place)])
    return rows


def _escape(text: str) -> str:
    return html.escape(plain(text))
