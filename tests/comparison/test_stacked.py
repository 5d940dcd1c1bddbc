"""Members stacked: each leaves a run like a lone one, and bears alone what happens to it."""

import json
import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import etude
from etude import pipeline, registry, verbs
from etude.comparison import stacked
from etude.comparison.run_spec import Member
from etude.data.digits import SOURCE
from etude.errors import Interrupted
from etude.recipe import draft
from etude.runs.folder import RunFolder, lines
from etude.training.stacked import Together

SMALL = {"model.hidden": [16], "train.epochs": 3, "train.threads": 1, "train.device": "cpu"}
SURE = {**SMALL, "model.dropout": 0.0}


def member(label, tested=False, model="mlp", **fields):
    return Member(label, draft(model, "digits", fields={**SMALL, **fields}), tested)


def grid(rates=(1e-3, 1e-2), seeds=(0, 1), **fields):
    return [
        member(f"{rate:g}.seed{seed}", **{"train.lr": rate, "seed": seed, **fields})
        for rate in rates
        for seed in seeds
    ]


def names(path):
    return sorted(
        str(p.relative_to(path))
        for p in Path(path).rglob("*")
        if p.is_file() and "pictures" not in p.parts and p.name != "report.html"
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One recipe alone and in a stack of two, tested."""
    root = tmp_path_factory.mktemp("both")
    fields = {**SURE, "data.augment": ["noise"], "seed": 1, "train.lr": 3e-3}
    lone = etude.train("mlp", data="digits", name="lone", root=root, quiet=True, **fields)
    asked = [member("in-stack", True, **fields), member("other", **{**fields, "train.lr": 1e-4})]
    found = {outcome.label: outcome for outcome in stacked.run(asked, root)}
    return lone, root / "in-stack", found


def test_a_member_leaves_the_folder_of_a_lone_run(both):
    lone, path, _ = both
    assert names(path) == names(lone.path)
    one, two = (RunFolder.open(p) for p in (lone.path, path))
    assert one.read("recipe.json") == two.read("recipe.json")
    provenance = two.read("provenance.json")
    assert provenance.pop("stacked") == 2
    assert provenance.keys() == one.read("provenance.json").keys()
    assert "2 members in one stack" in provenance["chosen"]
    a, b = one.newest()[0], two.newest()[0]
    assert a.step == b.step and a.state.keys() == b.state.keys()
    assert a.state["recipe"] == b.state["recipe"] and a.state["card"] == b.state["card"]
    assert a.state["progress"].keys() == b.state["progress"].keys()
    for mine, theirs in ((a.model, b.model), (a.optimizer, b.optimizer)):
        shapes = [{k: (x.shape, x.dtype) for k, x in each.items()} for each in (mine, theirs)]
        assert shapes[0] == shapes[1]


def test_without_dropout_its_numbers_are_the_lone_runs(both):
    lone, path, found = both
    one, two = (lines(p / "metrics.jsonl") for p in (lone.path, path))
    assert [row["event"] for row in one] == [row["event"] for row in two]
    for mine, theirs in zip(one[:-1], two[:-1]):
        assert math.isclose(mine["val"]["loss"], theirs["val"]["loss"], rel_tol=1e-4)
        for key in ("loss", "gradient_norm"):
            phases = (row["train"]["classify"][key] for row in (mine, theirs))
            assert math.isclose(*phases, rel_tol=1e-4)
    weights = (RunFolder.open(p).best().model for p in (lone.path, path))
    mine, theirs = weights
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], atol=2e-5)
    outcome = found["in-stack"]
    assert outcome.how == "stacked" and not outcome.diverged
    assert outcome.test == etude.load(path).test["accuracy"]
    assert outcome.val == tuple(row["val"]["accuracy"] for row in two[:-1])
    assert outcome.best == RunFolder.open(path).best().state["progress"]["best"]["accuracy"]
    assert len(outcome.seconds) == 3 and list(outcome.seconds) == sorted(outcome.seconds)


def test_who_takes_a_run_in_the_hand_can_use_a_members(both, workdir):
    _, path, _ = both
    run = etude.load(path)
    digit = SOURCE.load(SOURCE.config()).test.x[:2]
    assert len(run.predict(digit)) == 2
    again = verbs.evaluate_again(path)
    assert again["accuracy"] == run.test["accuracy"]
    drawn = verbs.look(path, ["curves", "confusion"], out=workdir / "look")
    assert len(drawn["pictures"]) == 2


def test_one_that_is_not_tested_never_meets_the_test_split(both, monkeypatch, workdir):
    _, path, found = both
    assert found["other"].test is None
    assert RunFolder.open(path.parent / "other").result is None
    monkeypatch.setattr(pipeline, "examined_on", lambda parts: pytest.fail("the test split"))
    assert len(list(stacked.run(grid()[:2], workdir))) == 2


def test_one_that_diverges_is_told_and_the_others_are_as_without(workdir):
    good = grid(seeds=(0,), **SURE)
    bad = member("bad", **{**SURE, "train.lr": 1e30})
    alone = {o.label: o for o in stacked.run(good, workdir / "a")}
    mixed = {o.label: o for o in stacked.run([*good, bad], workdir / "b")}
    assert "not finite" in mixed["bad"].diverged and mixed["bad"].best is None
    assert not (workdir / "b" / "bad").exists()
    for each in good:
        assert mixed[each.label].val == alone[each.label].val
        one, two = (RunFolder.open(workdir / p / each.label).newest()[0] for p in "ab")
        for name in one.model:
            np.testing.assert_allclose(one.model[name], two.model[name], atol=1e-5)


def test_what_had_ended_is_kept_and_the_rest_begins_anew(workdir):
    asked = grid()
    engine = stacked.run(asked, workdir)
    first = next(engine)
    engine.close()
    assert [p.name for p in workdir.iterdir()] == [first.label]
    kept = (workdir / first.label / "metrics.jsonl").stat().st_mtime_ns
    found = {outcome.label: outcome for outcome in stacked.run(asked, workdir)}
    assert found.keys() == {each.label for each in asked}
    assert (workdir / first.label / "metrics.jsonl").stat().st_mtime_ns == kept
    assert found[first.label] == first


def test_a_folder_of_a_stack_that_was_killed_begins_anew(workdir):
    asked = grid()
    for _ in stacked.run(asked[:1], workdir):
        pass
    left = workdir / asked[0].label
    for point in (left / "checkpoints").iterdir():
        for file in point.iterdir():
            file.unlink()
        point.rmdir()
    (outcome,) = stacked.run(asked[:1], workdir)
    assert len(outcome.val) == 3 and len(lines(left / "metrics.jsonl")) == 3


def test_a_signal_ends_the_stack_and_leaves_nothing_half_done(workdir, monkeypatch):
    steps = Together._steps

    def interrupt(self, epoch, signals):
        if epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
        steps(self, epoch, signals)

    monkeypatch.setattr(Together, "_steps", interrupt)
    with pytest.raises(Interrupted, match="begin them anew"):
        list(stacked.run(grid(), workdir))
    assert list(workdir.iterdir()) == []


def test_patience_ends_a_member_and_not_the_others(workdir):
    still = {**SURE, "train.patience": 1, "train.epochs": 8, "train.schedule": "constant"}
    asked = [member("still", **{**still, "train.lr": 1e-12}), member("on", **still)]
    found = {outcome.label: outcome for outcome in stacked.run(asked, workdir)}
    assert len(found["still"].val) == 2 < len(found["on"].val)
    alone = etude.train("mlp", data="digits", name="x", quiet=True, **{**still, "train.lr": 1e-12})
    assert len(alone.history) == 2


def test_members_that_differ_in_more_are_stacked_apart(workdir):
    asked = [*grid(), member("sgd", **{"train.optimizer": "sgd"})]
    assert len(list(stacked.run(asked, workdir))) == 5
    size = {
        p.name: json.loads((p / "provenance.json").read_text())["stacked"]
        for p in workdir.iterdir()
    }
    assert size.pop("sgd") == 1 and set(size.values()) == {4}


def test_as_many_at_once_as_fit_in_memory(workdir, monkeypatch):
    asked = grid(rates=(1e-3, 3e-3, 1e-2))
    parts = registry.assemble(registry.complete(asked[0].mapping))
    parts = stacked._assembled(parts.recipe, 1)
    assert len(list(stacked._shares(asked, parts))) == 1
    monkeypatch.setattr(stacked, "memory", lambda: 2 * 600_000)
    shares = list(stacked._shares(asked, parts))
    assert 1 < len(shares) < 6
    assert sorted(m.label for s in shares for m in s) == sorted(m.label for m in asked)
    monkeypatch.setattr(stacked, "memory", lambda: 0)
    assert [len(share) for share in stacked._shares(asked, parts)] == [1] * 6


def test_what_cannot_be_stacked_runs_alone(workdir):
    asked = [*grid(seeds=(0,)), member("muon", **{"train.optimizer": "muon"})]
    found = {outcome.label: outcome.how for outcome in stacked.run(asked, workdir)}
    assert found.pop("muon") == "process" and set(found.values()) == {"stacked"}
    assert RunFolder.open(workdir / "muon").newest()[0].state["progress"]["epoch"] == 3


@pytest.mark.parametrize("model", ["lstm", "aae"])
def test_it_is_said_what_cannot_be_stacked(model):
    assert stacked.fits(registry.complete(draft(model, "digits")))


def test_a_choice_comes_with_its_reason(monkeypatch):
    asked = [*grid(seeds=range(5))[:9], member("other", **{"model.hidden": [8]})]
    times = iter([0.001, 0.002, 0.001, 0.0001])
    monkeypatch.setattr(stacked, "_seconds", lambda step: next(times))
    better, why = stacked.faster(asked[::-1], 2)
    assert better and why.startswith("stacked: a step of 9 members takes 1.0 ms on 2 threads, 9.0")
    worse, why = stacked.faster(asked, 2)
    assert not worse and why.startswith("not stacked: a step of 9")
    lstm = registry.complete(draft("lstm", "digits"))
    alike = [Member(f"seed{seed}", {**lstm.plain(), "seed": seed}) for seed in range(9)]
    assert stacked.faster(alike, 2) == (False, f"not stacked: {stacked.fits(lstm)}")


def test_the_choice_is_measured():
    _, why = stacked.faster(grid()[:3], 1)
    assert "(measured)" in why


def test_a_stack_says_how_far_it_is(workdir, monkeypatch):
    monkeypatch.setattr("etude.training.stacked.TOLD_EVERY", 0.0)
    said = []
    list(stacked.run(grid(), workdir, note=said.append))
    assert said == [f"4 members in one stack, epoch {epoch} of 3" for epoch in (1, 2)]


@pytest.mark.slow
def test_with_dropout_a_stack_is_a_lone_run_in_law(workdir):
    """Validation loss after equal epochs, 12 seeds each way: means apart by less than 4 standard
    errors of a difference, paired by seed (one in sixteen thousand, were they alike)."""
    fields = {"model.hidden": [64, 32], "model.dropout": 0.5, "train.epochs": 6, "train.lr": 3e-3}
    asked = [member(f"seed{seed}", **{**fields, "seed": seed}) for seed in range(12)]
    list(stacked.run(asked, workdir / "stacked"))
    gaps = []
    for each in asked:
        lone = etude.train(base=each.mapping, name=each.label, root=workdir / "lone", quiet=True)
        last = lines(workdir / "stacked" / each.label / "metrics.jsonl")[-1]
        gaps.append(last["val"]["loss"] - lone.history[-1]["val"]["loss"])
    error = np.std(gaps, ddof=1) / math.sqrt(len(gaps))
    assert abs(np.mean(gaps)) < 4 * error, (np.mean(gaps), error)
    assert any(gaps), "the masks are not drawn apart"
