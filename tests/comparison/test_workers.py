"""Members as processes: the bytes of a lone run, and what happens to those that die."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import etude
from etude import pipeline, verbs
from etude.comparison import worker as process
from etude.comparison import workers
from etude.comparison.run_spec import Outcome, RunSpec
from etude.comparison.workers import ProcessEngine, TrainingJob, in_this_process
from etude.errors import DataError, Interrupted, RunError, StorageError
from etude.locale.texts import render, text
from etude.recipe import draft
from etude.runs.folder import RunFolder
from etude.runs.jsonl import lines

SMALL = {"model.hidden": [16], "train.epochs": 1, "train.threads": 1}


def member(label="a", tested=False, data="digits", **fields):
    own = {f"train.{k}": v for k, v in fields.items()}
    return RunSpec(label, draft("mlp", data, fields={**SMALL, **own}), tested)


def bytes_of(run: Path) -> dict[str, bytes]:
    """Every file of a run that is not a clock's, a lock's or a picture."""
    left = ("timing.jsonl", "LOCK", "report.html", "provenance.json")
    return {
        str(p.relative_to(run)): p.read_bytes()
        for p in sorted(run.rglob("*"))
        if p.is_file() and p.name not in left and p.parent.name != "pictures"
    }


def weights(run: Path) -> list[bytes]:
    return [p.read_bytes() for p in sorted(run.glob("checkpoints/*/model.safetensors"))]


@pytest.fixture
def notes():
    return []


@pytest.fixture(scope="module")
def shared():
    """One engine for all tests, for each worker takes seconds to load torch."""
    with ProcessEngine(print) as made:
        yield made


@pytest.fixture
def engine(shared, notes):
    shared.note = notes.append
    return shared


def test_a_member_has_the_bytes_of_its_lone_run(workdir, engine):
    """In one worker after another, in this process, and alone from its own recipe."""
    some = [member(f"m{i}", lr=0.01 * (i + 1), tested=True) for i in range(2)]
    found = {one.label: one for one in engine(some, workdir / "apart", 1)}
    assert len(engine.pool.workers) == 1
    for one in in_this_process(some, workdir / "here", 1):
        assert (one.best, one.test, one.val) == (found[one.label].best, found[one.label].test,
                                                 found[one.label].val)  # fmt: skip
    for m in some:
        apart = workdir / "apart" / m.label
        assert bytes_of(apart) == bytes_of(workdir / "here" / m.label)
        recipe = str(apart / "recipe.json")
        alone = verbs.train(recipe, name=m.label, quiet=True, root=workdir / "alone").path
        assert weights(apart) == weights(alone) != []
        assert (apart / "metrics.jsonl").read_bytes() == (alone / "metrics.jsonl").read_bytes()


def test_what_is_untested_never_touches_the_test_split(workdir, monkeypatch):
    def refuse(parts):
        raise AssertionError("the test split was touched")

    monkeypatch.setattr(pipeline, "test_data", refuse)
    found = pipeline.rehearse(workdir / "runs" / "a", dict(member().mapping), False)
    assert "test" not in found
    assert found["best"] > 0
    assert [row.event for row in lines(workdir / "runs" / "a" / "metrics.jsonl")] == ["epoch"]
    with pytest.raises(AssertionError):
        pipeline.rehearse(workdir / "runs" / "b", dict(member().mapping), True)


def test_another_test_split_changes_nothing_of_the_search(workdir):
    """The same by its numbers: the test rows are others, the outcome is not."""
    import numpy as np

    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 2
    for name, shift in (("one", 0), ("two", 50)):
        test = {"x_test": x[40:] + shift, "y_test": y[40:]}
        np.savez(workdir / f"{name}.npz", x_train=x[:40], y_train=y[:40], **test)
    fields = {**SMALL, "train.batch_size": 8}
    tried = [
        pipeline.rehearse(workdir / name, draft("mlp", f"{name}.npz", fields=fields), tested=False)
        for name in ("one", "two")
    ]
    for found in tried:
        del found["seconds"]
    assert tried[0] == tried[1]
    assert weights(workdir / "one") == weights(workdir / "two")


def test_an_untested_member_is_resumed_as_a_lone_run(workdir):
    place = workdir / "runs" / "d" / "search" / "a"
    pipeline.rehearse(place, dict(member().mapping), False)
    with pytest.raises(RunError, match="etude resume"):
        verbs.load(place)
    run = verbs.resume(place, quiet=True)
    assert run.test["accuracy"] > 0
    assert run.folder.report.exists()
    again = pipeline.rehearse(place, {}, False)  # and is still no tested member
    assert "test" not in again


def test_a_tested_member_is_a_whole_run(workdir):
    place = workdir / "runs" / "d" / "a"
    found = pipeline.rehearse(place, dict(member().mapping), True)
    run = verbs.load(place)
    assert found["test"] == run.test["accuracy"]
    assert found["best"] == run.result.val["accuracy"]
    assert verbs.evaluate(place)["accuracy"] == found["test"]
    assert not run.folder.report.exists()
    assert verbs.report(place).exists()
    assert pipeline.rehearse(place, {}, True) == found  # read from the disk, not run again


def test_a_rate_too_high_is_an_outcome_in_words(workdir, engine):
    good, bad = member("good"), member("bad", lr=1e30)
    found = {one.label: one for one in engine([bad, good], workdir, 1)}
    assert (found["bad"].best, found["bad"].test) == (None, None)
    assert "not finite" in render("en", found["bad"].diverged)
    assert found["good"].best is not None
    assert not (workdir / "bad").exists()  # nothing had been saved


def test_a_mistake_in_the_data_is_the_same_error_as_alone(workdir, engine):
    bad = workdir / "bad.npz"
    bad.write_bytes(b"PK no")
    with pytest.raises(DataError, match=r"a: .*bad\.npz"):
        list(engine([member(data=str(bad))], workdir, 1))


def test_an_error_of_a_worker_reads_korean(monkeypatch):
    error = RunError(
        text("comparison.diverged", path="d"),
        do=text("comparison.diverged.do"),
        items=[text("comparison.outcome.diverged", label="b")],
    )

    def fails(spec, place):
        raise error

    monkeypatch.setattr(process, "outcome", fails)
    line = json.dumps(process.answer(TrainingJob(member(), Path()).message())).encode()
    with pytest.raises(RunError) as caught:
        workers._outcome(line)
    assert caught.value.message("ko") == f"a: {error.message('ko')}"
    assert all(re.search("[가-힣]", words) for words in caught.value.message("ko").splitlines())


@pytest.mark.parametrize("diverged", ["", "the loss is nan", text("comparison.diverged", path="a")])
def test_outcomes_pass_as_json(diverged):
    one = Outcome("a", (0.1, 0.2), (1.0, 2.0), 0.2, 0.3, diverged=diverged)
    assert Outcome.read(json.loads(json.dumps(one.plain()))) == one
    with pytest.raises(RunError):
        Outcome.read({**one.plain(), "diverged": {"odd": 1}})
    with pytest.raises(RunError):
        Outcome.read({"label": "a", "odd": 1})


# Workers that die ---------------------------------------------------------------------------------


def when_trained(place: Path, action, limit=60.0):
    """Wait until a member is under way, then act."""
    import threading

    def wait():
        end = time.monotonic() + limit
        while time.monotonic() < end and not (place / "metrics.jsonl").exists():
            time.sleep(0.02)
        time.sleep(0.1)
        action()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


LONG = {"epochs": 100_000}


def test_a_killed_worker_is_said_and_its_member_tried_once_again(workdir, engine, notes):
    lasting = {"epochs": 30, "save_seconds": 0.2}
    when_trained(workdir / "once", lambda: engine.pool.workers[0].process.kill())
    [found] = engine([member("once", **lasting)], workdir, 1)
    assert len(found.val) == 30
    assert [render("en", note) for note in notes] == [
        "once: its worker was killed by SIGKILL; trying once more"
    ]
    [alone] = in_this_process([member("b", **lasting)], workdir, 1)
    assert found.val == alone.val
    assert weights(workdir / "once") == weights(workdir / "b")


@pytest.mark.slow
def test_a_worker_killed_twice_is_an_error_that_names_the_member(workdir, engine, notes):
    killed = []

    def kill():
        while len(killed) < 2:
            for worker in list(engine.pool.workers):
                begun = (workdir / "twice" / "metrics.jsonl").exists()
                if begun and worker.process.pid not in killed:
                    killed.append(worker.process.pid)
                    worker.process.kill()
            time.sleep(0.05)

    when_trained(workdir / "twice", kill)
    with pytest.raises(StorageError, match=r"twice: its worker was killed by SIGKILL, twice.*mem"):
        list(engine([member("twice", **LONG)], workdir, 1))
    assert len(notes) == 1


def test_a_bug_in_a_worker_is_told_by_its_last_words(workdir, engine, notes):
    bad = RunSpec("buggy", 5, False)  # whose recipe is no mapping
    with pytest.raises(RunError, match=r"buggy: its worker ended with code 1: \w+Error"):
        list(engine([bad], workdir, 1))
    assert len(notes) == 1


def test_ctrl_c_saves_what_is_in_training(workdir, notes):
    m, before = member("a", **LONG), signal.getsignal(signal.SIGINT)
    when_trained(workdir / "a", lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted), ProcessEngine(notes.append) as engine:
        list(engine([m], workdir, 1))
    point, _ = RunFolder.open(workdir / "a").newest()
    assert point and point.step > 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_workers_whose_duel_was_killed_save_and_leave(workdir):
    """An orphan hears that its pipe has ended; the next one to work on its member waits for it."""
    code = (
        "import json, sys; from pathlib import Path\n"
        "from etude.comparison.run_spec import RunSpec\n"
        "from etude.comparison.workers import ProcessEngine\n"
        "with ProcessEngine(print) as engine:\n"
        "    list(engine([RunSpec(**json.loads(sys.argv[1]))], Path('.'), 1))"
    )
    told = json.dumps(member("a", **LONG).plain())
    home = str(Path(etude.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": home}
    process = subprocess.Popen([sys.executable, "-c", code, told], env=environment)
    when_trained(workdir / "a", process.kill).join()
    process.wait()
    end = time.monotonic() + 20
    folder = RunFolder.open(workdir / "a")
    while folder.newest()[0] is None and time.monotonic() < end:
        time.sleep(0.1)
    assert folder.newest()[0].step > 0
    while time.monotonic() < end:  # it gives the lock back
        try:
            folder.lock()
            break
        except etude.EtudeError:
            time.sleep(0.1)
    folder.release()
    assert time.monotonic() < end
