"""HTML from the templates in templates/. A page is one self-contained file, light and dark.

Every value is escaped, because names of classes, files and folders are the user's. HTML in a value
must be a `markupsafe.Markup`.
"""

import base64
from functools import cache, partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from etude.locale.texts import Lang, say
from etude.render.style import DARK, LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _templates() -> "Environment":
    # Here, because verbs that write no page should not wait for this import.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("etude.render"),
        autoescape=True,
        # A value that a template misses is an error; by default it would be an empty text.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"light": LIGHT, "dark": DARK}
    environment.filters["data_url"] = data_url
    return environment


def data_url(png: bytes) -> Markup:
    """A PNG file as the address of an image, so that the page needs no other file."""
    return Markup(f"data:image/png;base64,{base64.b64encode(png).decode()}")


def fragment(template: str, **values: object) -> str:
    """A template with these values, every one of them escaped."""
    return _templates().get_template(template).render(values)


def style() -> str:
    """The style sheet of every page, with the colours of the figures."""
    return fragment("style.css.j2")


def render(template: str, title: str, lang: Lang, more: str = "", **values: object) -> bytes:
    """The complete HTML file of a template that extends page.html.j2, as UTF-8.

    title: plain text; more: CSS rules that are added to the shared ones; values: what the template
    needs. `say(key, ...)` in a template is the text of that key in `lang`.
    """
    values |= {"title": title, "lang": lang, "more": Markup(more), "say": partial(say, lang)}
    return fragment(template, **values).encode()


def shell(title: str, body: str, lang: Lang = "en", more: str = "") -> bytes:
    """The complete HTML file around `body`, which is HTML already."""
    return render("page.html.j2", title, lang, more, body=Markup(body))
