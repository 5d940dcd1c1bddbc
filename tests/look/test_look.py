"""Pictures on both backgrounds, films that move, reports that need nothing from outside."""

import io
import re

import numpy as np
import pytest
from PIL import Image, ImageStat

import etude
from etude.draw.style import DARK, LIGHT, picture
from etude.look import answers, curves, filmstrip
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
    true = np.arange(20) % 3
    logits = np.eye(3)[(true + (np.arange(20) < 4)) % 3] * 5
    grid = np.linspace(0, 1, 9)
    yield curves.learning(ROWS, "accuracy")
    yield curves.overlaid({"a": ROWS, "b": ROWS}, "accuracy", "beware")
    yield answers.confusion([[5, 1], [0, 4]], ["cat", "a long name"])
    yield answers.mistakes(IMAGES, true, logits, ["a", "b", "c"])
    yield answers.fitted(grid, grid**2, {"net": (grid, grid)}, "y", "beware")
    yield answers.forecast(grid, grid[:3], {"net": grid[:3]}, "passengers", "1960")
    yield filmstrip.filmstrip([(i, IMAGES) for i in range(30)])
    yield filmstrip.pairs(IMAGES[:8], IMAGES[:8])


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
    assert curves.learning(ROWS, "accuracy") == curves.learning(ROWS, "accuracy")


def test_mistakes_shows_the_surest_first_and_none_where_there_are_none():
    logits = np.array([[0.0, 9.0], [0.0, 1.0], [5.0, 0.0]])
    assert answers.mistakes(IMAGES[:3], np.array([1, 1, 0]), logits, ["a", "b"]) is None
    found = answers.mistakes(IMAGES[:3], np.array([0, 0, 0]), logits, ["a", "b"])
    assert found.alt.startswith("The 2 surest of 2 mistakes on 3")


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
    assert film.convert("L").getpixel((0, 0)) == 245, "the last moment is there"


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
    for sentence in sentences(run.result):
        assert sentence.replace("'", "&#x27;") in text
    assert len(text) < 5_000_000
    assert not re.search(r"<img(?![^>]*alt=)", text)


def test_names_from_data_cannot_become_markup():
    attack = '<script>alert("x")</script>'
    nothing = picture("n", attack, attack, lambda figure, ink: figure.subplots())
    section = Section(attack, [attack], [[attack], [attack]], [nothing], attack)
    assert b"<script" not in page(attack, [section])
