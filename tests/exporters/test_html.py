"""The page of a network: opened from disk in Chromium, its answers compared with étude's."""

import io
import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest
from PIL import Image

import etude
from etude.data.images import fit
from etude.exporters import html
from etude.exporters.pages import facts
from etude.exporters.tapes import node
from etude.locale.texts import LANGS
from tests.inspection.conftest import runs  # noqa: F401  # shared trained runs

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
NODE = pytest.mark.skipif(node.found() is None, reason="Node is not installed")


def opened(path, folder):
    """The text of a page after its scripts, and everything that the browser says of it."""
    words = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    words += " --disable-component-update --disable-sync --enable-logging=stderr --dump-dom"
    home = f"--user-data-dir={folder / 'browser'}"
    line = [CHROMIUM, *words.split(), home, "--virtual-time-budget=5000", path.as_uri()]
    ended = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)
    return ended.stdout, [each for each in ended.stderr.splitlines() if "CONSOLE" in each]


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp("page") / "mlp.html"
    exported = runs("mlp").export("html", path, samples=3)
    assert exported.parity.holds and exported.parity.same == exported.parity.samples
    return path


def data_of(path):
    found = re.search(r'id="page">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found[1])


@BROWSER
def test_the_page_answers_from_disk(page, tmp_path):
    shown, console = opened(page, tmp_path)
    assert not console
    sample = data_of(page)["samples"][0]
    best = int(np.argmax(sample["answers"]["probabilities"]))
    text = re.search(r'id="answer"[^>]*>(.*?)</p>', shown)[1]
    assert text.startswith(f"{best}: ") and text.endswith("%")
    assert "equals étude's within" in shown


@BROWSER
def test_a_page_with_another_answer_refuses(page, tmp_path):
    data = data_of(page)
    wrong = data["samples"][0]["answers"]["probabilities"]
    held = json.dumps(wrong)
    changed = json.dumps([wrong[0] + 0.01, *wrong[1:]])
    source = page.read_text(encoding="utf-8")
    assert source.count(held) == 1
    other = tmp_path / "wrong.html"
    other.write_text(source.replace(held, changed), encoding="utf-8")
    shown, _ = opened(other, tmp_path)
    assert (
        "The page therefore gives no answer" in re.search(r'id="answer"[^>]*>(.*?)</p>', shown)[1]
    )


@BROWSER
def test_a_script_of_a_stranger_does_not_run(page, tmp_path):
    source = page.read_text(encoding="utf-8")
    other = tmp_path / "injected.html"
    other.write_text(source.replace("</main>", "<script>document.title='x'</script></main>"))
    shown, console = opened(other, tmp_path)
    assert "<title>x" not in shown
    assert any("Content Security Policy" in line for line in console)


def test_nothing_in_the_page_names_another_place(page):
    source = page.read_text(encoding="utf-8")
    markup = re.sub(r'<script type="application/.*?</script>', "", source, flags=re.DOTALL)
    # The name of SVG, which nothing fetches.
    markup = markup.replace('const SVG = "http://www.w3.org/2000/svg";', "", 1)
    assert not re.search(r"https?://|\bsrc=|\bhref=|\bon\w+=\"|fetch\(|XMLHttp|innerHTML", markup)
    policy = unescape(re.search(r'Policy" content="(.*?)"', source)[1])
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy


def test_samples_are_left_out_when_asked(runs, tmp_path):  # noqa: F811
    exported = runs("mlp").export("html", tmp_path / "x.html", samples=0)
    data = data_of(tmp_path / "x.html")
    assert data["samples"] == [] and len(data["probes"]) == facts.PROBES
    assert "contains 0 test samples" in " ".join(exported.plain()["notes"])


def test_every_word_of_the_script_exists():
    source = html.bundled()
    used = set(re.findall(r'(?:say|button|invalid)\("([\w.]+)"', source))
    used |= set(re.findall(r'named\(.*?, "([\w.]+)"', source))
    used |= {f"legend.{part}" for part in ("known", "ahead", "band", "future")}
    used |= {f"title.{part}" for part in ("input", "answer", "about")}
    for lang in LANGS:
        assert used <= facts.words()[lang].keys()


@NODE
def test_pictures_are_fitted_as_pillow_does(tmp_path):
    """20 pictures, grey and in colour: equal bytes, but for tall pictures, of which top and bottom
    are cropped: Pillow resizes the height of some of them first, and rounds after it."""
    random = np.random.default_rng(3)
    tall, wanted, script = [], [], ["import { fit } from './fit.mjs';", "const all = [];"]
    for i in range(20):
        height, width = random.integers(5, 60, 2)
        size = [(8, 8), (28, 28), (16, 24), (64, 48)][i % 4]
        tall.append(height * size[1] > width * size[0])
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        mode = "L" if i % 2 else "RGB"
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        picture = Image.open(io.BytesIO(buffer.getvalue()))
        wanted.append(fit(picture, size, mode).ravel().tolist())
        rgba = np.concatenate([pixels, np.full((height, width, 1), 255, np.uint8)], 2)
        shape = [1 if mode == "L" else 3, *size]
        held = json.dumps(rgba.ravel().tolist())
        script.append(f"all.push(Array.from(fit({held}, {width}, {height}, {shape})));")
    script.append("console.log(JSON.stringify(all));")
    (tmp_path / "fit.mjs").write_text(node.script("fit.js"), encoding="utf-8")
    (tmp_path / "test.mjs").write_text("\n".join(script), encoding="utf-8")
    line = [node.found(), "test.mjs"]
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 5 < sum(tall) < 15
    for have, want, is_tall in zip(json.loads(ended.stdout), wanted, tall, strict=True):
        assert np.abs(np.array(have) - np.array(want)).max() <= is_tall


def test_a_run_knows_the_forms():
    assert {"html", "tape"} <= set(etude.verbs.exporter_names())
