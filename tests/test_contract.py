"""One contract for everything that is registered: architectures on every kind of data they read."""

import ast
import json
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from etude import assembly, registry
from etude.config import Config
from etude.errors import UsageError
from etude.locale.texts import has_text
from etude.recipe import Recipe, draft
from etude.shapes import Batch, Spec, Target
from etude.stats import Metric
from etude.tasks.protocol import Codes, Setup
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
                if spec.kind in architecture.reads and spec.target in architecture.targets:
                    yield pytest.param(
                        name, preset, spec, kind == "padded", id=f"{name}-{preset}-{kind}"
                    )


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
        model = make(name, preset, spec).eval()
        out = model(*inputs(spec, padded))
        codes = registry.load("model", name).provides == "codes"
        assert isinstance(model, Codes) == codes
        assert out.shape == (6, *(spec.shape if codes else (spec.outputs,)))
        assert torch.isfinite(out).all()

    def test_samples_do_not_mix_in_eval_mode(self, name, preset, spec, padded):
        model, x = make(name, preset, spec).eval(), inputs(spec, padded)
        # A code may have noise, and then the noise of a sample depends on the samples before it.
        compute = (lambda x: model.decode(model.embed(x))) if isinstance(model, Codes) else model
        torch.testing.assert_close(compute(*first(x, 2)), compute(*x)[:2], atol=1e-5, rtol=1e-4)

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
        phases = task_of(name, preset, spec).phases()
        before = {key: p.detach().clone() for key, p in model.named_parameters()}
        step = Step(model, phases, settings.train(), 10)
        for number in range(3):
            step(batch, number)
        assert not step.bad
        still = {key for key, p in model.named_parameters() if torch.equal(p, before[key])}
        unused = {key for key in before if key.startswith(getattr(model, "unused", ()))}
        assert still == unused, f"not trained: {still - unused}"


def task_of(name: str, preset: str, spec: Spec):
    """The task that fits an architecture on data of this Spec."""
    architecture = registry.load("model", name)
    task, *_ = assembly.tasks_of(architecture, spec.target)
    config = architecture.config.read(dict(architecture.presets[preset](spec).model))
    phases = architecture.phases(config) if architecture.phases else ()
    ones = (1.0,) * spec.outputs
    data = SimpleNamespace(
        target=spec.target, outputs=spec.outputs, classes=("a", "b", "c"), mean=(0.0,), std=(1.0,),
        y_mean=ones, y_std=ones, unit="", log=False, season=4, panel=None, targets=(),
    )  # fmt: skip
    return task.build(Setup(data, config, phases))


@pytest.mark.parametrize("kind", ["model", "data"])
def test_every_name_declares_a_config_with_described_fields(kind):
    for name in registry.names(kind):
        config = registry.load(kind, name).config
        assert issubclass(config, Config)
        for key, field in config.model_fields.items():
            assert has_text(field.description or ""), f"{name}.{key} has no text"


@pytest.mark.parametrize("name", registry.names("model"))
def test_the_line_of_every_architecture_is_in_both_languages(name):
    assert has_text(registry.load("model", name).summary.key)


@pytest.mark.parametrize("name", registry.names("task"))
def test_every_task_says_what_it_is(name):
    task = registry.load("task", name)
    assert isinstance(task.metric, Metric)
    assert task.name == name
    assert has_text(task.summary.key)
    assert task.targets
    assert any(registry.load("model", m).provides == task.needs for m in registry.names("model"))


def test_the_first_task_that_fits_a_target_is_the_one_that_others_refine():
    """So the task of a recipe that names none does not depend on the order of names."""
    for name in registry.names("model"):
        architecture = registry.load("model", name)
        for target in architecture.targets:
            first, *others = assembly.tasks_of(architecture, target)
            assert all(issubclass(other, first) for other in others), (name, target)


def names_asked_for(source: str) -> set[str]:
    """The names of tasks and architectures that a source compares something with."""
    names = {*registry.names("model"), *registry.names("task")} - {*get_args(Target)}
    nodes = ast.walk(ast.parse(source))
    asks = [n for n in nodes if isinstance(n, ast.Compare | ast.MatchValue)]
    constants = (c for ask in asks for c in ast.walk(ask) if isinstance(c, ast.Constant))
    return {c.value for c in constants if c.value in names}


def test_nothing_asks_for_a_task_or_an_architecture_by_name():
    """But for checking/, whose roles have names of their own."""
    for path in sorted(registry.HOME.rglob("*.py")):
        if "checking" not in path.parts:
            assert not names_asked_for(path.read_text(encoding="utf-8")), path


def test_a_source_that_asks_for_a_name_is_found():
    assert names_asked_for('if subject.task.name in ("x", "classify"): pass') == {"classify"}
    assert names_asked_for('match name:\n    case "aae":\n        pass') == {"aae"}
    assert names_asked_for('task = "classify"') == set()


def test_every_highlight_is_a_view():
    for name in registry.names("model"):
        assert {*registry.load("model", name).highlights} <= {*registry.names("view")}


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
    config = registry.load("model", name).config
    assert set(config.model_fields) - set(config.later) <= set(recipe.model.fields)
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
