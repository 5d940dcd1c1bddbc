"""Pictures on both backgrounds, films that move, reports that need nothing from outside."""

import io
import re

import numpy as np
import pytest
from PIL import Image, ImageStat

import etude
from etude.draw.style import DARK, LIGHT, picture
from etude.look import compare, filmstrip
from etude.look.report import Section, page
from etude.look.words import sentences

ROWS = [
    {"epoch": i, "train": {"classify": {"loss": 1 / i}}, "val": {"accuracy": 0.5, "loss": 1.0}}
    for i in range(1, 5)
]
IMAGES = np.random.default_rng(0).integers(0, 255, (20, 1, 8, 8)).astype(np.uint8)


def shown(each) -> list[Image.Image]:
    return [Image.open(io.BytesIO(png)).convert("RGB") for png in (each.light, each.dark)]


def every_picture():
    grid = np.linspace(0, 1, 9)
    yield compare.overlaid({"a": [ROWS, ROWS], "b": [ROWS]}, "accuracy", "beware")
    yield compare.functions(grid, grid**2, {"net": (grid, grid)}, "y", "beware")


@pytest.mark.parametrize("each", list(every_picture()), ids=lambda p: p.name)
def test_a_picture_is_light_and_dark_and_says_what_it_shows(each):
    light, dark = shown(each)
    assert light.size == dark.size
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert sum(dark.getpixel((0, 0))) < 100
    for image in (light, dark):
        assert max(ImageStat.Stat(image).stddev) > 5, "nothing is drawn"
    assert len(each.alt) > 20
    assert each.title


def test_equal_data_give_equal_bytes():
    members = {"a": [ROWS]}
    assert compare.overlaid(members, "accuracy", "") == compare.overlaid(members, "accuracy", "")


def test_a_name_that_no_font_here_can_write_stops_nothing():
    drawn = picture("n", "t", "a", lambda figure, ink: figure.subplots().set_title("고양이 🐈"))
    assert drawn.light != picture("n", "t", "a", lambda figure, ink: figure.subplots()).light


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("colours", "paper"), [(LIGHT, "#ffffff"), (DARK, "#16181d")])
def test_lines_stand_out_from_the_paper(colours, paper):
    for colour in colours[:4]:
        bright, dim = sorted((luminance(colour), luminance(paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 2.5, colour


def test_the_film_moves_and_holds_its_last_frame():
    frames = [(i, np.full((16, 1, 8, 8), 5 * i, np.uint8)) for i in range(50)]
    film = Image.open(io.BytesIO(filmstrip.animation(frames)))
    assert film.n_frames == filmstrip.FRAMES
    film.seek(film.n_frames - 1)
    assert film.info["duration"] == filmstrip.LAST_MS
    middle = (10, filmstrip.LABEL + 10)
    assert film.convert("L").getpixel(middle) == 245, "the last moment is there"


def test_tiles_keep_their_order():
    samples = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 2), np.uint8)
    sheet = filmstrip.tiled(samples, 3, 2)
    assert sheet.shape == (8, 12, 1)
    assert [int(sheet[0, x, 0]) for x in (0, 4, 8)] == [0, 1, 2]
    assert [int(sheet[4, x, 0]) for x in (0, 4, 8)] == [3, 4, 0]


def test_a_report_is_one_file_that_asks_for_nothing(workdir):
    run = etude.train("mlp", data="digits", epochs=2, quiet=True, **{"model.hidden": [8]})
    text = run.folder.report.read_text(encoding="utf-8")
    for attribute in re.findall(r'(?:src|srcset|href)="([^"]*)"', text):
        assert attribute.startswith("data:image/png;base64,")
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text
    for sentence in sentences(run.result, run.history):
        assert sentence.replace("'", "&#x27;") in text
    assert len(text) < 5_000_000
    assert not re.search(r"<img(?![^>]*alt=)", text)


def test_names_from_data_cannot_become_markup():
    attack = '<script>alert("x")</script>'
    nothing = picture("n", attack, attack, lambda figure, ink: figure.subplots())
    section = Section(attack, [attack], [[attack], [attack]], [nothing], attack)
    assert b"<script" not in page(attack, [section])
