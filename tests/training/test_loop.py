"""The loop: exact resume in mid-epoch, bad numbers, phases, and what evaluation leaves alone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import etude
from etude import assembly, pipeline
from etude.errors import Interrupted, NumericsError, RunError, Stopped
from etude.recipe import draft
from etude.runs.folder import RunFolder
from etude.shapes import Batch
from etude.tasks.classify import Classify
from etude.tasks.protocol import Phase
from etude.training import loop, record
from etude.training.distributed import ALONE
from etude.training.step import Step
from tests import settings

SMALL = {
    "mlp": {"model.hidden": [16], "data.augment": ["noise"]},
    "cnn": {"model.channels": [4, 8], "model.hidden": [8], "data.augment": ["translate"]},
    "resnet": {"model.channels": [4, 8], "data.augment": ["flip"], "train.optimizer": "nesterov"},
    "lstm": {"model.hidden": 8},
    "transformer": {"model.width": 8, "model.depth": 1},
    "vit": {"model.width": 8, "model.depth": 1, "train.optimizer": "muon"},
    "aae": {"model.hidden": [16, 16], "model.critic": [8, 8], "model.dropout": 0.2},
}


def begin(model: str, name: str, **fields):
    mapping = draft(model, "digits", fields={"train.epochs": 3, **SMALL[model], **fields})
    run = RunFolder.create(Path("runs") / name)
    return pipeline.begin(run, assembly.read_draft(mapping), quiet=True, lang="en")


def final_bytes(path: Path) -> dict[str, bytes]:
    """Everything a run comes to, but for clock times and the report."""
    kept = sorted(
        p
        for p in Path(path).rglob("*")
        if p.is_file() and p.name not in ("timing.jsonl", "LOCK", "report.html", "provenance.json")
    )
    return {str(p.relative_to(path)): p.read_bytes() for p in kept}


@pytest.mark.parametrize("model", SMALL)
def test_a_run_stopped_in_the_middle_of_an_epoch_ends_with_the_same_bytes(model, workdir):
    whole = etude.train(model, data="digits", name="whole", epochs=3, quiet=True, **SMALL[model])
    run, parts = begin(model, "broken")
    steps = 0

    def stop(event, info):
        nonlocal steps
        if event == "step":
            steps += 1
            if steps == 27:
                os.kill(os.getpid(), signal.SIGINT)

    train, val = pipeline.training_data(parts)
    card = parts.dataset.card.plain()
    with pytest.raises(Interrupted, match="etude resume runs/broken"):
        loop.Loop(parts.model, parts.task, parts.recipe, train, val, run, card, stop, ALONE).fit()
    assert run.newest()[0].step == 28, "a signal is heard at the next step"
    run.release()
    resumed = etude.resume("runs/broken", quiet=True)
    one, two = final_bytes(whole.path), final_bytes(resumed.path)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def stopped_at(model: str, name: str, when, **fields):
    """A run left by an exception at the first (event, info) for which `when` is true."""

    class Gone(BaseException):
        pass

    def listen(event, info):
        if when(event, info):
            raise Gone

    run, parts = begin(model, name, **fields)
    train, val = pipeline.training_data(parts)
    card = parts.dataset.card.plain()
    with pytest.raises(Gone):
        loop.Loop(parts.model, parts.task, parts.recipe, train, val, run, card, listen, ALONE).fit()
    run.release()
    return run


def test_lines_that_no_checkpoint_vouches_for_are_not_written_twice(workdir):
    """It dies after an epoch's line was written, and before the next checkpoint."""
    whole = etude.train(
        "mlp", data="digits", name="whole", epochs=3, quiet=True, save_seconds=0, **SMALL["mlp"]
    )
    run = stopped_at(
        "mlp", "broken", lambda e, info: e == "epoch" and info["epoch"] == 2,
        **{"train.save_seconds": 0},
    )  # fmt: skip
    assert len(run.metrics.read_bytes().splitlines()) == 2
    resumed = etude.resume("runs/broken", quiet=True)
    assert final_bytes(whole.path) == final_bytes(resumed.path)


def test_a_step_has_one_state(workdir):
    """At the end of an epoch nothing is saved before validation: a checkpoint of that step would
    stand in the way of the one after it."""
    run = stopped_at(
        "aae", "x", lambda e, info: e == "step" and info["step"] == 41,
        **{"train.save_seconds": 0},
    )  # fmt: skip
    point, _ = run.newest()
    assert (point.step, point.state["progress"]["batch"]) == (40, 0)
    assert point.state["progress"]["epoch"] == 2


def test_sigterm_saves_and_says_so(workdir):
    run, parts = begin("mlp", "term")
    train, val = pipeline.training_data(parts)
    card = parts.dataset.card.plain()

    def stop(event, info):
        if event == "step" and info["step"] == 9:
            os.kill(os.getpid(), signal.SIGTERM)

    live = loop.Loop(parts.model, parts.task, parts.recipe, train, val, run, card, stop, ALONE)
    with pytest.raises(Stopped, match="etude resume runs/term") as left:
        live.fit()
    assert left.value.exit_code == 75
    assert run.newest()[0].step == 10
    run.release()


