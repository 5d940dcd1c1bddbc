"""Fine-tuning: what is trained first, what never, and rates by layer, against torch's AdamW."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from etude.shapes import Batch
from etude.tasks.protocol import FIRST_RATE, Phase, Tuning
from etude.training import schedule
from etude.training.optimizer import build
from etude.training.step import Step
from tests import settings

TUNING = Tuning(("head.",), 0.25, ("stem.",), {"stem.": 0.1, "body.": 0.5})


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.body, self.head = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.tuning = TUNING

    def forward(self, x):
        return self.head(torch.tanh(self.body(torch.tanh(self.stem(x)))))


def loss(model, batch, noise):
    return F.cross_entropy(model(batch.x), batch.y)


def batches(count):
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        x = torch.randn(8, 3, generator=generator)
        yield Batch(x, (x[:, 0] > 0).long(), None, np.arange(8))


def test_rates_by_layer_equal_torchs_groups():
    torch.manual_seed(0)
    ours, theirs = Net(), Net()
    theirs.load_state_dict(ours.state_dict())
    train = settings.train(optimizer="adamw", lr=0.01, weight_decay=0.1)
    (mine,) = build(ours.named_parameters(), train, TUNING)
    groups = [
        {"params": [p], "lr": 0.01 * rate, "weight_decay": 0.1 if p.ndim > 1 else 0.0}
        for part, rate in ((theirs.stem, 0.1), (theirs.body, 0.5), (theirs.head, 1.0))
        for p in part.parameters()
    ]
    other = torch.optim.AdamW(groups)
    plain = Net()
    plain.load_state_dict(ours.state_dict())
    (third,) = build(plain.named_parameters(), train)
    for batch in batches(4):
        for model, optimizer in ((ours, mine), (theirs, other), (plain, third)):
            optimizer.zero_grad()
            loss(model, batch, None).backward()
            optimizer.step()
    for p, q in zip(ours.parameters(), theirs.parameters()):
        torch.testing.assert_close(p, q, atol=1e-7, rtol=1e-6)
    assert not torch.equal(ours.stem.weight, plain.stem.weight), "equal rates give other weights"


def test_the_head_is_trained_first_and_the_frozen_part_never():
    torch.manual_seed(0)
    model = Net()
    train = settings.train(optimizer="adamw", lr=0.01, weight_decay=0.1)
    step = Step(model, (Phase("classify", loss),), train, 8)
    for number, batch in enumerate(batches(8)):
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        step(batch, number)
        moved = {n.split(".")[0] for n, p in model.named_parameters() if (p != before[n]).any()}
        assert moved == ({"head"} if number < 2 else {"head", "body"})
        assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_schedule_runs_once_in_each_part(share):
    model = Net()
    model.tuning = Tuning(("head.",), share)
    train = settings.train(schedule="cosine", warmup=0.1, lr=0.01)
    step = Step(model, (Phase("classify", loss),), train, 40)
    first = round(40 * share)
    head = [FIRST_RATE * schedule.factor("cosine", i, first, 0.1) for i in range(first)]
    rest = [schedule.factor("cosine", i, 40 - first, 0.1) for i in range(40 - first)]
    assert [step._rate(i) for i in range(40)] == head + rest
