"""What is said and drawn of a duel by rules."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from etude.comparison import findings, pictures
from tests.comparison.test_protocol import RULES, contender, hill, play

LANGS = ("en", "ko")


def sgd_diverges(member):
    """A table: sgd is best at 0.316 and diverges above; adam is best at 0.01."""
    rate, name = member.mapping["train"]["lr"], member.label.split("-")[0]
    if name == "sgd" and rate > 0.9:
        return None
    return hill(0.316 if name == "sgd" else 0.01, wobble=0.004)(member)


def found(**rules):
    two = [contender("sgd"), contender("adam")]
    return play(two, RULES.model_copy(update=rules), sgd_diverges)[0]


FOUND = found()


def shown(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("index", range(3))
def test_a_picture_is_light_and_dark_and_says_what_it_shows(index, lang):
    each = pictures.pictures(FOUND, lang)[index]
    light, dark = shown(each.light), shown(each.dark)
    assert light.size == dark.size
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert sum(dark.getpixel((0, 0))) < 100
    for image in (light, dark):
        assert max(ImageStat.Stat(image).stddev) > 5
    assert "sgd" in each.alt and "adam" in each.alt


def test_the_curve_shows_what_was_chosen_and_what_diverged():
    drawn = pictures.every_rate(FOUND)
    assert "best sgd 0.316, adam 0.01" in drawn.alt
    assert "diverged sgd 1" in drawn.alt
    good = pictures.every_rate(play([contender("sgd"), contender("adam")], RULES, lambda m: (
        0.5 if sgd_diverges(m) is None else sgd_diverges(m)))[0])  # fmt: skip
    assert ImageChops.difference(shown(drawn.light), shown(good.light)).getbbox()


def test_each_schedule_has_a_panel():
    both = found(schedules=("constant", "cosine"))
    one, two = (shown(pictures.every_rate(each).light) for each in (FOUND, both))
    assert two.size[0] > one.size[0]


def test_where_all_diverge_there_is_still_a_picture_and_a_sentence():
    nothing, _ = play([contender("sgd"), contender("adam")], RULES, lambda m: (
        None if m.label.startswith("sgd") else sgd_diverges(m)))  # fmt: skip
    said = " ".join(findings.sentences(nothing, {}))
    assert "sgd: a run diverged at every rate, so no rate could be selected." in said
    assert "sgd: the lowest rate was the best" in said
    assert said.startswith("adam, at its best rate 0.01: test accuracy 90.1 %.")
    assert len(pictures.pictures(nothing)) == 2
    assert findings.rows(nothing)[1][1] == "-"


def test_the_outcome_is_said_first_and_the_usual_slip_beside_it():
    said = findings.sentences(FOUND, {"search": 50.2, "finals": 20.0})
    assert said[0].startswith("No difference between")
    assert any(line.startswith("With one rate for all (the preset's, 0.01)") for line in said)
    assert any("2 of 18 runs in the search diverged, at 1." in line for line in said)
    assert any("Training until validation accuracy is" in line for line in said)
    assert "Runs for the search and for the new seeds: sgd 18 + 10, adam 18 + 5." in said
    assert said[-1] == "50 s for the search, 20 s for the runs with new seeds."
    better, _ = play([contender("sgd"), contender("adam")], RULES, lambda m: (
        hill(0.01, wobble=0.004)(m) - 0.1 * m.label.startswith("sgd")))  # fmt: skip
    assert findings.sentences(better, {})[0] == "The winner is adam, each at its own best rate."


def test_an_edge_is_said():
    one, _ = play([contender("sgd")], RULES, hill(1e9))
    said = " ".join(findings.sentences(one, {}))
    assert "sgd: the highest rate was the best, so higher ones were tried, up to 31.6." in said
    assert "sgd: the best rate, 31.6, is at the edge of the search" in said


def test_a_target_that_is_not_reached_is_said():
    far = found(target=0.99)
    said = " ".join(findings.sentences(far, {}))
    assert "sgd not in 3 epochs (0 of 5 runs)" in said
    assert len(pictures.pictures(far)) == 3


@pytest.mark.parametrize("lang", LANGS)
def test_the_table_has_a_row_a_contender(lang):
    head, *rows = findings.rows(FOUND, lang)
    assert [row[0] for row in rows] == ["sgd", "adam"]
    assert {len(row) for row in (head, *rows)} == {len(head)}
    assert rows[0][1] == "0.316 cosine"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [(lambda x: 10 / (x**12 + 1e-3), ["x", "y"]), (lambda x: 2 - x, ["x"])],
    ids=["decades", "alike"],
)
def test_errors_over_many_decades_go_by_powers_of_ten(error, wanted, monkeypatch):
    """Learning rates always do; errors do where they span decades."""
    scaled = []
    monkeypatch.setattr(pictures, "log_scale", lambda axis: scaled.append(axis.axis_name))
    wide, _ = play([contender("sgd", goal="mae")], RULES, lambda m: error(hill(0.03)(m)))
    pictures.every_rate(wide)
    assert sorted(set(scaled)) == wanted
