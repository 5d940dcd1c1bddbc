"""A verdict told: lines for a terminal, markup for a page or a notebook.

Whatever of it is a stranger's (names, errors, code) is escaped here, in one place.
"""

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etude.errors import plain
from etude.locale.texts import Lang, label_of, say

if TYPE_CHECKING:
    from etude.checking.verdict import Verdict

STYLE = """
.etude pre{margin:.5rem 0;padding:.4rem;border:1px solid var(--faint,#8888);
white-space:pre-wrap;overflow-wrap:anywhere}
.etude mark{display:inline-block;min-width:100%;background:#e69f0055;color:inherit}
.etude .step{display:inline-block;margin:0 .8rem .2rem 0;white-space:nowrap}
.etude table{border-collapse:collapse}
.etude td,.etude th{text-align:left;padding:.1rem .8rem .1rem 0}
.etude .right{color:var(--blue,#0072B2)}.etude .wrong{color:var(--red,#D55E00)}
"""
SIGNS = {"right": "✓", "wrong": "✗", "unknown": "?"}
"""So that colour is not all that tells them apart."""


def lines(verdict: "Verdict", lang: Lang = "en") -> list[str]:
    """The sentence, what was found, the code, what was checked."""
    return [plain(line) for line in _lines(verdict, lang)]


def _lines(verdict: "Verdict", lang: Lang) -> Iterator[str]:
    yield f"{SIGNS[verdict.status]} {verdict.sentence(lang)}"
    if verdict.status != "right" and verdict.role:
        taken = say(lang, f"role_{verdict.role}")
        yield f"  {say(lang, 'marks_taken', name=verdict.name, role=taken)}"
    if verdict.finding:
        _, expected, found = say(lang, "marks_evidence").split("|")
        for what, wanted, got in verdict.finding.evidence:
            yield f"  {what}: {expected} {wanted}, {found} {got}"
    if verdict.status != "right":
        for number, text in verdict.excerpt:
            yield f"  {'>' if number == verdict.marked else ' '} {number:4d} | {text}"
    for other in verdict.others:
        yield f"  {say(lang, 'marks_also')}: {other.said(lang)}"
    missing = [step for step, there in verdict.steps if not there]
    if verdict.finding and missing:
        walk = " > ".join(("" if there else "✗ ") + step for step, there in verdict.steps)
        yield f"  {say(lang, 'marks_steps')} ({len(missing)} {say(lang, 'marks_missing')}): {walk}"
    if verdict.variants:
        named = "; ".join(label_of(lang, "variant", each) for each in verdict.variants)
        yield f"  {say(lang, 'marks_variants')}: {named}"
    if verdict.checked:
        yield f"  {say(lang, 'marks_checked')}: {'; '.join(held(verdict, lang))}"


def held(verdict: "Verdict", lang: Lang) -> list[str]:
    """What held, and to what precision."""
    return [
        f"{label_of(lang, 'held', check)}{f' {precision}' if precision else ''}"
        for check, precision in verdict.checked
    ]


def markup(verdict: "Verdict", lang: Lang = "en") -> str:
    """The same as HTML that stands by itself, in a notebook."""
    sign, said = SIGNS[verdict.status], html.escape(verdict.sentence(lang))
    head = f'<p><b class="{verdict.status}">{sign}</b> {said}</p>'
    return f'<style>{STYLE}</style><div class="etude">{head}{details(verdict, lang)}</div>'


def details(verdict: "Verdict", lang: Lang = "en") -> str:
    """All but the sentence."""
    parts = [_evidence(verdict, lang), code(verdict)]
    for other in verdict.others:
        parts.append(_line(say(lang, "marks_also"), other.said(lang)))
    if verdict.steps:
        parts.append(f"<p>{_escape(say(lang, 'marks_steps'))}: {_steps(verdict, lang)}</p>")
    if verdict.variants:
        named = "; ".join(label_of(lang, "variant", each) for each in verdict.variants)
        parts.append(_line(say(lang, "marks_variants"), named))
    if verdict.checked:
        parts.append(_line(say(lang, "marks_checked"), "; ".join(held(verdict, lang))))
    return "\n".join(part for part in parts if part)


def _escape(text: str) -> str:
    return html.escape(plain(text))


def _line(head: str, text: str) -> str:
    return f"<p>{_escape(head)}: {_escape(text)}</p>"


def _evidence(verdict: "Verdict", lang: Lang) -> str:
    if not (verdict.finding and verdict.finding.evidence):
        return ""
    head = "".join(f"<th>{_escape(each)}</th>" for each in say(lang, "marks_evidence").split("|"))
    rows = "".join(
        "<tr>" + "".join(f"<td>{_escape(cell)}</td>" for cell in row) + "</tr>"
        for row in verdict.finding.evidence
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def code(verdict: "Verdict") -> str:
    """The lines around the one that counts, that one marked; none where nothing is wrong."""
    if not verdict.excerpt or verdict.status == "right":
        return ""
    shown = []
    for number, text in verdict.excerpt:
        line = f"{number:4d}  {_escape(text)}"
        shown.append(f"<mark>{line}</mark>" if number == verdict.marked else line)
    return "<pre>" + "\n".join(shown) + "</pre>"


def _steps(verdict: "Verdict", lang: Lang) -> str:
    """A box for each step, full where the user's forward has its values."""
    boxes = []
    for step, there in verdict.steps:
        said = say(lang, "marks_there" if there else "marks_missing")
        kind = "right" if there else "wrong"
        box = f'<span class="{kind}" title="{said}">{"■" if there else "□"}</span>'
        boxes.append(f'<span class="step">{box} {_escape(step)}</span>')
    return "".join(boxes)
