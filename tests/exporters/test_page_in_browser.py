"""The page of a network by keyboard, as wide as a phone and a projector, in two languages."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from etude.exporters.graph import Deployed, answers
from tests.exporters.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
ANSWER = "document.getElementById('answer').textContent"
CHOSEN = "document.querySelector('select').value"
FOCUS = """(() => {
  const e = document.activeElement, style = getComputedStyle(e);
  return [e.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
})()"""
WIDE = """[...document.querySelectorAll('body *')].filter((e) =>
  e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1
).map((e) => e.tagName + ' ' + e.textContent.slice(0, 20))"""
OTHER = "document.getElementById('language').click()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def page(trained, place):
    """A function that returns the page of a run, and the run."""
    found = {}

    def file(name):
        if name not in found:
            run = trained(name)
            found[name] = run.export("html", place / f"{name}.html", samples=4).path, run
        return found[name]

    return file


def data_of(path: Path) -> dict:
    found = re.search(r'id="page">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found[1])


PAGES = (
    "mlp",
    "table",
    "panel",
    *(pytest.param(n, marks=pytest.mark.slow) for n in ("aae", "lstm")),
)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 1920])
def test_nothing_is_wider_than_the_window(browser, page, name, width):
    browser.show(page(name)[0], width, 1080)
    for _ in range(2):
        assert browser.ask("document.documentElement.scrollWidth") == width
        assert browser.ask(WIDE) == []
        browser.ask(OTHER)
    assert browser.console == []


@pytest.mark.parametrize("name", PAGES)
def test_everything_that_takes_an_input_has_a_name_and_shows_its_focus(browser, page, name):
    browser.show(page(name)[0])
    named = {"application", "button", "combobox", "image", "slider", "textbox"}
    assert [role for role, text in browser.names() if role in named and not text] == []
    inputs = "button, select, input:not([hidden]), textarea, [tabindex], summary"
    for _ in range(browser.ask(f"document.querySelectorAll('{inputs}').length")):
        browser.press("Tab")
        tag, style, width = browser.ask(FOCUS)
        assert (style, width) == ("solid", 3), tag


def test_a_digit_is_drawn_by_keys_and_survives_another_language(browser, page):
    browser.show(page("mlp")[0])
    browser.press("Tab", times=2)
    browser.press("ArrowDown")
    assert browser.ask(CHOSEN) == "1"
    assert browser.ask("document.getElementById('detail').textContent").count("True answer") == 1
    browser.press("Tab", times=4)
    browser.press("Enter")
    blank = browser.ask(ANSWER)
    assert browser.ask(CHOSEN) == "own"
    browser.press("Tab", shift=True, times=3)
    assert browser.ask("getComputedStyle(document.querySelector('.pen')).display") == "block"
    browser.press("ArrowUp", shift=True, times=8)
    assert browser.ask(ANSWER) == blank
    browser.press("ArrowDown", times=16)
    drawn = browser.ask(ANSWER)
    assert drawn != blank
    browser.ask(OTHER)
    assert browser.ask(ANSWER) == drawn and browser.ask(CHOSEN) == "own"
    assert browser.ask("document.documentElement.lang") == "ko"


def test_a_picture_dropped_anywhere_is_answered_as_by_the_run(browser, page, tmp_path):
    path, run = page("mlp")
    pixels = np.zeros((64, 64), np.uint8)
    pixels[8:56, 28:36] = 255
    Image.fromarray(pixels).save(tmp_path / "one.png")
    [wanted] = run.predict(tmp_path / "one.png")
    browser.show(path)
    browser.drop(tmp_path / "one.png", "#about")
    browser.until(f"{CHOSEN} === 'own'")
    assert browser.ask(ANSWER) == f"{wanted['label']}: {100 * wanted['probability']:.1f}\u00a0%"
    (tmp_path / "no.png").write_bytes(b"no picture")
    browser.drop(tmp_path / "no.png", "#input")
    browser.until(f"{ANSWER}.startsWith('no.png is not a picture')")


def test_a_form_names_the_field_that_is_wrong_and_keeps_what_was_typed(browser, page):
    browser.show(page("table")[0])
    before = browser.ask(ANSWER)
    browser.press("Tab", times=3)
    browser.ask("document.activeElement.select()")
    browser.type("many")
    assert browser.ask(ANSWER) == "These fields do not hold a number: size."
    assert browser.ask("document.activeElement.ariaInvalid") == "true"
    browser.ask("document.activeElement.select()")
    browser.type("120")
    assert browser.ask(ANSWER) not in (before, "")
    typed = (
        "[...document.querySelectorAll('#input input, #input select')].slice(1).map((e) => e.value)"
    )
    values = browser.ask(typed)
    assert values[0] == "120" and re.fullmatch(r"\d{4}-\d\d-\d\d", values[2])
    browser.ask(OTHER)
    assert browser.ask(typed) == values


def test_series_are_answered_in_their_own_unit(browser, page):
    path, run = page("panel")
    browser.show(path)
    data, split = data_of(path), run.trained.samples()
    names = [scale.name for scale in run.card.panel.series]
    windows = run.card.panel.windows["test"]
    made = answers(Deployed(run.trained), split)["forecast"]
    for i, sample in enumerate(data["samples"]):
        choose = f"s.value = {i}; s.dispatchEvent(new Event('change'));"
        browser.ask(f"((s) => {{ {choose} }})(document.querySelector('select'))")
        place = int(np.linspace(0, len(split) - 1, 4).astype(int)[i])
        series = int(np.searchsorted(np.cumsum(windows), place, side="right"))
        scale = run.card.panel.series[series]
        first = made[place][0] * scale.std + scale.mean
        shown = re.match(r"Next step: ([\d,.]+) · step 3: [\d,.]+$", browser.ask(ANSWER))
        assert float(shown[1].replace(",", "")) == pytest.approx(first, rel=1e-3)
        assert sample["series"] == series
        texts = browser.ask(
            "[...document.querySelectorAll('svg.plot text')].map((e) => e.textContent)"
        )
        assert texts[-2:] == [names[series], "steps; 0 is the last known"] and len(texts) > 6
    legend = browser.ask("[...document.querySelectorAll('.legend li')].map((e) => e.textContent)")
    assert legend == ["known", "forecast", "80\u00a0% interval", "true values"]
