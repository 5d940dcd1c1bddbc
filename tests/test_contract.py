"""One contract for everything that is registered: architectures on every kind of data they read."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from etude import assembly, registry
from etude.config import Config
from etude.errors import UsageError
from etude.recipe import Recipe, draft
from etude.shapes import Batch, Spec
from etude.training.distributed import ALONE
from etude.training.step import Step
from tests import settings

SPECS = {
    "vector": Spec("vector", (12,), 3),
    "sequence": Spec("sequence", (9, 4), 3),
    "padded": Spec("sequence", (9, 4), 3),
    "image": Spec("image", (1, 8, 8), 3),
    "wide image": Spec("image", (3, 16, 24), 3),
    "regression": Spec("vector", (12,), 2, "value"),
    "forecast": Spec("sequence", (9, 1), 3, "forecast"),
}


def cases():
    for name in registry.names("model"):
        architecture = registry.load("model", name)
        for preset in architecture.presets:
            for kind, spec in SPECS.items():
                asked = {"class": "classify", "value": "regress", "forecast": "forecast"}
                does = asked[spec.target] in architecture.tasks or len(architecture.tasks) == 1
                if spec.kind in architecture.reads and does and spec.target == "class":
                    yield pytest.param(
                        name, preset, spec, kind == "padded", id=f"{name}-{preset}-{kind}"
                    )
                elif spec.kind in architecture.reads and asked[spec.target] in architecture.tasks:
                    yield pytest.param(name, preset, spec, False, id=f"{name}-{preset}-{kind}")


CASES = list(cases())


def make(name: str, preset: str, spec: Spec) -> nn.Module:
    return assembly.create(name, spec, preset=preset)


def inputs(spec: Spec, padded: bool, count: int = 6) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    x = torch.rand(count, *spec.shape) * 2 - 1
    return (x, torch.tensor([9, 1, 5, 9, 3, 2][:count])) if padded else (x,)


def first(parts: tuple[torch.Tensor, ...], count: int) -> tuple[torch.Tensor, ...]:
    return tuple(part[:count] for part in parts)


@pytest.mark.parametrize(("name", "preset", "spec", "padded"), CASES)
class TestArchitecture:
    def test_shape_and_finite(self, name, preset, spec, padded):
        out = make(name, preset, spec).eval()(*inputs(spec, padded))
        wanted = (6, *spec.shape) if name == "aae" else (6, spec.outputs)
        assert out.shape == wanted
        assert torch.isfinite(out).all()

    def test_samples_do_not_mix_in_eval_mode(self, name, preset, spec, padded):
        model, x = make(name, preset, spec).eval(), inputs(spec, padded)
        torch.manual_seed(3)
        whole = model(*x)
        torch.manual_seed(3)
        if name == "aae" and not model.deterministic:
            model.deterministic = True
            whole = model(*x)
        torch.testing.assert_close(model(*first(x, 2)), whole[:2], atol=1e-5, rtol=1e-4)

    def test_same_seed_same_start(self, name, preset, spec, padded):
        one, two = (make(name, preset, spec).state_dict() for _ in range(2))
        assert all(torch.equal(one[key], two[key]) for key in one)
        other = assembly.create(name, spec, seed=99, preset=preset).state_dict()
        assert any(not torch.equal(one[key], other[key]) for key in one)

    def test_every_parameter_is_trained(self, name, preset, spec, padded):
        model = make(name, preset, spec).train()
        parts = inputs(spec, padded)
        lengths = parts[1] if padded else None
        if spec.target == "class":
            y = torch.arange(6) % 3
        else:
            y = torch.randn(6, spec.outputs)
        batch = Batch(parts[0], y, lengths, np.arange(6))
        phases = phases_of(name, preset, spec)
        before = {key: p.detach().clone() for key, p in model.named_parameters()}
        step = Step(model, phases, settings.train(), 10)
        for number in range(3):
            step(batch, number)
        assert not step.bad
        still = {key for key, p in model.named_parameters() if torch.equal(p, before[key])}
        if name == "aae" and model.deterministic:
            still -= {"encoder.logvar.weight", "encoder.logvar.bias"}
        assert not still, f"not trained: {still}"


def phases_of(name: str, preset: str, spec: Spec):
    from etude.tasks.classify import Classify
    from etude.tasks.forecast import Forecast
    from etude.tasks.regress import Regress

    architecture = registry.load("model", name)
    if architecture.phases:
        fields = architecture.presets[preset](spec).model
        return architecture.phases(architecture.config.read(dict(fields)))
    if spec.target == "class":
        return Classify(("a", "b", "c")).phases()
    if spec.target == "value":
        return Regress((0.0, 0.0), (1.0, 1.0), "").phases()
    return Forecast((0.0,), (1.0,), "", False, 4).phases()


@pytest.mark.parametrize("kind", ["model", "data"])
def test_every_name_declares_a_config_with_described_fields(kind):
    for name in registry.names(kind):
        config = registry.load(kind, name).config
        assert issubclass(config, Config)
        for key, field in config.model_fields.items():
            assert field.description, f"{name}.{key} has no description"


def test_every_architecture_has_the_notes_preset():
    """But for the residual network, of which the notes say nothing."""
    for name in registry.names("model"):
        wanted = {"default"} if name == "resnet" else {"default", "notes"}
        assert wanted <= set(registry.load("model", name).presets)


@pytest.mark.parametrize("name", registry.names("model"))
def test_a_complete_recipe_survives_json_and_is_complete(name):
    recipe = assembly.prepare(assembly.read_draft(draft(name, "digits")), ALONE).recipe
    again = Recipe.read(json.loads(recipe.model_dump_json()))
    assert again == recipe
    assert again.digest == recipe.digest
    fields = set(registry.load("model", name).config.model_fields)
    assert fields <= set(recipe.model.fields)
    assert None not in recipe.train.plain().values()
    assert assembly.prepare(assembly.read_draft(again.plain()), ALONE).recipe == recipe


def test_an_unknown_name_key_or_value_says_what_was_meant():
    for fields, words in [
        ({"model": "vti"}, "vit"),
        ({"data": "digts"}, "digits"),
        ({"model.dept": 3}, "depth"),
        ({"train.optimizer": "adm"}, "adam"),
        ({"epoch": 3}, "train.epochs"),
        ({"model.patch": "x"}, "model.patch"),
        ({"model.preset": "nots"}, "notes"),
        ({"data.augmen": "flip"}, "augment"),
    ]:
        with pytest.raises(UsageError) as error:
            assembly.read_draft(draft("vit", "digits", fields=fields))
        assert words in str(error.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(UsageError) as error:
        assembly.read_draft(draft("vit", "digits", fields={"model.patch": 0, "model.hedas": 2}))
    assert len(error.value.items) == 2
