"""Fonts of figures: Korean text only with a font that has Hangul, whatever the font is called."""

import logging

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from etude.render import fonts
from etude.render.style import picture
from etude.render.table import table_picture

HANGUL = [chr(code) for code in range(ord("가"), ord("힣") + 1)]


def built(path, family: str, letters) -> str:
    """A font in which each of these letters is a full square."""
    pen = TTGlyphPen(None)
    for move, *points in ((pen.moveTo, (0, 0)), (pen.lineTo, (0, 800), (800, 800), (800, 0))):
        for point in points:
            move(point)
    pen.closePath()
    names = [".notdef", "square"]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): "square" for letter in letters})
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": family, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return str(path)


@pytest.fixture
def installed(monkeypatch):
    """A function that makes these files the only fonts beside matplotlib's own."""
    own = [e for e in font_manager.fontManager.ttflist if "mpl-data" in e.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    fonts.hangul.cache_clear()

    def install(*files: str) -> None:
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: list(files))

    yield install
    fonts.hangul.cache_clear()


def test_without_a_font_figures_are_english(installed):
    installed()
    assert fonts.language("ko") == fonts.language("en") == "en"
    assert fonts.families() == ["DejaVu Sans"]


def test_a_font_is_taken_for_its_letters_not_for_its_name(installed, tmp_path):
    empty = built(tmp_path / "NotoSansCJK.ttf", "Noto Sans CJK KR", "abc")
    installed(empty)
    assert fonts.language("ko") == "en"
    fonts.hangul.cache_clear()
    installed(empty, built(tmp_path / "NanumTest.ttf", "Nanum Test", HANGUL))
    assert fonts.hangul() == "Nanum Test"
    assert fonts.language("ko") == "ko"
    assert fonts.families() == ["DejaVu Sans", "Nanum Test"]


def test_a_font_of_an_unknown_name_is_not_taken(installed, tmp_path):
    installed(built(tmp_path / "handwriting.ttf", "Handwriting", HANGUL))
    assert fonts.language("ko") == "en"


def test_a_korean_figure_has_korean_text_and_matplotlibs_minus(installed, tmp_path, caplog):
    installed(built(tmp_path / "NanumTest.ttf", "Nanum Test", HANGUL))
    labels = []

    def paint(figure, ink):
        axes = figure.subplots()
        axes.plot([-1, 0])
        axes.set_xlabel(ink.say("axis.epoch"))
        labels.append(
            (axes.get_xlabel(), ink.metric("accuracy"), matplotlib.rcParams["axes.unicode_minus"])
        )

    before = dict(matplotlib.rcParams)
    with caplog.at_level(logging.WARNING):
        korean, english = (picture("n", "t", "a", paint, lang=lang) for lang in ("ko", "en"))
    assert labels == [("에폭", "정확도", True)] * 2 + [("epoch", "accuracy", True)] * 2
    assert korean.light != english.light and korean.dark != english.dark
    assert dict(matplotlib.rcParams) == before
    assert not caplog.records, "a font was missing"
    assert fonts._has(fonts._file(fonts.families()[0]), "−−0123456789.-"), (
        "the first family decides"
    )


def test_a_table_is_drawn_in_a_font_that_has_its_letters(installed, tmp_path):
    installed(built(tmp_path / "NanumTest.ttf", "Nanum Test", HANGUL))
    assert fonts.pillow_font("모듈", 18, "DejaVu Sans Mono").getname()[0] == "Nanum Test"
    assert fonts.pillow_font("module", 18, "DejaVu Sans Mono").getname()[0] == "DejaVu Sans Mono"
    rows = [["모듈", "수"], ["a", "12"]]
    korean, english = (
        table_picture("n", "t", "a", each) for each in (rows, [["ab", "n"], rows[1]])
    )
    assert korean.light != english.light


@pytest.mark.parametrize("letters", ["가나다", "가각뷁힣"])
def test_a_missing_letter_is_found(letters, tmp_path):
    path = built(tmp_path / "a.ttf", "A", letters)
    assert fonts._has(path, fonts.PROBE) == (set(fonts.PROBE) <= set(letters))


def test_a_family_and_its_file_have_one_rank():
    assert fonts._rank("Noto Sans CJK JP") == fonts._rank("NotoSansCJK-Regular.ttc") == 0
    assert fonts._rank("DejaVu Sans") == len(fonts.HANGUL)
