"""html: one file that opens from disk, in which the network answers what a visitor draws or types.

The file has the tape and its player, and loads nothing from anywhere else: a policy in the file
forbids it. When it is opened, the page compares itself with étude's answers, and refuses to answer
if they differ.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

from markupsafe import Markup
from pydantic import Field

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.pages.facts import page
from etude.exporters.tapes.check import proven, taped
from etude.exporters.tapes.form import Tape
from etude.exporters.tapes.node import script
from etude.exporters.tapes.record import said
from etude.locale.texts import Lang, Text, text
from etude.render.page import render, style
from etude.runs.files import replace
from etude.system.limits import Plain

SCRIPTS = ("player.js", "fit.js", "plot.js", "page.js")
MOST = 12
"""Test samples in a page."""


class HtmlConfig(ExportConfig):
    """The options of a page."""

    samples: int = Field(default=8, ge=0, le=MOST, description="config.html.samples")
    lang: Lang = Field(default="en", description="config.html.lang")


def write(trained: Trained, out: Path, options: HtmlConfig) -> Exported:
    """Write the page. Raises as the form `tape`."""
    tape = taped(trained)
    parity, notes = proven(tape, trained)
    data = page(trained, tape, options.samples, options.lang)
    content = document(trained.label, tape, data, options.lang)
    replace(out, content)
    held = len(data["samples"])
    contains: Text = text("export.html.samples", count=held, data=trained.card.name)
    return Exported(out, len(content), parity, (said(tape), contains, *notes))


def document(title: str, tape: Tape, data: Plain, lang: Lang) -> bytes:
    """The whole file."""
    tape64 = base64.b64encode(tape.content()).decode()
    code, sheet = bundled(), style() + script("page.css")
    data["size"] = round((len(tape64) + len(code)) / 1e6, 2)
    # In a block of data the only word that ends it is its own end tag.
    held = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    # Neither an address nor a handler in the markup: what runs is what has these digests.
    policy = (
        f"default-src 'none'; script-src '{_digest(code)}'; style-src '{_digest(sheet)}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return render(
        "network.html.j2", title, lang, other="ko" if lang == "en" else "en", policy=policy,
        style=Markup(sheet), script=Markup(code), page=Markup(held), tape=tape64,
    )  # fmt: skip


def bundled() -> str:
    """The scripts as one module, since a file on disk cannot import another."""
    parts = [re.sub(r"^import .*\n", "", script(name), flags=re.MULTILINE) for name in SCRIPTS]
    *before, last = [re.sub(r"^export ", "", part, flags=re.MULTILINE) for part in parts]
    # In a block of its own, the page may use names that the player uses too.
    return "\n".join([*before, "{", last, "}"])


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


EXPORTER = Exporter(HtmlConfig, write, text("exporter.html.summary"), ".html")
