"""How images lie in memory between layers: by rule, overridable, and of no consequence for what is
said or saved."""

import json

import numpy as np
import pytest
import torch

import etude
from etude import assembly
from etude.locale.texts import Text, render
from etude.recipe import draft
from etude.training.distributed import ALONE

SMALL = {"train.device": "cpu", "model.channels": [4], "model.hidden": [8]}


def assembled(model, asked=None, **fields):
    fields = {**fields, "train.device": "cpu"}
    if asked:
        fields["train.memory_format"] = asked
    return assembly.prepare(assembly.read_draft(draft(model, "digits", fields=fields)), ALONE)


@pytest.mark.parametrize(
    ("model", "asked", "wanted"),
    [
        ("cnn", None, "channels_last"),
        ("cnn", "contiguous", "contiguous"),
        ("mlp", None, "contiguous"),
    ],
)
def test_where_a_model_convolves_channels_come_last(model, asked, wanted):
    parts = assembled(model, asked)
    assert parts.recipe.train.memory_format == wanted
    kernels = [p for p in parts.model.parameters() if p.ndim == 4 and p.shape[1] > 1]
    last = [p.is_contiguous(memory_format=torch.channels_last) for p in kernels]
    assert all(last) if wanted == "channels_last" else not any(last)


def test_both_say_the_same():
    x = torch.randn(3, 1, 8, 8)
    last, plain = (assembled("cnn", asked).model.eval() for asked in ("auto", "contiguous"))
    torch.testing.assert_close(last(x), plain(x), atol=1e-5, rtol=1e-5)


def test_a_run_keeps_plain_arrays_and_can_be_read_either_way(workdir):
    run = etude.train("cnn", data="digits", epochs=1, quiet=True, **SMALL)
    assert run.recipe.train.memory_format == "channels_last"
    stored = Text.model_validate_json(json.dumps(run.folder.read("provenance.json")["chosen"]))
    assert render("en", stored).startswith("channels last, fp32 on a CPU")
    assert render("ko", stored).startswith("메모리 형식 channels last, ")
    other = {**run.recipe.plain()}
    other["train"]["memory_format"] = "contiguous"
    model, _ = assembly.rebuild(type(run.recipe).read(other), run.card)
    kept = {name: torch.from_numpy(x.copy()) for name, x in run.folder.best().model.items()}
    model.load_state_dict(kept)
    x = torch.randn(5, 1, 8, 8)
    np.testing.assert_allclose(
        model.eval()(x).detach().numpy(), run.model(x).detach().numpy(), atol=1e-5
    )
