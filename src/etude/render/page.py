"""The HTML shell of every report: one self-contained file with a light and a dark style."""

import html

from etude.render.style import DARK, LIGHT

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--faint:#d9d9d9;--card:#f5f6f8;
--blue:LIGHT0;--red:LIGHT1;--green:LIGHT2}
img.dark{display:none}
@media screen and (prefers-color-scheme:dark){:root{--paper:#16181d;--ink:#e8e8e8;
--faint:#3a3d45;--card:#1f222a;--blue:DARK0;--red:DARK1;--green:DARK2}
img.light{display:none}img.dark{display:inline}}
html{scroll-behavior:smooth}:lang(ko){word-break:keep-all}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:60rem;padding:1rem;overflow-wrap:break-word}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem}h3{font-size:1.05rem;margin-top:2rem}
a{color:var(--blue)}
.card{background:var(--card);border:1px solid var(--faint);border-radius:.5rem;padding:.5rem 1rem}
.card h2{margin:.5rem 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.3rem 1rem;margin:.5rem 0}
dt{opacity:.8}dd{margin:0}dd ul{margin:0;padding-left:1.2rem}
nav ol{padding-left:1.4rem}nav ol ol{columns:16rem}nav li{break-inside:avoid}
.notice{border-left:.25rem solid var(--blue);padding-left:.75rem;margin:.5rem 0}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--faint);padding:.3rem .6rem;text-align:left;vertical-align:top}
.scroll th{white-space:nowrap}
.scroll tr>:first-child{position:sticky;left:0;background:var(--paper)}
figure{margin:1rem 0}img{max-width:100%;height:auto}
figcaption{font-size:.9rem;opacity:.8}
pre{overflow-x:auto;font-size:.85rem}summary{cursor:pointer}
.top{font-size:.9rem}
@media(max-width:40rem){th,td{padding:.3rem .35rem;font-size:.85rem}
.scroll th{white-space:normal}.scroll tr>*{min-width:4.2rem}
.scroll tr>:first-child{min-width:5.2rem;max-width:6.5rem}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}nav ol ol{columns:1}}
@media print{:root{color-scheme:light}body{max-width:none;font-size:11pt;padding:0}
h2,h3{break-after:avoid}figure,tr,.card,.picture{break-inside:avoid}img{max-height:20cm}
.top{display:none}.scroll{overflow:visible}.scroll th{white-space:normal}
td,th{padding:.2rem .4rem;font-size:9pt}pre{white-space:pre-wrap}
details::details-content{content-visibility:visible;block-size:auto}}
"""
"""The style sheet; `style` replaces LIGHT0, DARK0 and so on with colours of the figures."""


def style() -> str:
    """The style sheet of every page, with the colours of the figures."""
    # Not str.format: a style sheet is full of braces.
    sheet = STYLE
    for index in range(3):
        sheet = sheet.replace(f"LIGHT{index}", LIGHT[index]).replace(f"DARK{index}", DARK[index])
    return sheet


def shell(title: str, body: str, lang: str = "en", more: str = "") -> bytes:
    """The complete HTML file around `body`, as UTF-8.

    title: plain text; body: HTML; more: CSS rules that are added to the shared ones.
    """
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name}</title><style>{style()}{more}</style></head>\n"
        f"<body>\n<main>\n<h1>{name}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()
