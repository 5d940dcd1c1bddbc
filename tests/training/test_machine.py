"""What is chosen for a run: by rule when short, by measurement when long, and said."""

import os

import pytest
import torch

from etude import registry, session
from etude.errors import UsageError
from etude.recipe import Train, draft
from etude.training import machine

CPU = {"train.device": "cpu", "model.hidden": [8]}


def live():
    parts = registry.assemble(registry.complete(draft("mlp", "digits", fields=CPU)))
    train, _, _ = session.residents(parts)
    batch = train.take(torch.arange(64).numpy())
    return parts.model, parts.task.phases(), batch, parts.recipe.train


def test_a_short_run_is_not_measured_for():
    model, phases, batch, train = live()
    found, why = machine.choose(train, model, phases, batch, 100)
    assert (found.precision, found.compile) == ("fp32", "off")
    assert "short run" in why


@pytest.mark.parametrize(("bf16", "wanted"), [(0.5, "bf16"), (0.95, "fp32"), (2.0, "fp32")])
def test_a_long_run_takes_what_is_clearly_faster(monkeypatch, bf16, wanted):
    model, phases, batch, train = live()
    times = {"fp32": 1.0, "bf16": bf16}
    monkeypatch.setattr(machine, "_seconds_a_step", lambda t, *_: times[t.precision])
    found, why = machine.choose(train, model, phases, batch, 100)
    assert found.precision == wanted
    assert f"{bf16:.2f} of fp32's time" in why


@pytest.mark.parametrize(("compiled", "steps", "wanted"), [(0.5, 1000, "on"), (0.99, 1000, "off"),
                                                           (0.5, 100, "off")])  # fmt: skip
def test_compilation_must_repay_its_cost(monkeypatch, compiled, steps, wanted):
    model, phases, batch, train = live()

    def seconds(t, *_):
        return compiled if t.compile == "on" else 1.0

    monkeypatch.setattr(machine, "_seconds_a_step", seconds)
    found, _ = machine.choose(train, model, phases, batch, steps)
    assert found.compile == wanted


def test_what_is_asked_for_is_done_without_measuring(monkeypatch):
    model, phases, batch, train = live()
    monkeypatch.setattr(machine, "_seconds_a_step", lambda *_: pytest.fail("measured"))
    asked = train.model_copy(update={"precision": "bf16", "compile": "off"})
    assert machine.choose(asked, model, phases, batch, 10**6)[0].precision == "bf16"


def test_measuring_touches_no_weight():
    model, phases, batch, train = live()
    before = {key: x.clone() for key, x in model.state_dict().items()}
    machine._seconds_a_step(train.model_copy(update={"precision": "bf16"}), model, phases, batch)
    assert all(torch.equal(before[key], x) for key, x in model.state_dict().items())


def test_threads_follow_the_environment_and_devices_are_checked(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.default_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert machine.default_threads() == len(os.sched_getaffinity(0))
    assert machine.settle(Train(device="cpu", threads=1)).threads == 1
    with pytest.raises(UsageError, match="choose cpu, cuda"):
        machine.settle(Train(device="cdua"))
    with pytest.raises(UsageError, match="Here are: cpu"):
        machine.settle(Train(device="cuda:99"))


def test_bf16_trains_too(workdir):
    import etude

    run = etude.train("vit", data="digits", epochs=2, precision="bf16", quiet=True,
                      **{"model.width": 16, "model.depth": 1})  # fmt: skip
    assert run.recipe.train.precision == "bf16"
    assert (
        run.history[-1]["train"]["classify"]["loss"] < run.history[0]["train"]["classify"]["loss"]
    )
