"""What every picture has to keep: its colours, room for its words, and something to notice."""

import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image

import etude
from etude.inspection import filmstrip, gallery, view
from etude.inspection.views import curves
from etude.inspection.views.attention import focus
from etude.inspection.views.confusion import strength
from etude.inspection.views.latent import marker_style
from etude.inspection.views.weights import LEVELS, quantiles
from etude.locale.texts import LANGS
from etude.render import labels, panels
from etude.render.colours import HEAT, SIGNED, colours
from etude.render.style import INKS, Picture, packed, picture
from tests.inspection.conftest import KINDS
from tests.inspection.test_report import luminance


def hex_of(color) -> str:
    return "#" + "".join(f"{round(255 * c):02x}" for c in color[:3])


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 5000])
def test_a_png_has_every_colour_that_was_drawn(count):
    grey = np.arange(count, dtype=np.uint32) * (2**24 // count)
    pixels = np.stack([(grey >> shift) & 255 for shift in (16, 8, 0)], 1).astype(np.uint8)
    stored = Image.open(io.BytesIO(packed(Image.fromarray(pixels[None]))))
    assert (stored.mode == "P") == (count <= 256), "a palette where it loses nothing"
    assert np.array_equal(np.asarray(stored.convert("RGB"))[0], pixels)


def test_colours_of_a_legend_stay_apart_beside_a_photograph():
    photo = np.random.default_rng(0).random((3, 96, 96)).astype(np.float32)

    def paint(figure, ink):
        left, right = figure.subplots(1, 2)
        panels.paint_sample(left, ink, photo, 1.0)
        for index in range(10):
            right.barh(index, 1, color=ink.classes[index])

    drawn = picture("n", "t", "a", paint)
    for png, ink in ((drawn.light, INKS["light"]), (drawn.dark, INKS["dark"])):
        there = {color for _, color in Image.open(io.BytesIO(png)).convert("RGB").getcolors(2**24)}
        assert len(set(ink.classes)) == 10
        for wanted in ink.classes:
            assert tuple(int(wanted[i : i + 2], 16) for i in (1, 3, 5)) in there, wanted


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_no_two_of_eighty_classes_look_alike(ground):
    looks = [tuple(marker_style(INKS[ground], index).values()) for index in range(80)]
    assert len(set(looks)) == 80


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_signs_differ_in_lightness_and_nothing_is_the_page(ground):
    paper = INKS[ground].paper
    made = colours("signed", ground)
    assert SIGNED[ground][2] == paper
    bright = [luminance(hex_of(made(i / 200))) for i in range(201)]
    far = [abs(x - luminance(paper)) for x in bright]
    assert far[:101] == sorted(far[:101], reverse=True), "each arm leaves the page steadily"
    assert far[100:] == sorted(far[100:])
    low, high = sorted((bright[0], bright[-1]))
    assert (high + 0.05) / (low + 0.05) > 1.7, "the two ends are apart on a grey printer"
    for end in (bright[0], bright[-1]):
        ends = sorted((end, luminance(paper)))
        assert (ends[1] + 0.05) / (ends[0] + 0.05) > 3, "and both stand out from the page"


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_heat_rises_steadily_and_begins_beside_the_page(ground):
    paper, made = luminance(INKS[ground].paper), colours("heat", ground)
    far = [abs(luminance(hex_of(made(i / 200))) - paper) for i in range(201)]
    assert far == sorted(far)
    assert HEAT[ground][0] != INKS[ground].paper, "zero has an edge"


def test_one_error_of_a_thousand_is_seen():
    counts = np.diag([1000, 1000, 1000])
    counts[0, 1] = 1
    found = strength(counts)
    assert found[0, 1] > 0.2
    assert np.isnan(found[0, 2]), "nothing is the page"
    for ground, ink in INKS.items():
        color = luminance(hex_of(ink.signed((found[0, 1] + 1) / 2)))
        low, high = sorted((color, luminance(ink.paper)))
        assert (high + 0.05) / (low + 0.05) > 1.15, ground


LONG = "a photograph of the meadow behind the house " * 4


@pytest.mark.parametrize("text", ["", "a", LONG, "x" * 500, "코" * 200, "two\nlines\tand\x07bell"])
@pytest.mark.parametrize("width", [0.5, 1.0, 2.7])
def test_a_label_is_as_wide_as_it_may_be(text, width):
    for line in labels.wrapped(text, width, 8, rows=3).split("\n"):
        assert labels.inches(line, 8) <= width
        assert line.isprintable() or not line
    assert len(labels.wrapped(text, width, 8, rows=3).split("\n")) <= 3


def test_what_is_cut_keeps_both_ends_and_stays_apart():
    assert labels.short("short", 3) == "short"
    cut = labels.short("first part of a long name, and the last.jpg", 1.5)
    assert cut.startswith("first")
    assert cut.endswith(".jpg")
    names = [f"{'a' * 60}{i}{'b' * 60}" for i in range(30)]
    found = labels.shorts(names, 1.2)
    assert len(set(found)) == 30
    assert max(labels.inches(name, 8) for name in found) <= 1.25


@pytest.fixture
def texts(monkeypatch):
    """The texts of every figure drawn: (picture's size, [(text, box)])."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    found = []
    draw = FigureCanvasAgg.draw

    def boxes(canvas):
        figure, kept = canvas.figure, []
        ticks = set()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                every = (*axis.majorTicks, *axis.minorTicks)
                unseen = {id(text) for t in every for text in (t.label1, t.label2)}
                ticks |= unseen - {
                    id(text) for t in axis._update_ticks() for text in (t.label1, t.label2)
                }
        for each in figure.findobj(Text):
            # The box around a slanted label is larger than the label: those are not compared.
            straight = each.get_rotation() % 90 == 0
            if (
                each.get_visible()
                and each.get_text().strip()
                and id(each) not in ticks
                and straight
            ):
                kept.append((each.get_text(), each.get_window_extent()))
        return figure.bbox, kept

    def drawn(canvas):
        draw(canvas)
        found.append(boxes(canvas))

    monkeypatch.setattr(FigureCanvasAgg, "draw", drawn)
    return found


def clashes(size, boxes) -> list[str]:
    """Texts that lie over each other, or leave the picture."""
    bad = [
        f"{text!r} leaves the picture"
        for text, box in boxes
        if box.x0 < -2 or box.y0 < -2 or box.x1 > size.x1 + 2 or box.y1 > size.y1 + 2
    ]
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 2 and down > 2:
            bad.append(f"{one!r} lies over {two!r}")
    return bad


def test_clashes_are_found(texts):
    def paint(figure, ink):
        axes = figure.subplots()
        axes.text(0.5, 0.5, "one text")
        axes.text(0.52, 0.5, "another")
        axes.text(1.5, 0.5, "outside")

    picture("n", "t", "a", paint)
    bad = clashes(*texts[-1])
    assert any("'one text' lies over 'another'" in line for line in bad)
    assert any("'outside' leaves" in line for line in bad)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photographs with names of classes and files that are far too long."""
    place = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for label in range(4):
        name = f"{label} of {LONG}"[:117] + f"{label:03d}"
        (place / "data" / name).mkdir(parents=True)
        for index in range(14):
            pixels = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
            pixels[..., label % 3] //= 4
            file = f"{index} a file with a long name from a camera {'0123456789' * 8}.png"
            Image.fromarray(pixels).save(place / "data" / name / file)
    return place


def check(run, texts) -> None:
    """Every picture of a run, in both languages: nothing lies over anything, none of it outside."""
    for subject in (run.subject(lang=lang) for lang in LANGS):
        for name, each in gallery.chosen(subject).items():
            texts.clear()
            each.draw(subject)
            for size, boxes in texts:
                assert not clashes(size, boxes), (name, subject.lang)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cnn", "vit", "lstm", "aae", "mlp"])
@pytest.mark.filterwarnings("error::UserWarning:etude")
def test_long_names_lie_over_nothing(model, photos, texts):
    fields = {"data.size": 16}
    run = etude.train(
        model, str(photos / "data"), epochs=1, quiet=True, root=photos / "runs", **fields
    )
    check(run, texts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_words_lie_over_nothing(kind, runs, texts):
    check(runs(kind), texts)


@pytest.mark.parametrize("width", [1, 13])
def test_words_of_a_table_lie_over_nothing(width, tmp_path, texts):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, width)).astype(np.float32)
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] > 0).astype(int))
    run = etude.train("mlp", str(tmp_path / "table.npz"), epochs=1, quiet=True, root=tmp_path)
    check(run, texts)
    [drawn] = run.look(view="attributions")
    assert drawn.arrays["integrated_gradients"].shape == (width,)


