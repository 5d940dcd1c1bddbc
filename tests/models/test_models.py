"""What each network is beyond the contract: the notes to the letter, parity, own promises."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import etude
from etude import assembly, registry
from etude.errors import StorageError, UsageError
from etude.layers.gaussian import torch_noise
from etude.layers.periodic import Periodic
from etude.models import aae, transformer, vit
from etude.models import build as building
from etude.models.cnn import CNN
from etude.models.cnn import Config as CNNConfig
from etude.shapes import Batch, Spec
from tests.parity import assert_parity, assert_same

IMAGE = Spec("image", (1, 32, 32), 10)


def kinds(module):
    return [type(part).__name__ for part in module.modules() if not list(part.children())]


# The notes --------------------------------------------------------------------------------------


def test_the_notes_mlp():
    model = etude.models.create("mlp", Spec("vector", (784,), 10), preset="notes")
    assert kinds(model) == ["Linear", "ReLU", "Dropout"] * 2 + ["Linear"]
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.5, 0.5]
    assert all(m.bias is not None for m in model.modules() if isinstance(m, nn.Linear))
    assert callable(model.init_param)


def test_the_notes_cnn():
    model = etude.models.create("cnn", IMAGE, preset="notes")
    block = ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Dropout2d"]
    assert kinds(model)[:10] == block * 2
    assert kinds(model)[10] == "Flatten"
    pool = next(m for m in model.modules() if isinstance(m, nn.MaxPool2d))
    assert (pool.kernel_size, pool.stride) == ((2, 2), (2, 2))


def test_the_notes_autoencoder_to_the_letter():
    model = etude.models.create("aae", IMAGE, preset="notes")
    drop = ["Dropout", "ReLU"]
    encoder = ["Linear", *drop, "Linear", *drop]
    assert kinds(model.encoder) == [*encoder, "Linear", "Linear"]
    assert kinds(model.decoder) == [
        "Linear", *drop, "Linear", "BatchNorm1d", *drop, "Linear", "Tanh",
    ]  # fmt: skip
    assert kinds(model.discriminator) == [*encoder, "Linear"], "the Sigmoid is in the loss"
    sizes = [
        [tuple(m.weight.shape) for m in part.model if isinstance(m, nn.Linear)]
        for part in (model.encoder, model.decoder, model.discriminator)
    ]
    latent = model.latent_dim
    assert sizes == [
        [(512, 1024), (512, 512)],
        [(512, latent), (512, 512), (1024, 512)],
        [(512, latent), (256, 512), (1, 256)],
    ]
    assert {m.p for m in model.modules() if isinstance(m, nn.Dropout)} == {0.2}
    assert {m.negative_slope for m in model.modules() if isinstance(m, nn.LeakyReLU)} == set()
    assert not model.deterministic
    names = set(dict(model.named_parameters()))
    assert {"encoder.mu.weight", "encoder.logvar.weight", "encoder.model.0.weight"} <= names


def test_the_notes_vit():
    model = etude.models.create("vit", IMAGE, preset="notes")
    assert model.blocks[0].attn.dropout > 0, "att_drop"
    assert kinds(model.blocks[0].mlp) == ["Linear", "GELU", "Dropout", "Linear"]


# MLP --------------------------------------------------------------------------------------------


def test_the_mlp_with_batch_norm_is_a_sequence_by_hand():
    """Values, gradients and running statistics; in training and in eval mode."""
    torch.manual_seed(0)
    fields = {"hidden": [7, 5], "dropout": 0.0, "batch_norm": True}
    ours = etude.models.create("mlp", Spec("vector", (4,), 3), **fields).double()
    reference = nn.Sequential(
        nn.Linear(4, 7, bias=False), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(0.0),
        nn.Linear(7, 5, bias=False), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.0),
        nn.Linear(5, 3),
    ).double()  # fmt: skip
    reference.load_state_dict({k.removeprefix("net."): x for k, x in ours.state_dict().items()})
    x = torch.randn(6, 4, dtype=torch.float64)
    for mode in (True, False):
        assert_parity(ours.train(mode), reference.train(mode), [x])
    for mine, theirs in zip(ours.parameters(), reference.parameters(), strict=True):
        assert_same(mine.grad, theirs.grad)
    for mine, theirs in zip(ours.buffers(), reference.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_mlp_of_a_table_is_a_sequence_by_hand():
    """Scale, waves, two hidden layers, written out in numpy's words."""
    fields = {"hidden": [5], "embed": 2, "scale": True, "activation": "silu", "dropout": 0.0}
    ours = etude.models.create("mlp", Spec("vector", (3,), 2), **fields).double()
    scale, waves, first, _, _, last = ours.net
    with torch.no_grad():
        scale.factor.uniform_(0.5, 2)
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    scaled = x * scale.factor
    rows = []
    for sample in scaled:
        row = []
        for d, value in enumerate(sample):
            angles = [
                2 * math.pi * (value * waves.w[d, k] + waves.b[d, k])
                for k in range(len(waves.w[d]))
            ]
            row.append(value)
            for e in range(2):
                terms = [torch.cos(a) * waves.weight[d, k, e] for k, a in enumerate(angles)]
                row.append(sum(terms) + waves.bias[d, e])
        rows.append(torch.stack(row))
    hidden = torch.stack(rows) @ first.weight.T + first.bias
    wanted = hidden * torch.sigmoid(hidden) @ last.weight.T + last.bias
    torch.testing.assert_close(ours(x), wanted)
    parameters = list(ours.parameters())
    mine = torch.autograd.grad(ours(x).square().sum(), parameters)
    theirs = torch.autograd.grad(wanted.square().sum(), parameters)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_a_wave_without_its_phase_is_found():
    """The comparison above can fail."""
    ours = Periodic(1, 3, 2, 1.0)
    x = torch.ones(1, 1)
    before = ours(x)
    with torch.no_grad():
        ours.b.zero_()
    assert not torch.allclose(ours(x), before)


