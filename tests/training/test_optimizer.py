"""Optimizers by name against torch's own, decay groups, and state that comes back whole."""

import pytest
import torch
from torch import nn

from etude.training.optimizer import build, decays, restore, tensors
from tests import settings

NAMES = ["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "muon"]

THEIRS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.0),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
}


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 3))


def walk(net, optimizers, steps, start=0):
    for number in range(start, start + steps):
        torch.manual_seed(number)
        loss = net(torch.randn(16, 5)).square().mean()
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()


@pytest.mark.parametrize("name", THEIRS)
def test_equals_torch_by_name(name):
    ours, theirs = model(), model()
    train = settings.train(optimizer=name, lr=0.01, weight_decay=0.0)
    walk(ours, build(ours.named_parameters(), train), 5)
    walk(theirs, [THEIRS[name](theirs.parameters())], 5)
    for mine, other in zip(ours.parameters(), theirs.parameters()):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def decayed(net, decay=0.1):
    """torch's parameter groups: matrices decay, biases and norms do not."""
    every = list(net.parameters())
    return [
        {"params": [p for p in every if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in every if p.ndim < 2], "weight_decay": 0.0},
    ]


WITH_DECAY = {
    "sgd": lambda net: [torch.optim.SGD(decayed(net), lr=0.01)],
    "momentum": lambda net: [torch.optim.SGD(decayed(net), lr=0.01, momentum=0.9)],
    "nesterov": lambda net: [torch.optim.SGD(decayed(net), lr=0.01, momentum=0.9, nesterov=True)],
    "adam": lambda net: [torch.optim.Adam(decayed(net), lr=0.01)],
    "adamw": lambda net: [torch.optim.AdamW(decayed(net), lr=0.01)],
    "rmsprop": lambda net: [torch.optim.RMSprop(decayed(net), lr=0.01)],
    "muon": lambda net: [
        torch.optim.Muon(decayed(net)[:1], lr=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(decayed(net)[1:], lr=0.01),
    ],
}


def farthest(one, two):
    """The largest difference between the parameters of two models."""
    return max(float((a - b).detach().abs().max()) for a, b in zip(one, two))


@pytest.mark.parametrize("name", NAMES)
def test_equals_torch_with_weight_decay(name):
    """Also that AdamW's decay is decoupled from its moments, and Adam's is not."""
    ours, theirs = model(), model()
    walk(
        ours,
        build(ours.named_parameters(), settings.train(optimizer=name, lr=0.01, weight_decay=0.1)),
        8,
    )
    walk(theirs, WITH_DECAY[name](theirs), 8)
    assert farthest(ours.parameters(), theirs.parameters()) < 2e-6


def test_a_decay_that_is_not_decoupled_is_seen():
    """The saboteur: 2e-6 tells AdamW from Adam, and from AdamW without decay."""
    ours = model()
    train = settings.train(optimizer="adamw", lr=0.01, weight_decay=0.1)
    walk(ours, build(ours.named_parameters(), train), 8)
    for wrong in (WITH_DECAY["adam"], lambda net: [torch.optim.AdamW(decayed(net, 0.0), lr=0.01)]):
        other = model()
        walk(other, wrong(other), 8)
        assert farthest(ours.parameters(), other.parameters()) > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_state_that_is_put_back_goes_on_bit_for_bit(name):
    train = settings.train(optimizer=name, lr=0.01, weight_decay=0.1)
    one = model()
    optimizers = build(one.named_parameters(), train)
    walk(one, optimizers, 4)
    saved = tensors(optimizers, list(one.named_parameters()), "p")
    saved = {key: value.clone() for key, value in saved.items()}
    two = model()
    two.load_state_dict(one.state_dict())
    others = build(two.named_parameters(), train)
    restore(others, list(two.named_parameters()), "p", saved)
    walk(one, optimizers, 4, start=4)
    walk(two, others, 4, start=4)
    for mine, other in zip(one.parameters(), two.parameters()):
        assert torch.equal(mine, other)
    if name != "sgd":
        three = model()
        three.load_state_dict(one.state_dict())
        walk(three, build(three.named_parameters(), train), 4, start=4)
        walk(one, optimizers, 4, start=4)
        assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), three.parameters()))


@pytest.mark.parametrize("name", NAMES)
def test_decay_spares_norms_and_biases(name):
    net = model()
    train = settings.train(optimizer=name, lr=0.01, weight_decay=0.1)
    by_decay = {
        id(p): decay
        for optimizer in build(net.named_parameters(), train)
        for parameters, decay, _ in optimizer.groups
        for p in parameters
    }
    assert len(by_decay) == len(list(net.parameters()))
    for key, p in net.named_parameters():
        assert by_decay[id(p)] == (0.1 if p.ndim > 1 else 0.0), key


def test_positions_and_class_token_are_spared():
    p = nn.Parameter(torch.zeros(1, 3, 4))
    assert decays("blocks.0.weight", p)
    assert not decays("pos_embed", p)
    assert not decays("cls_token", p)


def test_a_phase_has_its_own_rate_and_betas():
    ours, theirs = model(), model()
    train = settings.train(optimizer="adam", lr=0.02, weight_decay=0.0)
    walk(ours, build(ours.named_parameters(), train, lr_factor=0.5, betas=(0.5, 0.99)), 5)
    walk(theirs, [torch.optim.Adam(theirs.parameters(), lr=0.01, betas=(0.5, 0.99))], 5)
    assert farthest(ours.parameters(), theirs.parameters()) < 2e-6


def test_muon_leaves_kernels_to_adamw():
    """Kernels of convolutions are no matrices, but weight decay applies to them."""

    def images():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 4, 3), nn.Flatten(), nn.Linear(12, 3)
        )

    ours, theirs = images(), images()
    train = settings.train(optimizer="muon", lr=0.01, weight_decay=0.1)
    walk(ours, build(ours.named_parameters(), train), 8)
    kernel, matrix = theirs[1].weight, theirs[3].weight
    biases = {"params": [theirs[1].bias, theirs[3].bias], "weight_decay": 0.0}
    muon = torch.optim.Muon([matrix], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW([{"params": [kernel], "weight_decay": 0.1}, biases], lr=0.01)
    walk(theirs, [muon, adamw], 8)
    assert farthest(ours.parameters(), theirs.parameters()) < 2e-6
