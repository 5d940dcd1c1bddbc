"""A stack against lone runs, in float64 without dropout; and what must not leak between members."""

import copy
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from etude import pipeline, registry
from etude.layers import dropout
from etude.recipe import Train, draft
from etude.shapes import Batch
from etude.training import stacked
from etude.training.optimizer import tensors
from etude.training.randomness import reseed
from etude.training.stacked import Feed, Stack, unfit
from etude.training.step import Step
from etude.training.updates import KINDS, Update
from tests.parity import assert_same

STEPS = 30
SIZE = 16
NETS = {
    "mlp": {"model.hidden": [24, 16], "model.dropout": 0.0},
    "cnn": {
        "model.channels": [4, 6], "model.hidden": [8], "model.dropout": 0.0, "model.dropout2d": 0.0,
    },
    "resnet": {"model.channels": [4, 6]},
    "vit": {"model.width": 8, "model.depth": 2, "model.heads": 2, "model.dropout": 0.0},
    "transformer": {"model.width": 8, "model.depth": 2, "model.heads": 2, "model.dropout": 0.0},
}  # fmt: skip
SEEDS = (0, 0, 1, 2)
RATES = (1e-3, 4e-3, 1e-3, 3e-2)
DECAYS = (0.1, 0.1, 0.1, 0.3)


class Wide:
    """Samples in float64."""

    def __init__(self, held):
        self.held = held

    def __len__(self):
        return len(self.held)

    def take(self, samples, key=None):
        batch = self.held.take(samples, key)
        y = batch.y.double() if batch.y.is_floating_point() else batch.y
        return batch._replace(x=batch.x.double(), y=y)

    def pieces(self):
        yield self.take(np.arange(len(self)))


@cache
def data_of(model, data, seed):
    recipe = registry.complete(draft(model, data, fields={"seed": seed}))
    return registry.dataset_of(recipe)


def crew(model, data="digits", **fields):
    """Live parts of each member in float64, and the feed of them all."""
    every, held = [], {}
    for seed, rate, decay in zip(SEEDS, RATES, DECAYS):
        chosen = {
            "seed": seed, "train.lr": rate, "train.weight_decay": decay, "train.device": "cpu",
            "train.batch_size": SIZE, "train.clip": 1.0, **NETS[model], **fields,
        }  # fmt: skip
        recipe = registry.complete(draft(model, data, fields=chosen))
        parts = registry.assemble(recipe, data_of(model, data, seed))
        parts.model.double().train()
        every.append(parts)
        held[seed] = Wide(pipeline.learned_from(parts)[0])
    return every, Feed(held, SEEDS, SIZE)


def stack_of(every):
    models = [copy.deepcopy(parts.model) for parts in every]
    trains = [parts.recipe.train for parts in every]
    return Stack(models, every[0].task.phases()[0], trains, STEPS)


def trained(stack, feed, steps=STEPS):
    for number in range(steps):
        reseed(0, "stack", number)
        stack(feed(*divmod(number, feed.batches)), number)
    return stack


def alone(parts, feed, steps=STEPS):
    """A lone run's model after the same steps."""
    model = copy.deepcopy(parts.model)
    step = Step(model, parts.task.phases(), parts.recipe.train, STEPS)
    for number in range(steps):
        step(feed.of(parts.recipe.seed, *divmod(number, feed.batches)), number)
    return model, step


def apart(stack, every, feed):
    """The largest difference of any member from its lone run, relative to the weight."""
    worst = torch.zeros(())
    for member, parts in enumerate(every):
        lone, _ = alone(parts, feed)
        stack.load(member)
        for mine, theirs in zip(stack.model.parameters(), lone.parameters()):
            gap = (mine - theirs).abs() / (1e-3 + theirs.abs())
            worst = torch.maximum(worst, gap.detach().max())
    return float(worst)


