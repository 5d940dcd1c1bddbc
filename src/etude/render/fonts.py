"""Fonts of figures: matplotlib's own, and an installed one for Hangul.

Texts inside a figure are Korean only if a font here can write them; see `language`.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from PIL import ImageFont

from etude.locale.texts import Lang

LATIN = "DejaVu Sans"
"""matplotlib's own font. It comes first in Korean figures too: digits, the minus sign and symbols
are then the same in both languages."""
HANGUL = (
    "notosanscjk", "notosanskr", "malgun", "applesdgothicneo", "nanumgothic", "nanumbarungothic",
    "nanum", "applegothic", "undotum",
)  # fmt: skip
"""How names of families and files of fonts with Hangul begin, without spaces, the best first."""
PROBE = "가각뷁힣"
"""Syllables that a font must have: the first and the last of Unicode, and a rare one."""


def language(lang: Lang) -> Lang:
    """The language of the texts inside figures: English if no installed font can write `lang`."""
    return lang if lang == "en" or hangul() else "en"


def families() -> list[str]:
    """The font families to draw with. English figures need Hangul for names from the data."""
    return [family for family in (LATIN, hangul()) if family]


@cache
def hangul() -> str | None:
    """The family of the best installed font with Hangul; None without one."""
    if family := _best(font_manager.fontManager.get_font_names()):
        return family
    # matplotlib lists the installed fonts once, in a cache file that it never renews, so a font
    # installed later is not in it.
    for path in sorted(font_manager.findSystemFonts()):
        if _rank(Path(path).name) < len(HANGUL):
            font_manager.fontManager.addfont(path)
    return _best(font_manager.fontManager.get_font_names())


def _best(names: Iterable[str]) -> str | None:
    """The first family, in the order of HANGUL, whose font has all letters of PROBE."""
    # matplotlib takes the names from a set, whose order differs between processes.
    candidates = sorted((_rank(name), name) for name in names)
    fitting = (n for rank, n in candidates if rank < len(HANGUL) and _has(_file(n), PROBE))
    return next(fitting, None)


def _rank(name: str) -> int:
    """The place in HANGUL of the first beginning that fits a name; len(HANGUL) if none does."""
    plain = name.lower().replace(" ", "")
    return next((i for i, start in enumerate(HANGUL) if plain.startswith(start)), len(HANGUL))


def _has(path: str, letters: str) -> bool:
    """Whether the character map of a font has all these letters."""
    font = font_manager.get_font(path)
    return all(font.get_char_index(ord(letter)) for letter in letters)


def _file(family: str, weight: str = "normal") -> str:
    """The path of an installed font."""
    return font_manager.findfont(font_manager.FontProperties(family=family, weight=weight))


def pillow_font(
    text: str, size: int, family: str = LATIN, weight: str = "normal"
) -> ImageFont.FreeTypeFont:
    """The font in which Pillow draws a text: `family`, or the font with Hangul if `text` has
    letters that only that one can write. size: in pixels per em."""
    path, other = _file(family, weight), hangul()
    if other and not _has(path, text) and _has(_file(other), text):
        path = _file(other)
    # A collection (.ttc) holds several fonts; matplotlib before 3.11 reads the first of them only.
    return _truetype(str(path), size, getattr(path, "face_index", 0))


@cache
def _truetype(path: str, size: int, index: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index)
