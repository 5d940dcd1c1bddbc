"""Pictures on both backgrounds, films that move, reports that need nothing from outside."""

import html
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageStat

import etude
from etude.comparison import curves
from etude.inspection import filmstrip
from etude.inspection.report import Section, Summary, page, store_pictures, stored_pictures
from etude.inspection.view import ViewPicture
from etude.inspection.words import sentences
from etude.render import fonts
from etude.render.page import style
from etude.render.style import DARK, LIGHT, picture
from etude.results import EpochRow, PhaseRow
from etude.runs.folder import RunFolder

ROWS = [
    EpochRow(
        epoch=i,
        step=i,
        train={"classify": PhaseRow(loss=1 / i)},
        val={"accuracy": 0.5, "loss": 1.0},
    )
    for i in range(1, 5)
]
IMAGES = np.random.default_rng(0).integers(0, 255, (20, 1, 8, 8)).astype(np.uint8)


def shown(each) -> list[Image.Image]:
    return [Image.open(io.BytesIO(png)).convert("RGB") for png in (each.light, each.dark)]


def every_picture():
    grid = np.linspace(0, 1, 9)
    yield curves.overlay({"a": [ROWS, ROWS], "b": [ROWS]}, "accuracy", "beware")
    yield curves.function_picture(grid, grid**2, {"net": (grid, grid)}, "y", "beware")


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
    assert curves.overlay(members, "accuracy", "") == curves.overlay(members, "accuracy", "")


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
    for attribute in re.findall(r'(?:src|srcset)="([^"]*)"', text):
        assert attribute.startswith("data:image/png;base64,")
    places = re.findall(r'id="([^"]*)"', text)
    assert len(places) == len(set(places))
    assert {link[1:] for link in re.findall(r'href="(#[^"]*)"', text)} <= set(places)
    assert not re.search(r'href="[^#]', text)
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text
    for sentence in sentences(run.result, run.epochs):
        assert sentence in html.unescape(text)
    assert len(text) < 5_000_000
    assert not re.search(r"<img(?![^>]*alt=)", text)
    titles = json.loads((run.path / "pictures" / "pictures.json").read_text())
    for each in titles:
        assert f"<h3>{each['title']}</h3>" in text
        assert f">{each['title']}</a></li>" in text
    top = text[: text.index("<nav>")]
    for wanted in (
        "MLP, ",
        "1,295 training",
        "accuracy",
        "interval",
        "logistic regression",
        "s of",
    ):
        assert wanted in top, wanted


def test_what_to_notice_stands_above_its_picture_and_is_kept(tmp_path):
    plain = picture("n", "A view", "what it shows", lambda figure, ink: figure.subplots())
    seen = ViewPicture(**vars(plain), notice="Look at the <corner>.")
    text = page("t", [Section("Pictures", pictures=[seen, plain])]).decode()
    assert text.count("<h3>") == 1, "one title, one heading"
    assert text.index("Look at the &lt;corner&gt;.") < text.index("<figure>")
    assert text.count("<figure>") == 2
    run = RunFolder(tmp_path)
    run.pictures.mkdir()
    store_pictures(run, [seen])
    assert stored_pictures(run) == [seen]
    (run.pictures / "pictures.json").write_text('[{"name": "n", "title": "t", "alt": "a"}]')
    assert stored_pictures(run)[0].notice == "", "as version 0.1.0 has kept it"


def test_a_page_shows_pictures_of_one_ground_at_a_time_and_light_ones_in_print():
    """Both images stand in the page, and the style sheet hides one: dark on screens alone."""
    hidden, screen = "img.dark{display:none}", "@media screen and (prefers-color-scheme:dark)"
    assert style().index(hidden) < style().index(screen)
    assert "img.light{display:none}img.dark{display:inline}" in style()
    for rule in ("@media print", "details::details-content", "position:sticky"):
        assert rule in style()


def test_the_notes_of_a_card_and_a_table_that_leads_stand_above_the_contents():
    card = Summary([("Model", "MLP")], ["Only 3 test samples"])
    sections = [
        Section("All", table=[["name", "value"], ["One", "1.0 %"]], rows_lead=True),
        Section("One", ["a sentence"], link=("one/report.html", "more")),
    ]
    text = page("t", sections, summary=card).decode()
    order = ["Only 3 test samples", '<a href="#one">One</a></th><td>1.0&nbsp;%', "<nav>", "a sent"]
    assert sorted(order, key=text.index) == order
    assert '<a href="one/report.html">more</a>' in text


def test_names_from_data_cannot_become_markup():
    attack = '<script>alert("x")</script>'
    nothing = picture("n", attack, attack, lambda figure, ink: figure.subplots())
    section = Section(attack, [attack], [[attack], [attack]], [nothing], attack)
    text = page(attack, [section], summary=Summary([(attack, attack)], [attack]))
    assert b"<script" not in text
    assert text.count(b"&lt;script&gt;") > 10


def test_only_a_number_and_its_percent_sign_are_not_escaped():
    """A filter `safe` or a block without autoescape would let names from the data be markup."""
    templates = Path(fonts.__file__).parent / "templates"
    text = "".join(path.read_text(encoding="utf-8") for path in templates.iterdir())
    assert re.findall(r"[^ ]+ \| ?safe", text) == ['"&nbsp;%" | safe']
    assert "autoescape" not in text