@pytest.mark.parametrize("model", NETS)
def test_every_member_comes_to_what_its_lone_run_comes_to(model):
    every, feed = crew(model, **{"train.schedule": "onecycle", "train.optimizer": "adamw"})
    stack = trained(stack_of(every), feed)
    # A bias before batch norm has no gradient but rounding, which Adam scales up to its rate; the
    # mean that follows takes it out again.
    convs = (n for n, m in stack.model.named_modules() if isinstance(m, nn.Conv2d))
    moot = {f"{name}.bias" for name in convs} if model == "cnn" else set()
    for member, parts in enumerate(every):
        lone, step = alone(parts, feed)
        stack.load(member)
        mine, theirs = stack.model.state_dict(), lone.state_dict()
        assert list(mine) == list(theirs)
        for name in mine:
            loose = name in moot or name.endswith("running_mean")
            allowed = {"rtol": 1e-10, "atol": 1e-7 if loose else 1e-10}
            assert_same(mine[name], theirs[name], f"{member} {name}", **allowed)
        assert_same(stack.sums[member], step.sums[0].double(), "sums", rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", KINDS)
def test_every_optimizer_leaves_the_lone_runs_weights_and_state(name):
    every, feed = crew("mlp", **{"train.optimizer": name, "train.schedule": "cosine"})
    stack = trained(stack_of(every), feed)
    for member, parts in enumerate(every):
        lone, step = alone(parts, feed)
        stack.load(member)
        for mine, theirs in zip(stack.model.parameters(), lone.parameters()):
            assert_same(mine, theirs, name, rtol=1e-10, atol=1e-12)
        player = step.players[0]
        theirs = tensors(player.optimizers, player.named, player.phase.name)
        mine = stack.slots(member)
        assert mine.keys() == theirs.keys()
        for key in mine:
            assert_same(mine[key], theirs[key], key, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("data", ["curve", "series"])
def test_values_and_forecasts_too(data):
    model = "mlp" if data == "curve" else "transformer"
    every, feed = crew(model, data, **{"train.optimizer": "adamw"})
    assert apart(trained(stack_of(every), feed), every, feed) < 1e-9


def test_augmentation_is_the_lone_runs():
    every, feed = crew("mlp", **{"data.augment": ["noise"], "train.optimizer": "sgd"})
    assert apart(trained(stack_of(every), feed), every, feed) < 1e-9


# Saboteurs: what the comparison must catch ------------------------------------------------------


def sabotaged(**fields):
    every, feed = crew("mlp", **{"train.optimizer": "adamw", **fields})
    return every, feed, stack_of(every)


def test_the_comparison_sees_a_wrong_rate_of_one_member():
    every, feed, stack = sabotaged()
    stack.rates[1] *= 1.001
    assert apart(trained(stack, feed), every, feed) > 1e-6


def test_the_comparison_sees_a_forgotten_decay_group():
    every, feed, stack = sabotaged()
    stack.update.decaying = stack.rows.shape[1]
    assert apart(trained(stack, feed), every, feed) > 1e-6


def test_the_comparison_sees_clipping_by_the_whole_stacks_norm(monkeypatch):
    every, feed, stack = sabotaged()
    norm = torch.linalg.vector_norm
    monkeypatch.setattr(
        torch.linalg, "vector_norm", lambda x, dim: norm(x).expand(len(x)) if dim == 1 else norm(x)
    )
    assert apart(trained(stack, feed), every, feed) > 1e-6


def test_the_comparison_sees_another_members_batches():
    every, feed, stack = sabotaged()
    feed.where = feed.where.roll(1)
    assert apart(trained(stack, feed), every, feed) > 1e-6


# Members apart ----------------------------------------------------------------------------------


def poisoned(feed, member, at):
    """The same feed, but one member's batch is not finite from a step on."""

    def take(epoch, position):
        batch = feed(epoch, position)
        if epoch * feed.batches + position >= at:
            batch.x[member, 0] = float("nan")
        return batch

    take.batches = feed.batches
    return take


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_member_that_diverges_stops_and_the_others_are_bit_for_bit_as_without(model):
    every, feed = crew(model, **{"train.optimizer": "adamw"})
    whole = trained(stack_of(every), feed)
    hurt = stack_of(every)
    trained(hurt, poisoned(feed, 2, at=10))
    assert hurt.going.tolist() == [True, True, False, True]
    assert hurt.first_bad.tolist() == [-1, -1, 10, -1]
    before = trained(stack_of(every), feed, steps=10)
    assert torch.equal(hurt.rows[2], before.rows[2]), "moved after the bad number"
    others = [0, 1, 3]
    assert torch.equal(hurt.rows[others], whole.rows[others])
    assert torch.equal(hurt.sums[others], whole.sums[others])
    for name, value in hurt.buffers.items():
        assert torch.equal(value[others], whole.buffers[name][others])
    assert torch.isfinite(hurt.rows).all()


def masks(stack, feed):
    """Which units of the first layer dropout lets through in one step, a member each [M N D]."""
    seen = []
    hook = stack.model.net[2].register_forward_hook(lambda module, given, out: seen.append(out))

    def left(parameters, buffers, x, y):
        stack._loss(parameters, buffers, x, y, None)
        return seen[-1]

    batch = feed(0, 0)
    with torch.no_grad(), dropout.mapped():
        mapped = stacked.vmap(left, randomness="different")
        out = mapped(stack.parameters, stack.buffers, batch.x, batch.y)
    hook.remove()
    return out != 0


def test_members_have_dropout_masks_of_their_own():
    """Members of one seed: the same start, the same batch, other units left out."""
    every, feed = crew("mlp", **{"model.dropout": 0.5})
    stack = stack_of(every)
    left = masks(stack, feed)
    assert not torch.equal(left[0], left[1])


def test_the_step_draws_masks_for_each_member(monkeypatch):
    """Two members alike in all: their losses differ by their masks alone, and not where one mask is
    shared, which is what this would catch."""
    every, feed = crew("mlp", **{"model.dropout": 0.5})
    twins = [every[0], every[0]]
    feed = Feed({0: feed.held[0]}, (0, 0), SIZE)
    own = trained(stack_of(twins), feed, steps=1)
    assert own.sums[0, 0] != own.sums[1, 0]
    drawn = dropout.kept
    monkeypatch.setattr(dropout, "kept", lambda x, p: drawn(x[:1], p).expand_as(x))
    shared = trained(stack_of(twins), feed, steps=1)
    assert shared.sums[0, 0] == shared.sums[1, 0]


def test_each_member_follows_its_own_masks_law():
    """Dropout leaves out its share of units, in every member."""
    every, feed = crew("mlp", **{"model.dropout": 0.5, "model.hidden": [512, 16]})
    left = masks(stack_of(every), feed)
    full = masks(stack_of(crew("mlp", **{"model.hidden": [512, 16]})[0]), feed)
    share = left.double().mean((1, 2)) / full.double().mean((1, 2))
    assert ((share - 0.5).abs() < 0.04).all(), share


# What cannot be stacked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fields", "word"),
    [
        ("lstm", {}, "recurrent"),
        ("aae", {}, "3 phases"),
        ("mlp", {"train.optimizer": "muon"}, "muon"),
        ("mlp", {"train.optimizer": "adam"}, ""),
        ("vit", {}, ""),
    ],
)
def test_what_does_not_fit_is_said_in_words(model, fields, word):
    parts = registry.assemble(registry.complete(draft(model, "digits", fields=fields)))
    why = unfit(parts.recipe.train, parts.model, parts.task.phases())
    assert word in why and bool(word) == bool(why)


def test_padded_sequences_keep_their_lengths():
    """Transformer on sequences of unequal lengths: a member's own lengths hide its own padding."""
    torch.manual_seed(0)
    from etude.models.transformer import Config, Transformer
    from etude.shapes import Spec
    from etude.tasks.classify import Classify

    spec = Spec("sequence", (6, 3), 2)
    config = Config(width=8, depth=1, heads=2, dropout=0.0)
    models = [Transformer(config, spec).double() for _ in range(2)]
    train = Train(optimizer="sgd", lr=0.1, weight_decay=0.0, schedule="constant")
    phases = Classify(("a", "b")).phases()
    x, y = torch.randn(2, 5, 6, 3).double(), torch.randint(2, (2, 5))
    lengths = torch.randint(1, 7, (2, 5))
    lone = copy.deepcopy(models)
    stack = Stack(models, phases[0], [train, train], 2)
    stack(Batch(x, y, lengths, np.arange(5)), 0)
    for member, model in enumerate(lone):
        own = Batch(x[member], y[member], lengths[member], np.arange(5))
        Step(model, phases, train, 2)(own, 0)
        stack.load(member)
        for mine, theirs in zip(stack.model.parameters(), model.parameters()):
            assert_same(mine, theirs, rtol=1e-10, atol=1e-12)


def test_bf16_steps_are_near_those_in_fp32():
    every, feed = crew("mlp")
    for parts in every:
        parts.model.float()
    feed.held = {seed: wide.held for seed, wide in feed.held.items()}
    whole, stack = stack_of(every), stack_of(every)
    stack.trains = [t.model_copy(update={"precision": "bf16"}) for t in stack.trains]
    gap = (trained(stack, feed, 3).sums - trained(whole, feed, 3).sums).abs() / whole.sums
    assert 0 < float(gap.max()) < 0.03
    assert stack.rows.dtype == torch.float32


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("on_cpu", [True, False], ids=["row by row", "all at once"])
def test_a_row_that_has_stopped_stays_as_it_is(name, on_cpu):
    rows, rates = torch.randn(3, 5), torch.full((3, 1), 0.1)
    update = Update(name, rows, 3)
    update.on_cpu = on_cpu
    update(torch.randn(3, 5), rates, rates, torch.tensor([True, True, True]))
    before = rows.clone()
    gradients = torch.randn(3, 5)
    gradients[[0, 2]] = float("nan")
    update(gradients, rates, rates, torch.tensor([False, True, False]))
    assert torch.equal(rows[[0, 2]], before[[0, 2]])
    assert not torch.equal(rows[1], before[1]) and torch.isfinite(rows).all()


@pytest.mark.parametrize("name", KINDS)
def test_a_gpus_road_moves_as_the_cpus(name):
    """The road that a GPU takes, here on the CPU: the same numbers."""
    start, found = torch.randn(3, 5).double(), []
    for on_cpu in (True, False):
        torch.manual_seed(1)
        rows = start.clone()
        update = Update(name, rows, 3)
        update.on_cpu = on_cpu
        for _ in range(4):
            rates = torch.rand(3, 1).double()
            update(torch.randn(3, 5).double(), rates, rates, torch.tensor([True, False, True]))
        found.append(rows)
    assert_same(*found, rtol=1e-12, atol=1e-14)


def test_a_parameter_that_no_phase_owns_is_refused():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)

    phase = stacked.Phase("a", lambda model, batch: batch.x.sum(), owns=("a",))
    assert "leaves parameters alone" in unfit(Train(optimizer="sgd"), Partly(), (phase,))
