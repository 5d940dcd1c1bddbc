"""First aid works on copies, and tells a network that can learn from one that cannot."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from etude import assembly, pipeline, verbs
from etude.cli import main
from etude.errors import UsageError
from etude.locale.texts import LANGS, say
from etude.recipe import draft
from etude.training import sanity
from etude.training.distributed import ALONE

FIELDS = {"train.device": "cpu", "model.channels": [4, 8], "model.hidden": [16]}


@pytest.mark.parametrize("kind", ["dry-run", "overfit", "lr"])
def test_it_gives_back_the_weights_and_keeps_no_run(kind, workdir, monkeypatch):
    seen = []
    prepare = assembly.prepare

    def watched(*arguments):
        parts = prepare(*arguments)
        seen.append((parts.model, {k: x.clone() for k, x in parts.model.state_dict().items()}))
        return parts

    monkeypatch.setattr(assembly, "prepare", watched)
    verbs.sanity_check(kind, "cnn", "digits", **FIELDS)
    [(model, before)] = seen
    assert all(torch.equal(before[key], x) for key, x in model.state_dict().items())
    assert not (workdir / "runs").exists()


def test_the_rate_it_suggests_lies_where_the_loss_falls():
    found = verbs.sanity_check("lr", "cnn", "digits", **FIELDS)
    assert 1e-5 < found["suggestion"] < 0.3
    assert found["rates"] == sorted(found["rates"])


def test_overfit_tells_a_network_that_can_from_one_that_cannot():
    assert verbs.sanity_check("overfit", "cnn", "digits", **FIELDS)["learned"]
    assert not verbs.sanity_check("overfit", "cnn", "digits", lr=1e-9, **FIELDS)["learned"]


def test_dry_run_names_what_gets_no_gradient():
    assert verbs.sanity_check("dry-run", "cnn", "digits", **FIELDS)["without_gradient"] == []
    parts = assembly.prepare(assembly.read_draft(draft("cnn", "digits", fields=FIELDS)), ALONE)
    parts.model.unused = torch.nn.Linear(2, 2)
    train, _ = pipeline.training_data(parts)
    some = train.take(torch.arange(8).numpy())
    found = sanity.dry_run(parts.model, parts.task, parts.recipe.train, some)
    assert found["without_gradient"] == ["unused.bias", "unused.weight"]


def test_the_answers_are_words_with_rounded_numbers():
    found = verbs.sanity_check("overfit", "cnn", "digits", **FIELDS)
    assert re.match(
        r"Learned one batch: yes, loss [0-9.]{3,5} -> [0-9.e-]{3,7} in \d+ steps\.",
        found["said"][0],
    )
    assert found["steps"] == len(found["losses"]) < sanity.OVERFIT_STEPS
    assert found["last"] < sanity.VANISHED * found["first"]
    cannot = verbs.sanity_check("overfit", "cnn", "digits", lr=1e-9, lang="ko", **FIELDS)
    assert "아니요" in cannot["said"][0]
    assert "--first-aid lr" in cannot["said"][1]
    rates = verbs.sanity_check("lr", "cnn", "digits", **FIELDS)
    assert rates["said"][0] == f"Suggested learning rate: {rates['suggestion']:.2g}."
    assert f"--lr {rates['suggestion']:.2g}" in rates["said"][-1]
    dry = verbs.sanity_check("dry-run", "vit", "digits")
    assert "parameter tensors received no gradient" in dry["said"][2]
    assert "ViT" in dry["said"][3]


def test_the_picture_is_where_it_says_and_only_where_asked(workdir):
    found = verbs.sanity_check("lr", "cnn", "digits", out=workdir / "here", **FIELDS)
    assert [Image.open(path).format for path in found["pictures"]] == ["PNG", "PNG"]
    assert "pictures" not in verbs.sanity_check("dry-run", "cnn", "digits", out=workdir, **FIELDS)
    assert [path.name for path in workdir.iterdir()] == ["here"]


@pytest.mark.parametrize("lang", LANGS)
def test_the_command_says_it_and_json_has_the_numbers(workdir, capsys, lang):
    arguments = ["train", "cnn", "--data", "digits", "model.channels=4", "--lang", lang]
    main([*arguments, "--first-aid", "lr"])
    lines = capsys.readouterr().out.splitlines()
    assert "rates" not in "".join(lines)
    path = Path("first-aid/lr-cnn-digits.png")
    assert lines[-1] == say(lang, "aid.saved", path=path)
    assert path.is_file()
    main([*arguments, "--first-aid", "lr", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["said"] == lines[:-1]
    assert (
        found["suggestion"]
        == verbs.sanity_check("lr", "cnn", "digits", **{"model.channels": [4]})["suggestion"]
    )


RATES = [10.0**-k for k in range(6, -1, -1)]


def test_where_the_loss_falls_fastest_and_where_it_grows():
    losses = [10.0, 9.9, 9.0, 4.0, 3.0, 2.9, 30.0]
    assert sanity.grows_above(RATES, losses, 5) == RATES[5]
    assert sanity.grows_above(RATES, [*losses[:6], 2.95], 5) is None
    fine = list(np.geomspace(1e-6, 1, 61))
    falls = np.concatenate((np.full(20, 2.0), np.linspace(2, 0.5, 20), np.full(21, 0.5)))
    low, high = sanity.steepest(fine, list(falls), 45)
    assert fine[16] <= low <= fine[22]
    assert fine[36] <= high <= fine[42]
    low, high = sanity.steepest(RATES, [2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0], 3)
    assert low < high


def test_where_no_rate_helps_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(sanity, "FELL", -1.0)
    with pytest.raises(UsageError, match="--first-aid overfit"):
        verbs.sanity_check("lr", "cnn", "digits", **FIELDS)


def test_an_unknown_sanity_check_is_a_mistake():
    with pytest.raises(UsageError, match="overfit"):
        verbs.sanity_check("overfti", "mlp", "digits")