def numbers(sentence: str) -> list[tuple[float, float]]:
    """Numbers of a sentence, and half of the last digit that is written; percentages as shares."""
    found = []
    for text, percent in re.findall(r"([+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)( ?%)?", sentence):
        plain = text.replace(",", "")
        digits = plain.partition("e")[0].partition(".")[2]
        power = int(plain.partition("e")[2] or 0)
        room = 0.51 * 10.0 ** (power - len(digits))
        value = float(plain)
        found.append((value / 100, room / 100) if percent else (value, room))
    return found


def is_among(number: tuple[float, float], values: np.ndarray) -> bool:
    value, room = number
    return bool((np.abs(values - value) <= room + 0.06 * abs(value) * (room >= 0.5)).any())


def test_a_number_that_is_not_among_them_is_found():
    assert is_among((0.61, 0.005), np.array([0.6098]))
    assert not is_among((0.61, 0.005), np.array([0.5, 61]))
    assert numbers("1,234 of 61%, 2.0e-3") == [
        (1234, 0.51), (0.61, pytest.approx(0.0051)), (0.002, pytest.approx(0.000051)),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_has_something_to_notice(kind, runs, monkeypatch):
    # Sentences alone are compared, and painting takes most of the time.
    unpainted = lambda name, title, alt, *_: Picture(name, title, alt, b"", b"")  # noqa: E731
    monkeypatch.setattr(view, "picture", unpainted)
    for lang in ("en", "ko"):
        for each in runs(kind).look(lang=lang):
            assert each.notice.endswith("."), each.name
            assert "{" not in each.notice
            assert any("가" <= letter <= "힣" for letter in each.notice) == (lang == "ko")
            own = each.arrays["noticed"]
            said = numbers(each.notice)
            assert any(is_among(number, own) for number in said), (each.notice, own)
            # And each of its numbers is written.
            for value in own:
                assert any(is_among(n, np.array([value])) for n in said), (each.notice, value)


def test_the_notice_of_a_confusion_is_in_its_counts(runs):
    [each] = runs("cnn").look(view="confusion")
    counts = each.arrays["counts"]
    off = counts - np.diag(np.diag(counts))
    count, of, wrong, total = each.arrays["noticed"]
    assert count == off.max()
    assert of == counts.sum(1)[off.max(1).argmax()]
    assert (wrong, total) == (off.sum(), counts.sum())


def test_a_heads_pattern_by_hand():
    even = np.full((2, 2, 5, 5), 0.2)
    before = even.copy()
    before[1, 0] = 0.8 * np.eye(5, k=-1) + 0.04
    layer, head, name, share = focus(before)
    assert (layer, head, name) == (1, 0, "previous")
    assert share == pytest.approx(0.84)
    one = even.copy()
    one[0, 1, :, 3] = 0.9
    assert focus(one) == (0, 1, "one", pytest.approx(0.9))


def test_bands_are_numpys_quantiles():
    size = np.random.default_rng(0).lognormal(-4, 2, 200_000)
    counts = np.histogram(np.log10(size).clip(-9, 3), 48, (-9, 3))[0]
    share = (counts / counts.sum())[None, :, None]
    found = quantiles(np.concatenate((share, 0 * share)))
    assert np.allclose(np.log10(found[0, :, 0]), np.log10(np.quantile(size, LEVELS)), atol=0.03)
    assert np.isnan(found[1]).all(), "a layer without gradients has no band"


def test_the_film_has_gaps_names_its_epochs_and_stands_at_both_ends():
    frames = [(7 * i, np.full((16, 1, 8, 8), 200, np.uint8)) for i in range(5)]
    film = Image.open(io.BytesIO(filmstrip.animation(frames)))
    times, tops = [], []
    for index in range(film.n_frames):
        film.seek(index)
        page = np.asarray(film.convert("L"))
        times.append(film.info["duration"])
        tops.append(page[: filmstrip.LABEL].tobytes())
        below = page[filmstrip.LABEL :]
        assert (below[0] < 60).all()
        assert (below[:, 0] < 60).all(), "a gap around each image"
        assert below[10, 10] == 200
    assert len(set(tops)) == 5, "each frame is labelled with its own epoch"
    assert times == [filmstrip.FIRST_MS, *[filmstrip.FRAME_MS] * 3, filmstrip.LAST_MS]


def test_an_image_read_by_rows_is_shown_as_it_is_seen(runs, monkeypatch):
    from matplotlib.axes import Axes

    seen = []
    show = Axes.imshow
    monkeypatch.setattr(
        Axes, "imshow", lambda self, x, *a, **k: seen.append(np.array(x)) or show(self, x, *a, **k)
    )
    run = runs("lstm")
    image = np.asarray(run.subject().sample.raw)[0]
    for name in ("gates", "hidden-steps", "attributions"):
        seen.clear()
        run.look(view=name)
        assert any(x.shape == image.shape and np.array_equal(x, image) for x in seen), name
    seen.clear()
    run.look(view="gates")
    assert all(x.shape[0] == 8 for x in seen if x.shape != (256, 1)), "steps go down"


@pytest.mark.parametrize("value", [0.0, 0.5, 0.97, 1.0])
def test_no_tick_of_a_share_is_above_one(value):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.plot([1, 2], [value, value])
    assert value < 1 or max(axes.get_yticks()) > 1, "matplotlib's own goes above"
    curves.at_most_one(axes)
    assert max(axes.get_yticks()) <= 1 and axes.get_ylim()[1] > value