def test_another_seed_gives_other_bytes(workdir):
    runs = [
        etude.train("mlp", data="digits", seed=s, epochs=1, quiet=True, **SMALL["mlp"])
        for s in (0, 1)
    ]
    one, two = (final_bytes(run.path)["metrics.jsonl"] for run in runs)
    assert one != two


CHILD = """
import etude
etude.train("mlp", data="digits", name="killed", epochs=40, quiet=True, precision="fp32",
            save_seconds=0, **{"model.hidden": [16]})
"""


def test_a_killed_run_resumes_to_the_same_bytes(workdir):
    """SIGKILL, twice, at moments that the run itself cannot know."""
    whole = etude.train(
        "mlp", data="digits", name="whole", epochs=40, quiet=True, precision="fp32",
        save_seconds=0, **{"model.hidden": [16]},
    )  # fmt: skip
    code = CHILD
    for after in (12, 40):
        child = subprocess.Popen([sys.executable, "-c", code])
        while child.poll() is None:
            if any(s > after for s in steps_on_disk("runs/killed")):
                child.send_signal(signal.SIGKILL)
                child.wait()
        assert child.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        code = CHILD[: CHILD.index("etude.train(")] + "etude.resume('runs/killed', quiet=True)"
    resumed = etude.resume("runs/killed", quiet=True)
    assert final_bytes(whole.path) == final_bytes(resumed.path)


def steps_on_disk(path: str) -> list[int]:
    folder = Path(path) / "checkpoints"
    return [int(p.name) for p in folder.glob("[0-9]*")] if folder.exists() else []


def test_a_finished_run_resumes_to_itself(workdir):
    run = etude.train("mlp", data="digits", epochs=1, quiet=True, **SMALL["mlp"])
    before = final_bytes(run.path)
    etude.resume(run.path, quiet=True)
    assert final_bytes(run.path) == before


def test_resume_refuses_other_data(workdir, monkeypatch):
    run, parts = begin("mlp", "other")
    run.release()
    card = parts.dataset.card.fingerprint
    provenance = json.loads((run.path / "provenance.json").read_text())
    assert provenance["fingerprint"] == card
    (run.path / "provenance.json").write_text(json.dumps({**provenance, "fingerprint": "0" * 64}))
    with pytest.raises(RunError, match="not those it began with"):
        etude.resume("runs/other", quiet=True)


# Bad numbers ------------------------------------------------------------------------------------


def bad_step(loss, optimizer="adam"):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3))
    train = settings.train(optimizer=optimizer, lr=0.1, weight_decay=0.0, schedule="constant")
    return model, Step(model, (Phase("bad", loss),), train, 10)


def batch(x=None):
    x = torch.randn(6, 4) if x is None else x
    return Batch(x, torch.zeros(6, dtype=torch.int64), None, np.arange(10, 16))


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "momentum", "adamw", "rmsprop", "muon"])
@pytest.mark.parametrize("waits", [True, False], ids=["polled each step", "held back on device"])
@pytest.mark.parametrize(
    "poison",
    [
        lambda out: out.sum() * float("nan"),
        lambda out: out.sum() * float("inf"),
        lambda out: (out - out.detach()).abs().sqrt().sum(),  # finite loss, NaN gradient
    ],
    ids=["nan", "inf", "gradient"],
)
def test_no_weight_moves_at_a_bad_number(optimizer, waits, poison):
    model, step = bad_step(lambda m, b, noise: poison(m(b.x)), optimizer)
    if optimizer in ("rmsprop", "muon"):
        assert step.waits, "these cannot hold back by themselves"
    else:
        step.waits = waits
    before = [p.detach().clone() for p in model.parameters()]
    step(batch(), 3)
    step(batch(), 4)
    assert bool(step.bad)
    assert int(step.first_bad) == 3
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_the_message_names_phase_parameter_and_samples():
    x = torch.randn(6, 4)
    x[2] = float("nan")
    _, step = bad_step(lambda m, b, noise: m(b.x).square().mean())
    step(batch(x), 3)
    error = step.diagnose(batch(x), 3)
    for word in ("Step 3", "phase bad", "0.weight", "[12]", "train.lr"):
        assert word in str(error)


def test_a_run_with_bad_numbers_stops_and_keeps_its_checkpoint(workdir):
    run, parts = begin("mlp", "bad", **{"train.save_seconds": 0})
    train, val = pipeline.training_data(parts)

    class Poisoned:
        def __init__(self, held):
            self.held, self.calls = held, 0

        def __len__(self):
            return len(self.held)

        def take(self, samples, key=None):
            self.calls += 1
            found = self.held.take(samples, key)
            return found._replace(x=found.x * float("nan")) if self.calls >= 30 else found

        def pieces(self):
            return self.held.pieces()

    live = loop.Loop(
        parts.model, parts.task, parts.recipe, Poisoned(train), val, run,
        parts.dataset.card.plain(), lambda *_: None, ALONE,
    )  # fmt: skip
    with pytest.raises(NumericsError, match="Step 29") as error:
        live.fit()
    assert error.value.exit_code == 5
    point, _ = run.newest()
    assert 0 < point.step <= 29
    assert all(np.isfinite(x).all() for x in point.model.values())
    run.release()


