"""Encoder block, patches, dropout, start and Gaussian codes against references."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from etude.layers import Dropout2d, EncoderBlock, PatchEmbedding, init_param, reparameterize
from etude.layers.gaussian import energy_distance
from etude.layers.patches import cut
from tests.parity import assert_parity, assert_same


def test_a_block_equals_torch_with_its_weights():
    ours = EncoderBlock(12, 3, mlp_ratio=2.0).double().eval()
    theirs = nn.TransformerEncoderLayer(
        12, 3, 24, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).double()
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.attn.qkv.weight,
            "self_attn.in_proj_bias": ours.attn.qkv.bias,
            "self_attn.out_proj.weight": ours.attn.proj.weight,
            "self_attn.out_proj.bias": ours.attn.proj.bias,
            "linear1.weight": ours.mlp.fc1.weight,
            "linear1.bias": ours.mlp.fc1.bias,
            "linear2.weight": ours.mlp.fc2.weight,
            "linear2.bias": ours.mlp.fc2.bias,
            "norm1.weight": ours.norm1.weight,
            "norm1.bias": ours.norm1.bias,
            "norm2.weight": ours.norm2.weight,
            "norm2.bias": ours.norm2.bias,
        }
    )
    assert_parity(ours, theirs, [torch.randn(2, 5, 12, dtype=torch.float64)])


def test_the_skip_path_is_clean():
    """With both sublayers zeroed a block is the identity, in training with dropout too."""
    block = EncoderBlock(12, 3, dropout=0.5, att_dropout=0.5).train()
    for layer in (block.attn.proj, block.mlp.fc2):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    x = torch.randn(2, 5, 12)
    assert torch.equal(block(x), x)


def test_the_mlp_drops_after_both_layers():
    block = EncoderBlock(12, 3, dropout=0.5).train()
    with torch.no_grad():
        block.mlp.fc2.weight.zero_()
        block.mlp.fc2.bias.fill_(1.0)
    out = block.mlp(torch.randn(4, 50, 12))
    assert set(out.unique().tolist()) == {0.0, 2.0}


def test_patches_equal_a_convolution_and_not_its_transpose():
    """Not square, so that H and W cannot be swapped unseen."""
    embed = PatchEmbedding(3, 4, 10).double()
    x = torch.randn(2, 3, 8, 20, dtype=torch.float64)
    assert embed(x).shape == (2, 10, 10)
    assert_parity(embed, lambda x: embed.proj(x).flatten(2).transpose(1, 2), [x])
    assert not torch.allclose(embed(x), embed(x.transpose(2, 3)))


def test_a_patch_is_flattened_as_the_kernel_is():
    x = torch.arange(2 * 3 * 4 * 6).view(2, 3, 4, 6).float()
    patches = cut(x, 2)
    assert patches.shape == (2, 6, 12)
    assert_same(patches[1, 4], x[1, :, 2:4, 2:4].flatten())


def test_a_patch_that_does_not_divide_names_those_that_would():
    with pytest.raises(
        ValueError, match=r"5x5 do not divide an image of 8x12: use a patch of 1, 2, 4"
    ):
        cut(torch.zeros(1, 1, 8, 12), 5)


def test_dropout2d_drops_whole_channels_and_refuses_other_ranks():
    out = Dropout2d(0.5).train()(torch.ones(8, 16, 3, 3))
    by_channel = out.flatten(2)
    assert ((by_channel == 0).all(-1) | (by_channel == 2).all(-1)).all()
    assert (out == 0).any()
    assert (out == 2).any()
    for shape in ((4, 8), (4, 5, 8), (2, 2, 2, 2, 2)):
        with pytest.raises(ValueError, match=r"use Dropout"):
            Unchecked()(torch.ones(shape))


class Unchecked(Dropout2d):
    """Without the test run's shape checking, as a user has it."""

    def forward(self, x):
        return Dropout2d.forward.__wrapped__(self, x)


def test_relu_then_dropout_equals_dropout_then_relu():
    """The notes' order in the autoencoder is harmless: with one mask both are the same."""
    x = torch.randn(100)
    torch.manual_seed(1)
    one = F.relu(F.dropout(x, 0.2))
    torch.manual_seed(1)
    assert torch.equal(one, F.dropout(F.relu(x), 0.2))


def test_init_param_is_he_normal_with_zero_bias():
    layers = nn.Sequential(
        nn.Linear(1024, 512), nn.Conv2d(16, 64, 3), nn.BatchNorm2d(64), nn.Conv1d(32, 64, 5)
    )
    nn.init.constant_(layers[2].weight, 7)
    init_param(layers)
    for layer, inputs in ((layers[0], 1024), (layers[1], 16 * 9), (layers[3], 32 * 5)):
        weight, sigma = layer.weight.detach(), math.sqrt(2 / inputs)
        assert float(weight.std()) == pytest.approx(sigma, rel=0.03)
        assert abs(float(weight.mean())) < 0.01
        # 4.55 % of a normal distribution lie beyond two standard deviations, of a uniform one none.
        assert float((weight.abs() > 2 * sigma).float().mean()) == pytest.approx(0.0455, abs=0.01)
        assert (layer.bias == 0).all()
    assert (layers[2].weight == 1).all()


def test_reparameterize_has_the_mean_and_the_spread_it_says():
    """sigma is exp(logvar / 2): a common fault takes exp(logvar), or logvar itself."""
    mu, logvar = torch.full((200_000, 1), 3.0), torch.full((200_000, 1), math.log(0.25))
    z = reparameterize(mu, logvar)
    assert float(z.mean()) == pytest.approx(3.0, abs=0.01)
    assert float(z.var()) == pytest.approx(0.25, rel=0.02)
    assert torch.equal(reparameterize(mu, logvar, deterministic=True), mu)
    leaf = torch.zeros(4, 1, requires_grad=True)
    reparameterize(leaf, logvar[:4]).sum().backward()
    assert_same(leaf.grad, torch.ones(4, 1))


def test_energy_distance_against_scipy_and_its_scale():
    from scipy.stats import energy_distance as one_dimensional

    a, b = torch.randn(300, 1).double(), (torch.randn(200, 1) * 2 + 1).double()
    wanted = one_dimensional(a[:, 0].numpy(), b[:, 0].numpy()) ** 2
    assert float(energy_distance(a, b)) == pytest.approx(wanted, rel=1e-6)
    same = [float(energy_distance(torch.randn(500, 4), torch.randn(500, 4))) for _ in range(4)]
    far = float(energy_distance(torch.randn(500, 4), torch.randn(500, 4) + 0.5))
    assert min(same) >= 0 and max(same) < far / 4
