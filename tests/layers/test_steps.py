"""Layers along the steps of padded sequences, beside plain loops over each sequence alone."""

import pytest
import torch
from torch import nn

from etude.layers.steps import StepConv, StepNorm, halve, hide, summary, valid_steps

LENGTHS = (9, 1, 5, 4, 2)


def sequences() -> tuple[torch.Tensor, torch.Tensor]:
    """Values [5 9 3] that are not negative, zero beyond the lengths."""
    torch.manual_seed(0)
    lengths = torch.tensor(LENGTHS)
    x = torch.rand(5, 9, 3, dtype=torch.float64)
    return hide(x, valid_steps(lengths, x)), lengths


def alone(x: torch.Tensor, lengths: torch.Tensor, layer) -> list[torch.Tensor]:
    """What a layer gives for each sequence by itself, without padding."""
    return [layer(row[None, :length])[0] for row, length in zip(x, lengths.tolist())]


def assert_alone(out: torch.Tensor, each: list[torch.Tensor]) -> None:
    """Each sequence's part of a padded output is what it gives alone."""
    for row, wanted in zip(out, each):
        torch.testing.assert_close(row[: len(wanted)], wanted)


def test_a_convolution_of_hidden_padding_is_that_of_each_sequence_alone():
    x, lengths = sequences()
    conv = StepConv(3, 4, 5).double()
    assert_alone(conv(x), alone(x, lengths, conv))
    with pytest.raises(AssertionError):  # the saboteur: padding that is not hidden
        assert_alone(conv(x + 1), alone(x + 1, lengths, conv))


def test_batch_norm_learns_from_valid_steps_alone():
    x, lengths = sequences()
    valid = valid_steps(lengths, x)
    norm, plain = StepNorm(3).double(), nn.BatchNorm1d(3).double()
    out = norm(x, valid)
    rows = torch.cat([row[:length] for row, length in zip(x, LENGTHS)])
    torch.testing.assert_close(out[valid], plain(rows))
    assert not out[~valid].any()
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    torch.testing.assert_close(norm.running_var, plain.running_var)
    naive = nn.BatchNorm1d(3).double()
    naive(x.flatten(0, 1))
    assert not torch.allclose(naive.running_mean, norm.running_mean), "the saboteur counts padding"
    norm.eval(), plain.eval()
    torch.testing.assert_close(norm(x, valid)[valid], plain(rows))


def test_batch_norm_of_whole_sequences_is_torchs():
    x, _ = sequences()
    torch.testing.assert_close(StepNorm(3).double()(x), nn.BatchNorm1d(3).double()(x.mT).mT)


def test_halving_takes_the_larger_of_two_and_keeps_a_step_without_partner():
    x, lengths = sequences()
    out, after = halve(x, lengths)
    assert after.tolist() == [5, 1, 3, 2, 1]
    for row, source, length in zip(out, x, LENGTHS):
        wanted = [source[i : min(i + 2, length)].amax(0) for i in range(0, length, 2)]
        torch.testing.assert_close(row[: len(wanted)], torch.stack(wanted))
    assert halve(x, None)[1] is None


@pytest.mark.parametrize("parts", [1, 4, 7])
def test_a_summary_is_that_of_each_sequence_alone(parts):
    x, lengths = sequences()
    out = summary(x, lengths, parts)
    assert out.shape == (5, (parts + 1) * 3)
    for row, source, length in zip(out, x, LENGTHS):
        torch.testing.assert_close(row[None], summary(source[None, :length], None, parts))
        pooled = nn.AdaptiveAvgPool1d(parts)(source[None, :length].mT)
        torch.testing.assert_close(row[: parts * 3].view(parts, 3), pooled[0].mT)
    wrong = summary(x, None, parts)
    assert not torch.allclose(out, wrong), "the saboteur counts padding"