# Phases -----------------------------------------------------------------------------------------


def aae(**fields):
    recipe = assembly.read_draft(
        draft("aae", "digits", fields={"train.device": "cpu", **SMALL["aae"], **fields})
    )
    parts = assembly.prepare(recipe, ALONE)
    train, _ = pipeline.training_data(parts)
    return parts, train.take(np.arange(64))


def moved(model, phases, only, some):
    """The parameters that a phase alone moves, and those that got a gradient from it."""
    train = settings.train(optimizer="adam", lr=1e-3, weight_decay=0.0, schedule="constant")
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    step = Step(model, tuple(p for p in phases if p.name == only), train, 1)
    step(some, 0)
    graded = {key for key, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    return {
        key.split(".")[0] for key, p in model.named_parameters() if not torch.equal(p, before[key])
    }, {key.split(".")[0] for key in graded}


@pytest.mark.parametrize(
    ("phase", "players"),
    [
        ("reconstruct", {"encoder", "decoder"}),
        ("discriminate", {"discriminator"}),
        ("confuse", {"encoder"}),
    ],
)
def test_each_phase_moves_its_own_players_and_leaves_no_stray_gradients(phase, players):
    parts, some = aae()
    assert moved(parts.model, parts.task.phases(), phase, some) == (players, players)


def test_confusing_raises_the_discriminators_belief_in_codes():
    """The sign test: prior is real (1), codes are fake (0), and the encoder wants 1."""
    # Without the penalty, which alone can bring the two beliefs closer, whatever the labels are.
    parts, some = aae(**{"model.dropout": 0.0, "model.penalty": 0.0})
    model, phases = parts.model, parts.task.phases()

    def belief(z):
        with torch.no_grad():
            return float(model.discriminator(z).mean())

    codes = model.embed(some.x).detach()
    prior = model.prior(64, codes.device)
    train = settings.train(optimizer="adam", lr=1e-3, weight_decay=0.0, schedule="constant")
    gap = belief(prior) - belief(codes)
    critic = Step(model, (phases[1],), train, 5)
    for number in range(5):
        critic(some, number)
    assert belief(prior) - belief(codes) > gap, "draws of the prior are the real ones"
    before = belief(codes)
    Step(model, (phases[2],), train, 1)(some, 0)
    assert belief(model.embed(some.x).detach()) > before


def test_the_weighted_game_has_two_phases():
    parts, some = aae(**{"model.preset": "weighted"})
    names = [phase.name for phase in parts.task.phases()]
    assert names == ["generate", "discriminate"]
    assert moved(parts.model, parts.task.phases(), "generate", some)[1] == {"encoder", "decoder"}


# Evaluation -------------------------------------------------------------------------------------


def test_evaluation_leaves_weights_buffers_and_mode_alone():
    parts = assembly.prepare(
        assembly.read_draft(draft("cnn", "digits", fields={"train.device": "cpu", **SMALL["cnn"]})),
        ALONE,
    )
    _, val = pipeline.training_data(parts)
    parts.model.train()
    before = {key: x.clone() for key, x in parts.model.state_dict().items()}
    first = record.evaluate(parts.model, parts.task, val, 0)
    assert first == record.evaluate(parts.model, parts.task, val, 0)
    assert parts.model.training
    after = parts.model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_evaluation_has_a_stream_of_its_own():
    """Whatever was drawn before, a model with noise in its codes is measured alike."""
    parts, _ = aae(**{"model.encoder": "gaussian"})
    _, val = pipeline.training_data(parts)
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(record.evaluate(parts.model, parts.task, val, 0))
    assert found[0] == found[1]


def test_near_lets_the_later_of_equals_win_but_not_a_worse_one():
    task = Classify(("a", "b"))
    top = {"accuracy": 0.98, "loss": 0.1, "samples": 144}
    assert task.near({"accuracy": 0.973, "loss": 0.2, "samples": 144}, top)
    assert not task.near({"accuracy": 0.96, "loss": 0.05, "samples": 144}, top)
    whole = {**top, "accuracy": 1.0}
    assert task.near({"accuracy": 142 / 143, "loss": 0.2, "samples": 143}, whole)
    assert not task.near({"accuracy": 140 / 143, "loss": 0.2, "samples": 143}, whole)
    many = {**top, "samples": 60_000}
    assert not task.near({"accuracy": 0.973, "loss": 0.2, "samples": 60_000}, many)


def test_early_stopping_counts_epochs_without_a_better_one(workdir):
    run = etude.train(
        "mlp", data="digits", epochs=60, patience=3, quiet=True,
        **{**SMALL["mlp"], "train.lr": 1e-12, "train.schedule": "constant", "data.augment": []},
    )  # fmt: skip
    rows = run.history
    assert 4 <= len(rows) < 60
    best = max((row["val"]["accuracy"], -row["val"]["loss"], -row["epoch"]) for row in rows)
    assert len(rows) == -best[2] + 3
