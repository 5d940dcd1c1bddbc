"""Every view on every kind of run it fits: drawn, worded in both languages, with its arrays."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageStat
from torch import nn

from etude import registry, verbs
from etude.errors import UsageError
from etude.inspection import gallery
from etude.locale.texts import LANGS, render
from etude.render import fonts
from tests.inspection.conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_that_fits_draws(kind, runs):
    run = runs(kind)
    subject = run.subject()
    drawn = {}
    for name, view in gallery.chosen(subject).items():
        pictures = view.draw(subject)
        assert pictures, name
        for each in pictures:
            assert each.name not in drawn, "a name is a file"
            drawn[each.name] = each
            assert each.arrays, f"{each.name}: nothing behind it"
            assert len(each.alt) > 20
            assert "{" not in each.alt + each.title
            for png, dark in ((each.light, False), (each.dark, True)):
                image = Image.open(io.BytesIO(png)).convert("RGB")
                assert max(ImageStat.Stat(image).stddev) > 5, f"{each.name}: nothing is drawn"
                assert (sum(image.getpixel((0, 0))) < 100) == dark
                assert max(image.size) <= 2000, f"{each.name}: too large for a report"
    assert {"curves", "shapes"} <= drawn.keys()


def test_in_korean_captions_change_and_pictures_need_a_font(runs, monkeypatch):
    run = runs("vit")
    monkeypatch.setattr(fonts, "hangul", lambda: None)
    english, korean = run.look(sample=3), run.look(sample=3, lang="ko")
    for one, two in zip(english, korean, strict=True):
        assert one.light == two.light, "no font has Hangul: the text of a figure is English"
        assert one.alt != two.alt
        assert any("가" <= letter <= "힣" for letter in two.alt + two.title)
        assert not any("가" <= letter <= "힣" for letter in one.alt + one.title)


def test_looking_changes_no_prediction_and_draws_from_no_generator_of_the_users(runs):
    import torch

    for kind in ("cnn", "vit", "aae"):
        run = runs(kind)
        x = np.random.default_rng(0).integers(0, 16, (4, 8, 8)).astype(np.float32)
        before, state = run.predict(x), torch.get_rng_state()
        run.look()
        assert torch.equal(torch.get_rng_state(), state)
        assert run.predict(x) == before
        assert not run.model.training
        assert all(p.grad is None for p in run.model.parameters())


def test_a_look_is_the_same_each_time(runs):
    run = runs("aae")
    for one, two in zip(run.look(), run.look(), strict=True):
        assert one.light == two.light, one.name


def test_a_sample_can_be_a_number_or_a_file(runs, tmp_path):
    run = runs("vit")
    [one] = run.look(view="attention", sample=3)
    test = run.subject().data.test
    np.save(tmp_path / "three.npy", test.x[3])
    [two] = run.look(view="attention", sample=tmp_path / "three.npy")
    assert np.array_equal(one.arrays["weights"], two.arrays["weights"])
    [other] = run.look(view="attention", sample=4)
    assert not np.array_equal(one.arrays["weights"], other.arrays["weights"])
    with pytest.raises(UsageError, match="0 to 358"):
        run.look(view="attention", sample=359)
    np.save(tmp_path / "two.npy", test.x[:2])
    with pytest.raises(UsageError, match="2 samples"):
        run.look(view="attention", sample=tmp_path / "two.npy")


def test_an_unknown_view_is_told_with_those_that_fit(runs):
    with pytest.raises(UsageError) as error:
        runs("mlp").look(view="atention")
    assert "attention" in str(error.value)
    assert "shapes: " in str(error.value)
    assert "attention: " not in str(error.value), "an MLP has none"
    with pytest.raises(UsageError, match="no attention") as error:
        runs("mlp").look(view="attention")
    korean = error.value.message("ko")
    assert "신경망에 어텐션이 없습니다." in korean
    assert "curves: 에폭별 손실" in korean and "curves: loss" in str(error.value)


def test_without_its_data_a_run_still_shows_what_needs_none(runs):
    from etude.errors import DataError
    from etude.inspection.subject import Subject

    def gone():
        raise DataError("the folder is gone")

    run = runs("vit")
    parts = (run.folder, run.recipe, run.result, run.card, (run.model, run._live[1]))
    fit = gallery.chosen(Subject(*parts, gone))
    assert "curves" in fit
    assert "attention" not in fit
    left = gallery.left_out(Subject(*parts, gone))
    assert "the folder is gone" in left["attention"]
    assert "--sample FILE" in left["attention"]
    left = gallery.left_out(Subject(*parts, gone, lang="ko"))
    assert "데이터를 쓸 수 없습니다: the folder is gone" in left["attention"]


def test_look_writes_files_and_says_what_it_left_out(runs, tmp_path):
    run = runs("lstm forecast")
    found = verbs.look(run.path, ["shapes"], out=tmp_path / "here")
    assert found["left_out"] == {}
    [each] = found["pictures"]
    for file in each["files"]:
        assert (tmp_path / "here" / file.split("/")[-1]).is_file()
    with np.load(each["files"][2], allow_pickle=False) as arrays:
        assert {key: list(x.shape) for key, x in arrays.items()} == each["arrays"]
    json.dumps(found)
    every = verbs.look(run.path, out=tmp_path / "all")
    assert "attention" in every["left_out"]
    with pytest.raises(UsageError, match="no folder"):
        verbs.look(run.path, ["shapes"], out=tmp_path / "a" / "b")


@pytest.mark.parametrize("name", registry.names("view"))
def test_every_view_says_what_it_is_and_has_its_captions(name):
    view = registry.load("view", name)
    for lang in LANGS:
        summary = render(lang, view.summary)
        assert len(summary) > 5 and summary != view.summary.key
        assert summary[-1] != "."


def test_views_ask_for_structure_not_for_names():
    def fits(view, *layers, **more):
        model = nn.Sequential(*layers)
        for name, part in more.items():
            setattr(model, name, part)
        subject = SimpleNamespace(model=model, has_codes=True, data_problem="")
        return render("en", registry.load("view", view).fits(subject))

    assert fits("filters", nn.Conv2d(1, 2, 3)) == ""
    assert "patch embedding" in fits("filters", nn.Conv2d(1, 2, 4, stride=4))
    assert fits("filters", nn.Conv2d(1, 2, 4, stride=4), nn.Conv2d(2, 2, 3)) == ""
    assert "no convolution" in fits("filters", nn.Conv2d(1, 2, 1))
    assert "no discriminator" in fits("critic")
    assert fits("critic", discriminator=nn.Linear(2, 1)) == ""
