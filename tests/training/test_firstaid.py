"""First aid works on copies, and tells a network that can learn from one that cannot."""

import pytest
import torch

from etude import registry, session, verbs
from etude.errors import UsageError
from etude.recipe import draft
from etude.training import firstaid

FIELDS = {"train.device": "cpu", "model.channels": [4, 8], "model.hidden": [16]}


@pytest.mark.parametrize("kind", ["dry-run", "overfit", "lr"])
def test_it_gives_back_the_weights_and_keeps_no_run(kind, workdir, monkeypatch):
    seen = []
    assemble = registry.assemble

    def watched(recipe):
        parts = assemble(recipe)
        seen.append((parts.model, {k: x.clone() for k, x in parts.model.state_dict().items()}))
        return parts

    monkeypatch.setattr(registry, "assemble", watched)
    verbs.first_aid(kind, "cnn", "digits", **FIELDS)
    [(model, before)] = seen
    assert all(torch.equal(before[key], x) for key, x in model.state_dict().items())
    assert not (workdir / "runs").exists()


def test_the_rate_it_suggests_lies_where_the_loss_falls():
    found = verbs.first_aid("lr", "cnn", "digits", **FIELDS)
    assert 1e-5 < found["suggestion"] < 0.3
    assert found["rates"] == sorted(found["rates"])


def test_overfit_tells_a_network_that_can_from_one_that_cannot():
    assert verbs.first_aid("overfit", "cnn", "digits", **FIELDS)["learned"]
    assert not verbs.first_aid("overfit", "cnn", "digits", lr=1e-9, **FIELDS)["learned"]


def test_dry_run_names_what_gets_no_gradient():
    assert verbs.first_aid("dry-run", "cnn", "digits", **FIELDS)["without_gradient"] == []
    parts = registry.assemble(registry.complete(draft("cnn", "digits", fields=FIELDS)))
    parts.model.unused = torch.nn.Linear(2, 2)
    train, _, _ = session.residents(parts)
    some = train.take(torch.arange(8).numpy())
    found = firstaid.dry_run(parts.model, parts.task, parts.recipe.train, some)
    assert found["without_gradient"] == ["unused.bias", "unused.weight"]


def test_an_unknown_first_aid_is_a_mistake():
    with pytest.raises(UsageError, match="overfit"):
        verbs.first_aid("overfti", "mlp", "digits")