def test_the_mlp_has_no_batch_norm_unless_it_is_asked_for():
    for preset in ("default", "notes"):
        model = etude.models.create("mlp", Spec("vector", (4,), 3), preset=preset)
        assert "BatchNorm1d" not in kinds(model)
    model = etude.models.create("mlp", Spec("vector", (4,), 3), hidden=[5], batch_norm=True)
    assert kinds(model) == ["Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]


# Vision Transformer -----------------------------------------------------------------------------

TIMM = [
    "cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias",
    *(
        f"blocks.0.{name}.{kind}"
        for name in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    ),
    "norm.weight", "norm.bias", "head.weight", "head.bias",
]  # fmt: skip


def vit_of(shape=(3, 12, 20), patch=4, **fields):
    torch.manual_seed(0)
    return etude.models.create("vit", Spec("image", shape, 5), patch=patch, **fields).double()


def test_parameter_names_and_shapes_are_timms():
    """timm 1.0: VisionTransformer(img_size, patch_size=4, embed_dim=64, depth=1, num_heads=4)."""
    shapes = {key: tuple(p.shape) for key, p in vit_of(depth=1).state_dict().items()}
    assert sorted(shapes) == sorted(TIMM)
    assert shapes["cls_token"] == (1, 1, 64)
    assert shapes["pos_embed"] == (1, 1 + 15, 64)
    assert shapes["patch_embed.proj.weight"] == (64, 3, 4, 4)
    assert shapes["blocks.0.attn.qkv.weight"] == (192, 64)


def reference_vit(model):
    """The same weights in torch's own layers: Conv2d, TransformerEncoder, LayerNorm, Linear."""
    layer = nn.TransformerEncoderLayer(
        64, 4, 128, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    encoder = nn.TransformerEncoder(
        layer, len(model.blocks), nn.LayerNorm(64, eps=1e-6), enable_nested_tensor=False
    ).double()
    with torch.no_grad():
        for theirs, ours in zip(encoder.layers, model.blocks):
            theirs.self_attn.in_proj_weight.copy_(ours.attn.qkv.weight)
            theirs.self_attn.in_proj_bias.copy_(ours.attn.qkv.bias)
            theirs.self_attn.out_proj.load_state_dict(ours.attn.proj.state_dict())
            theirs.linear1.load_state_dict(ours.mlp.fc1.state_dict())
            theirs.linear2.load_state_dict(ours.mlp.fc2.state_dict())
            theirs.norm1.load_state_dict(ours.norm1.state_dict())
            theirs.norm2.load_state_dict(ours.norm2.state_dict())
        encoder.norm.load_state_dict(model.norm.state_dict())

    def forward(x):
        tokens = model.patch_embed.proj(x).flatten(2).transpose(1, 2)
        tokens = torch.cat((model.cls_token.expand(len(x), -1, -1), tokens), dim=1)
        return model.head(encoder(tokens + model.pos_embed)[:, 0])

    return forward


def test_equals_torchs_encoder_with_its_weights():
    model = vit_of(depth=3).eval()
    nn.init.normal_(model.head.weight)
    nn.init.normal_(model.cls_token)
    x = torch.randn(2, 3, 12, 20, dtype=torch.float64)
    assert_parity(model, reference_vit(model), [x])


def test_starts_as_the_official_code_does():
    model = vit_of(depth=1)
    assert (model.cls_token == 0).all()
    assert (model.head.weight == 0).all()
    assert float(model.pos_embed.detach().std()) == pytest.approx(0.02, rel=0.1)


def test_the_readout_is_the_class_token_of_the_last_block():
    model = vit_of(depth=2).eval()
    nn.init.normal_(model.head.weight)
    x = torch.randn(2, 3, 12, 20, dtype=torch.float64)
    before = model(x)
    seen = []
    handle = model.blocks.register_forward_hook(lambda m, a, out: seen.append(out))
    model(x)
    handle.remove()
    assert_same(before, model.head(model.norm(seen[0])[:, 0]))


@pytest.mark.parametrize(
    ("shape", "patch"), [((1, 28, 28), 7), ((1, 8, 8), 2), ((3, 32, 32), 8), ((3, 64, 96), 16)]
)
def test_the_default_patch_leaves_at_least_sixteen(shape, patch):
    assert vit.patch_for(*shape[1:]) == patch


# Others -----------------------------------------------------------------------------------------


def test_cnn_refuses_to_pool_an_image_away_and_says_what_would_do():
    with pytest.raises(ValueError, match=r"use at most 3 .* at least 16 pixels"):
        CNN(CNNConfig(channels=(4, 4, 4, 4)), Spec("image", (1, 8, 20), 3))
    CNN(CNNConfig(channels=(4, 4, 4)), Spec("image", (1, 8, 20), 3))(torch.zeros(2, 1, 8, 20))
    with pytest.raises(ValueError, match="odd kernel"):
        CNN(CNNConfig(kernel=2), IMAGE)


def test_transformer_padding_does_not_count():
    torch.manual_seed(0)
    model = etude.models.create("transformer", Spec("sequence", (9, 4), 3), patch=2).eval()
    x, lengths = torch.randn(3, 9, 4), torch.tensor([9, 4, 6])
    out = model(x, lengths)
    noise = x.clone()
    noise[1, 4:] = 50
    assert_same(model(noise, lengths), out)
    assert_same(model(x[1:2, :4]), out[1:2])


def test_sinusoids_are_the_papers():
    table = transformer.sinusoids(50, 6)
    assert float(table[7, 2]) == pytest.approx(
        float(torch.sin(torch.tensor(7 / 10_000 ** (2 / 6))))
    )
    assert float(table[7, 3]) == pytest.approx(
        float(torch.cos(torch.tensor(7 / 10_000 ** (2 / 6))))
    )


def test_aae_makes_a_single_image_in_eval_mode_and_the_same_twice():
    model = etude.models.create("aae", IMAGE, preset="notes").eval()
    z = model.prior(1, torch.device("cpu"))
    assert_same(model.decode(z), model.decode(z))
    assert model.decode(z).shape == (1, 1, 32, 32)
    assert model.decode(z).abs().max() <= 1


def test_aae_prior_has_its_scale_and_codes_start_with_little_noise():
    model = etude.models.create("aae", IMAGE, preset="paper")
    assert float(model.prior(20_000, torch.device("cpu")).std()) == pytest.approx(5, rel=0.02)
    notes = etude.models.create("aae", IMAGE, preset="notes").eval()
    mu, logvar = notes.encoder(torch.rand(8, 1, 32, 32) * 2 - 1)
    assert torch.exp(logvar / 2).max() < mu.std()


def test_the_discriminators_gradient_does_not_vanish_where_a_sigmoids_does():
    logit = torch.full((1, 1), 40.0, requires_grad=True)
    aae.adversarial_loss(logit, False).backward()
    assert float(logit.grad) == pytest.approx(1.0)
    clipped = torch.full((1, 1), 40.0, requires_grad=True)
    nn.BCELoss()(torch.sigmoid(clipped), torch.zeros(1, 1)).backward()
    assert float(clipped.grad) == 0.0


def test_create_takes_names_and_fields_and_gives_a_plain_module():
    model = etude.models.create("vit", data="digits", depth=2)
    assert isinstance(model, nn.Module)
    assert len(model.blocks) == 2
    assert model(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
    known = {"mlp", "cnn", "resnet", "lstm", "transformer", "vit", "aae"}
    assert set(registry.names("model")) == known


def test_the_penalty_is_half_the_squared_slope():
    """Of a linear discriminator the slope is its weight, everywhere."""
    model = etude.models.create("aae", IMAGE)
    model.discriminator.model = nn.Linear(model.latent_dim, 1)
    batch = Batch(torch.rand(16, 1, 32, 32), torch.zeros(16), None, np.arange(16))
    losses = []
    for penalty in (0.0, 3.0):
        torch.manual_seed(0)
        losses.append(aae.discriminate(model, batch, torch_noise, penalty))
    weight = model.discriminator.model.weight
    assert_same(losses[1] - losses[0], 1.5 * weight.square().sum(), atol=1e-4, rtol=1e-4)
    (gradient,) = torch.autograd.grad(losses[1] - losses[0], weight)
    assert_same(gradient, 3 * weight, atol=1e-4, rtol=1e-4)


def test_default_game_has_a_penalty_and_the_notes_have_not():
    def found(preset):
        return registry.load("model", "aae").presets[preset](IMAGE).model

    assert found("default")["penalty"] == 1.0
    assert "penalty" not in found("notes") | found("paper") | found("weighted")


# Giants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", registry.names("model"))
def test_to_judge_the_size_first_draws_nothing(name):
    """The weights are those of building alone, bit for bit, and the caller's generator stays."""
    architecture = registry.load("model", name)
    image, rows = Spec("image", (1, 28, 28), 10), Spec("sequence", (28, 28), 10)
    spec = {"image": image, "sequence": rows, "vector": Spec("vector", (64,), 10)}[
        architecture.reads[0]
    ]
    for preset in architecture.presets.values():
        config = architecture.config.read(dict(preset(spec).model), "model")
        torch.manual_seed(5)
        alone, state = architecture.build(config, spec), torch.get_rng_state()
        judged = assembly.create(name, spec, seed=5, **config.plain())
        assert torch.equal(state, torch.get_rng_state())
        assert all(p.device.type == "cpu" for p in judged.parameters())
        for (key, one), (other, two) in zip(
            alone.state_dict().items(), judged.state_dict().items(), strict=True
        ):
            assert key == other and torch.equal(one, two), key


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("mlp", {"hidden": [1 << 20, 1 << 20]}),
        ("cnn", {"channels": [1 << 20, 1 << 20]}),
        ("resnet", {"channels": [1 << 20, 1 << 20]}),
        ("lstm", {"hidden": 1 << 20}),
        ("transformer", {"width": 1 << 20, "depth": 1}),
        ("vit", {"width": 1 << 16, "depth": 100}),
        ("aae", {"hidden": [1 << 20, 1 << 20]}),
    ],
)
def test_a_giant_is_refused_before_it_is_built(name, fields):
    spec = Spec("sequence", (28, 28), 10) if name in ("lstm", "transformer") else None
    with pytest.raises(StorageError, match=r"Out of memory: .* [0-9,]+ parameters"):
        assembly.create(name, spec or Spec("image", (1, 28, 28), 10), **fields)


def test_what_fits_is_a_matter_of_the_machine(monkeypatch):
    spec = Spec("vector", (10,), 2)
    parameters = 10 * 5 + 5 + 5 * 2 + 2
    monkeypatch.setattr(building, "memory", lambda: 4 * 4 * parameters)
    assert assembly.create("mlp", spec, hidden=[5])
    monkeypatch.setattr(building, "memory", lambda: 4 * 4 * parameters - 1)
    with pytest.raises(StorageError, match=str(parameters)) as error:
        assembly.create("mlp", spec, hidden=[5])
    assert f"매개변수가 {parameters}개 이상입니다" in error.value.message("ko")


def test_a_size_that_does_not_fit_is_told_in_both_languages():
    with pytest.raises(UsageError) as error:
        assembly.create("vit", Spec("image", (1, 8, 8), 3), patch=3)
    assert "patches of 3x3 do not divide an image of 8x8: use a patch of 1, 2, 4, 8" in str(
        error.value
    )
    assert "3x3 패치로 8x8 이미지를 나눌 수 없습니다" in error.value.message("ko")
