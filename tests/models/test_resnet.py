"""The residual network: against plain torch, with a clean skip path, and mirrored as said."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import etude
from etude import assembly
from etude.models.resnet import Block, Config, ResNet
from etude.shapes import Spec
from tests.parity import assert_parity, assert_same

IMAGE = Spec("image", (2, 12, 16), 5)


def resnet(**fields) -> ResNet:
    """A small one in float64, its norms away from where they start."""
    torch.manual_seed(0)
    model = ResNet(Config(channels=(3, 4, 6), **fields), IMAGE).double()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1.0, 0.5)
            nn.init.normal_(part.bias)
            nn.init.normal_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    return model


def restated(model: ResNet, training: bool):
    """The same network as a function of x, and the copies of the weights that it uses in turn."""
    copies = [p.detach().clone().requires_grad_() for p in model.parameters()]
    means, spreads = (
        [b.clone()[:, None, None] for name, b in model.named_buffers() if name.endswith(end)]
        for end in ("running_mean", "running_var")
    )

    def forward(x):
        weights, kept = iter(copies), iter(zip(means, spreads))

        def norm(x):
            mean, variance = next(kept)
            if training:
                mean = x.mean((0, 2, 3), keepdim=True)
                variance = (x - mean).square().mean((0, 2, 3), keepdim=True)
            scale, shift = next(weights)[:, None, None], next(weights)[:, None, None]
            return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

        def convolved(x):
            return F.conv2d(x, next(weights), padding=1)

        for blocks in (0, 2, 2):
            x = F.relu(norm(F.max_pool2d(convolved(x), 2)))
            for _ in range(blocks):
                x = F.relu(x + norm(convolved(F.relu(norm(convolved(x))))))
        out = x.mean((2, 3)) @ next(weights).T + next(weights)
        assert next(weights, None) is None, "one is left over"
        return out

    return forward, copies


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_equals_a_restatement_in_plain_torch(training):
    """Values, and the gradients of the image and of every weight."""
    model = resnet(blocks=2).train(training)
    forward, copies = restated(model, training)
    assert_parity(model, forward, [torch.randn(4, *IMAGE.shape, dtype=torch.float64)])
    for (name, mine), copy in zip(model.named_parameters(), copies, strict=True):
        assert_same(mine.grad, copy.grad, name)
        assert mine.grad.any(), name


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_skip_path_is_clean(training):
    """With its last norm's scale at zero a block is the identity of what a ReLU lets through."""
    block = Block(5).double().train(training)
    nn.init.zeros_(block.bn2.weight)
    x = torch.randn(3, 5, 6, 4, dtype=torch.float64)
    assert torch.equal(block(x.relu()), x.relu())
    nn.init.ones_(block.bn2.weight)
    assert not torch.equal(block(x.relu()), x.relu())


def test_every_block_starts_as_the_identity_and_learns_to_be_another():
    torch.manual_seed(0)
    model = etude.models.create("resnet", Spec("image", (1, 28, 28), 10))
    blocks = [m for m in model.modules() if isinstance(m, Block)]
    assert len(blocks) == 2
    assert not any(block.bn2.weight.any() for block in blocks)
    F.cross_entropy(model(torch.randn(4, 1, 28, 28)), torch.arange(4)).backward()
    assert all(block.bn2.weight.grad.any() for block in blocks)


def test_mirrored_is_the_mean_of_both_and_in_eval_mode_alone():
    plain, mirrored = resnet(), resnet(mirrored=True)
    x = torch.randn(4, *IMAGE.shape, dtype=torch.float64)
    assert torch.equal(mirrored.train()(x), plain.train()(x))
    plain.eval(), mirrored.eval()
    by_hand = torch.stack([plain(x), plain(x[..., torch.arange(15, -1, -1)])]).mean(0)
    assert_same(mirrored(x), by_hand)
    assert_same(mirrored(x), mirrored(x.flip(-1)))
    assert not torch.allclose(plain(x), plain(x.flip(-1)))


def test_refuses_to_halve_an_image_to_nothing_and_says_what_would_do():
    with pytest.raises(ValueError, match=r"use at most 3 .* at least 16 pixels"):
        ResNet(Config(channels=(4, 4, 4, 4)), Spec("image", (1, 8, 20), 3))
    ResNet(Config(channels=(4, 4, 4)), Spec("image", (1, 8, 20), 3))(torch.zeros(2, 1, 8, 20))


@pytest.mark.parametrize("side", [1, 2, 5, 8, 28, 64])
def test_the_default_fits_any_image(side):
    spec = Spec("image", (3, side, side + 3), 4)
    if side == 1:
        with pytest.raises(etude.errors.UsageError):
            assembly.create("resnet", spec)
    else:
        assert assembly.create("resnet", spec)(torch.zeros(2, *spec.shape)).shape == (2, 4)
