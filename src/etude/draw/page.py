"""The shell of every report: one self-contained HTML file, light and dark, that opens from disk."""

import html

from etude.draw.style import DARK, LIGHT

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--faint:#d9d9d9;
--blue:LIGHT0;--red:LIGHT1;--green:LIGHT2}
@media(prefers-color-scheme:dark){:root{--paper:#16181d;--ink:#e8e8e8;--faint:#3a3d45;
--blue:DARK0;--red:DARK1;--green:DARK2}}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:60rem;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;display:block;overflow-x:auto;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--faint);padding:.3rem .6rem;text-align:left;vertical-align:top}
figure{margin:1rem 0}img{max-width:100%;height:auto}
figcaption{font-size:.9rem;opacity:.8}
pre{overflow-x:auto;font-size:.85rem}
@media print{body{max-width:none}figure,tr{break-inside:avoid}}
"""
"""Colours of the two grounds stand in for LIGHT0, DARK0 and so on."""


def style() -> str:
    """The style sheet of every page."""
    found = STYLE
    for index in range(3):
        found = found.replace(f"LIGHT{index}", LIGHT[index]).replace(f"DARK{index}", DARK[index])
    return found


def shell(title: str, body: str, lang: str = "en", more: str = "") -> bytes:
    """A whole file of this body. more: style of its own."""
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="{lang}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name}</title><style>{style()}{more}</style>\n<h1>{name}</h1>\n{body}\n</html>\n"
    ).encode()
