"""The CNN along sequences: padding and company change nothing, and it learns from few."""

import numpy as np
import pytest
import torch
from torch import nn

import etude
from etude.inspection.trace import record
from etude.models.cnn import Config, SequenceCNN
from etude.shapes import Batch, Spec

SPEC = Spec("sequence", (21, 3), 4)


def made(preset: str = "default", spec: Spec = SPEC) -> nn.Module:
    torch.manual_seed(0)
    return etude.models.create("cnn", spec, preset=preset)


@pytest.mark.parametrize("preset", ["default", "notes"])
def test_padding_and_company_do_not_count(preset):
    model = made(preset).eval()
    for norm in model.modules():  # as after training
        if isinstance(norm, nn.BatchNorm1d):
            norm.running_mean.uniform_(-1, 1), norm.running_var.uniform_(0.5, 2)
    x, lengths = torch.randn(5, 21, 3), torch.tensor([21, 1, 2, 13, 8])
    out = model(x, lengths)
    noise = x.clone()
    for row, length in zip(noise, lengths.tolist()):
        row[length:] = torch.nan
    torch.testing.assert_close(model(noise, lengths), out)
    for i, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(model(x[i : i + 1, :length]), out[i : i + 1])
    wider = nn.functional.pad(x, (0, 0, 0, 30), value=7.0)
    torch.testing.assert_close(model(wider, lengths), out)
    assert not torch.allclose(model(x), out), "the saboteur: without lengths padding counts"


def test_more_padding_does_not_change_what_is_learned():
    x, lengths = torch.randn(6, 21, 3), torch.tensor([9, 4, 7, 9, 2, 5])
    found = []
    for length in (9, 21):
        model = made(spec=Spec("sequence", (21, 3), 4)).train()
        for drop in model.modules():
            if isinstance(drop, nn.modules.dropout._DropoutNd):
                drop.p = 0.0
        out = model(x[:, :length], lengths)
        out.square().sum().backward()
        found.append([out, *(p.grad for p in model.parameters()), *model.buffers()])
    for one, two in zip(*found):
        torch.testing.assert_close(one, two)


def test_any_length_is_read_and_wrong_sizes_are_said():
    model = SequenceCNN(Config(channels=(4, 4, 4, 4, 4)), Spec("sequence", (1, 2), 3)).eval()
    assert model(torch.zeros(2, 1, 2)).shape == (2, 3)
    with pytest.raises(ValueError, match="only an odd one"):
        SequenceCNN(Config(kernel=4), SPEC)
    with pytest.raises(ValueError, match="at least one block"):
        SequenceCNN(Config(channels=()), SPEC)


def test_multiply_adds_of_a_convolution_by_hand():
    model = made().eval()
    trace = record(model, Batch(torch.randn(2, 21, 3), torch.zeros(2).long(), None, np.arange(2)))
    first = next(call for call in trace.calls if call.name == "blocks.0.convs.0")
    channels, kernel = model.blocks[0].convs[0].out_channels, 7
    assert first.multiply_adds == 2 * 21 * channels * 3 * kernel


def test_a_forecast_starts_as_the_naive_one():
    model = made(spec=Spec("sequence", (24, 1), 6, "forecast")).eval()
    assert not model(torch.randn(3, 24, 1)).any()


def test_views_of_images_are_not_offered_and_the_others_are_drawn(workdir):
    random = np.random.default_rng(0)
    y, lengths = np.arange(60) % 2, random.integers(3, 13, 60)
    x = random.normal(size=(60, 12, 2)) + y[:, None, None]
    np.savez("own.npz", x=x, y=y, lengths=lengths)
    run = etude.train("cnn", data="own.npz", epochs=2, quiet=True, **{"model.channels": [4, 4]})
    drawn = {picture.name for picture in run.look(sample=1)}
    assert {"curves", "confusion", "attributions", "hidden-steps", "shapes"} <= drawn
    assert not drawn & {"filters", "features", "class-map", "units"}


def test_it_learns_from_forty_sequences_what_no_linear_map_can(workdir):
    """Two frequencies at any phase, with noise."""
    random = np.random.default_rng(0)
    y = np.arange(240) % 2
    turns = np.arange(24) * np.where(y, 0.2, 0.1)[:, None] + random.random((240, 1))
    x = np.sin(2 * np.pi * turns) + 0.3 * random.normal(size=(240, 24))
    x = x[..., None].astype(np.float32)
    np.savez("own.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    run = etude.train("cnn", data="own.npz", quiet=True)
    assert run.test["accuracy"] > 0.9 > run.baselines.scores["logistic"]
    assert run.result.chosen == "last"
