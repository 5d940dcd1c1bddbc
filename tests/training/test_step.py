"""Training steps against a loop in plain torch: schedule, clipping, weight decay, gradients."""

from math import inf

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from etude import registry
from etude.shapes import Batch, Spec
from etude.tasks.classify import Classify
from etude.tasks.protocol import Phase
from etude.training import step as step_module
from etude.training.step import Step
from tests import settings

TOTAL = 20
IMAGE = Spec("image", (1, 8, 8), 10)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))


def batches():
    for number in range(TOTAL):
        torch.manual_seed(number)
        yield Batch(torch.randn(16, 5), torch.arange(16) % 3, None, np.arange(16))


def in_plain_torch(clip: float) -> tuple[nn.Module, float]:
    """The network after TOTAL steps, and the sum of the gradient norms before clipping."""
    net, norms = network(), 0.0
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim == 1]
    # Momentum, not Adam, whose update is the same for a gradient of another scale.
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 0.1}, {"params": others}], lr=0.1, momentum=0.9
    )
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.1, total_steps=TOTAL, pct_start=0.3, div_factor=25, final_div_factor=40,
        cycle_momentum=False,
    )  # fmt: skip
    for batch in batches():
        optimizer.zero_grad()
        F.cross_entropy(net(batch.x), batch.y).backward()
        norms += float(nn.utils.clip_grad_norm_(net.parameters(), clip or inf))
        optimizer.step()
        rates.step()
    return net, norms


@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_steps_equal_a_plain_loop(clip):
    ours = network()
    train = settings.train(
        optimizer="momentum", lr=0.1, weight_decay=0.1, schedule="onecycle", warmup=0.3, clip=clip
    )
    step = Step(ours, Classify(("a", "b", "c")).phases(), train, TOTAL)
    for number, batch in enumerate(batches()):
        step(batch, number)
    theirs, norms = in_plain_torch(clip)
    for mine, other in zip(ours.parameters(), theirs.parameters()):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)
    assert float(step.sums[0, 1]) == pytest.approx(norms, rel=1e-5)


def test_clipping_makes_a_difference():
    """The saboteur: at 0.05 the loop would notice a step that does not clip."""
    (one, norms), (two, _) = in_plain_torch(0.05), in_plain_torch(0.0)
    assert norms / TOTAL > 0.05
    assert any((a - b).abs().max() > 1e-3 for a, b in zip(one.parameters(), two.parameters()))


def test_a_loss_with_a_gradient_inside_is_not_compiled(monkeypatch):
    """torch's compiler cannot differentiate twice; the other phases are compiled."""
    compiled = []
    monkeypatch.setattr(step_module, "keep_out_of_compilation", lambda: None)
    monkeypatch.setattr(torch, "compile", lambda loss: compiled.append(loss) or loss)
    phases = tuple(
        Phase(name, lambda model, batch, noise: model(batch.x).sum(), ("",), {}, twice)
        for name, twice in (("plain", False), ("penalty", True))
    )
    Step(network(), phases, settings.train(compile="on"), TOTAL)
    assert compiled == [phases[0].loss]
    adversarial = registry.load("model", "aae")
    default = adversarial.config.read(dict(adversarial.presets["default"](IMAGE).model))
    assert [phase.twice for phase in adversarial.phases(default)] == [False, True, False]
