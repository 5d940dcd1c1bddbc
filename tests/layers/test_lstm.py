"""The readable LSTM cell against nn.LSTM, and what padding and directions do."""

import pytest
import torch
from torch import nn

from etude.layers import LSTM, lstm_cell
from tests.parity import assert_parity, assert_same


def make(layers=2, **options) -> LSTM:
    return LSTM(3, 5, layers, **options).double()


def X(n=4, length=6):
    return torch.randn(n, length, 3, dtype=torch.float64)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_readable_cell_equals_torch_in_values_and_gradients(layers):
    ours = make(layers)
    reference = nn.LSTM(3, 5, layers, batch_first=True).double()
    reference.load_state_dict(ours.state_dict())

    def by_steps(x, *_):
        return torch.stack([step.h for step in list(ours.steps(x))[-1]], dim=1)

    assert_parity(by_steps, lambda x: reference(x)[0], [X()])
    assert_parity(lambda x: ours(x)[0], lambda x: reference(x)[0], [X()])
    # The gradients of the weights, both biases among them.
    x = X()
    for run, module in ((by_steps, ours), (lambda x: reference(x)[0], reference)):
        module.zero_grad()
        run(x).square().sum().backward()
    for (name, mine), theirs in zip(ours.named_parameters(), reference.parameters()):
        assert_same(mine.grad, theirs.grad, name)


def test_the_states_that_the_cell_ends_with_are_hn_and_cn():
    ours = make(2)
    x = X()
    _, (hn, cn) = ours(x)
    assert hn.shape == cn.shape == (2, 4, 5), "[K N D], whatever batch_first"
    for layer, steps in enumerate(ours.steps(x)):
        assert_same(steps[-1].h, hn[layer])
        assert_same(steps[-1].c, cn[layer])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_states_of_padded_sequences_end_with_the_last_valid_step(bidirectional):
    ours, x, lengths = make(2, bidirectional=bidirectional), X(), torch.tensor([6, 2, 5, 1])
    Y, (hn, cn) = ours(x, lengths)
    layers = list(ours.steps(x, lengths))
    assert len(layers) == len(hn)
    for number, steps in enumerate(layers):
        # The backward direction ends at the first step of a sequence.
        end = steps[0] if bidirectional and number % 2 else steps[-1]
        assert_same(end.h, hn[number])
        assert_same(end.c, cn[number])
    valid = (torch.arange(6) < lengths[:, None])[..., None]
    forward = torch.stack([step.h for step in layers[-2 if bidirectional else -1]], dim=1)
    assert_same(forward * valid, Y[..., :5])


def test_one_cell_equals_torch_with_a_given_state():
    cell = nn.LSTMCell(3, 5).double()
    x, h, c = (torch.randn(4, n, dtype=torch.float64) for n in (3, 5, 5))
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    step = lstm_cell(x, h, c, *weights)
    wanted_h, wanted_c = cell(x, (h, c))
    assert_same(step.h, wanted_h)
    assert_same(step.c, wanted_c)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_does_not_count(bidirectional):
    ours = make(2, bidirectional=bidirectional)
    lengths = torch.tensor([6, 2, 5, 1])
    x = X()
    Y, (hn, cn) = ours(x, lengths)
    last = ours.last(x, lengths)
    for i, length in enumerate(lengths):
        alone_Y, (alone_h, alone_c) = ours(x[i : i + 1, :length])
        assert_same(Y[i, :length], alone_Y[0])
        assert (Y[i, length:] == 0).all()
        assert_same(hn[:, i], alone_h[:, 0])
        assert_same(cn[:, i], alone_c[:, 0])
        assert_same(last[i], ours.last(x[i : i + 1, :length])[0])
    noise = x.clone()
    noise[1, 2:] = 1e6
    assert_same(ours.last(noise, lengths), last)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_the_last_state_by_gathers_equals_the_packed_one(layers, bidirectional):
    ours, x = make(layers, bidirectional=bidirectional).eval(), X()
    lengths = torch.tensor([6, 2, 5, 1])
    assert_same(ours.last_by_gather(x), ours.last(x), "without padding")
    wanted = ours.last(x, lengths)
    for i, length in enumerate(lengths):
        x[i, length:] = 1e9
    assert_same(ours.last_by_gather(x, lengths), wanted, "padding")


def test_the_last_state_is_the_last_layers():
    ours, x = make(2), X()
    assert_same(ours.last(x), ours(x)[0][:, -1])


def test_the_last_of_two_directions_is_each_ones_own_end():
    ours = make(1, bidirectional=True)
    x = X()
    Y, (hn, _) = ours(x)
    assert hn.shape == (2, 4, 5)
    wanted = torch.cat((Y[:, -1, :5], Y[:, 0, 5:]), dim=-1)
    assert_same(ours.last(x), wanted)
    assert not torch.allclose(ours.last(x), Y[:, -1]), "the common mistake"


def test_dropout_is_between_layers_only(recwarn):
    one = LSTM(3, 5, 1, dropout=0.9)
    assert not recwarn.list, "torch warns of dropout with one layer; there is none to warn of"
    x = torch.randn(2, 4, 3)
    assert torch.equal(one.train()(x)[0], one(x)[0])
    two = LSTM(3, 5, 2, dropout=0.9).train()
    assert not torch.equal(two(x)[0], two(x)[0])


def test_steps_refuses_what_it_does_not_read():
    with pytest.raises(ValueError, match="dropout"):
        next(make(2, dropout=0.5).train().steps(X()))


def test_batch_first_is_an_option_as_in_torch():
    ours = make(2, batch_first=False)
    reference = nn.LSTM(3, 5, 2).double()
    reference.load_state_dict(ours.state_dict())
    x, lengths = X().transpose(0, 1), torch.tensor([6, 2, 4, 1])
    assert_same(ours(x)[0], reference(x)[0], "Y")
    assert_same(torch.stack([step.h for step in list(ours.steps(x))[-1]]), ours(x)[0], "steps")
    first = make(2)
    first.load_state_dict(ours.state_dict())
    assert_same(ours(x, lengths)[0].transpose(0, 1), first(x.transpose(0, 1), lengths)[0], "padded")


@pytest.mark.parametrize("lengths", [[0, 1, 2, 3], [1, 2, 3, 7]])
def test_impossible_lengths_are_told(lengths):
    with pytest.raises(ValueError, match="each must be between 1 and 6"):
        make()(X(), torch.tensor(lengths))
