"""Searches: what a range means, what a study remembers, and workers that come and go."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState, create_trial

import etude
from etude import verbs
from etude.comparison import search, search_space, shared_queue
from etude.comparison.run_spec import Outcome, RunSpec, plain_sentence, read_sentence
from etude.errors import NumericsError, RunError, UsageError
from etude.locale.texts import render, text
from etude.recipe import draft
from etude.runs.folder import RunFolder
from etude.runs.workspace import Workspace

RUNS = Workspace(Path("runs/duel"))
SMALL = {"model.hidden": [8], "train.epochs": 1, "train.device": "cpu"}


@pytest.mark.parametrize(
    ("value", "kind", "ends"),
    [
        ("1e-4..1e-1", "log", [1e-4, 1e-1]),
        ("0..0.5", "float", [0.0, 0.5]),
        ("0.1..0.5", "float", [0.1, 0.5]),
        ("2..6", "int", [2, 6]),
        (["sgd", "adam"], "one of", ["sgd", "adam"]),
        ([[8], [16, 8]], "one of", [[8], [16, 8]]),
    ],
)
def test_a_range_or_a_list_is_an_axis(value, kind, ends):
    axis = search_space.axis("x", value)
    assert axis.kind == kind
    assert axis.ends() == ends
    assert search_space.Axis.read(json.loads(json.dumps(axis.plain()))) == axis


@pytest.mark.parametrize("value", [0.1, "adam", 3, None, "a.b"])
def test_one_value_is_none(value):
    assert search_space.axis("x", value) is None


@pytest.mark.parametrize("value", ["1..a", "..", "5..2", "1..1", "[1]..2"])
def test_what_is_no_range_is_told(value):
    with pytest.raises(UsageError, match="x="):
        search_space.axis("x", value)


def asked(**fields):
    mapping = {"model": {"name": "mlp"}, "data": {"name": "digits"}}
    return search.parse(mapping, {**SMALL, **fields})


def test_a_search_needs_something_to_search_and_every_end_must_fit():
    with pytest.raises(UsageError, match="nothing to search"):
        asked()
    with pytest.raises(UsageError, match="Unknown key"):
        asked(**{"model.dept": "1..3"})
    with pytest.raises(UsageError, match="dropout"):
        asked(**{"model.dropout": "0.1..1.5"})
    with pytest.raises(UsageError, match="adan"):
        asked(**{"train.optimizer": ["adam", "adan"]})
    found = asked(**{"train.lr": "1e-4..1e-1"})
    assert (found.goal, found.log_fields) == ("accuracy", {"train.lr"})
    assert found.attributes["direction"] == "maximize"


def row(number, best, why=""):
    return search.Trial(number, {}, best, why, 1.0)


def test_the_best_is_the_best_by_the_goals_direction():
    found = [row(0, 0.5), row(1, None, "diverged"), row(2, 0.9), row(3, 0.1)]
    assert search.best(found, "accuracy", Path("x")).number == 2
    assert search.best(found, "mae", Path("x")).number == 3
    with pytest.raises(NumericsError, match="no trial"):
        search.best([row(0, None, "diverged")], "accuracy", Path("x"))


def test_passwords_are_not_shown():
    url = "postgresql+psycopg://me:secret@host:5432/db"
    assert shared_queue.without_password(url) == "postgresql+psycopg://me@host:5432/db"
    assert shared_queue.without_password("sqlite:///a.db") == "sqlite:///a.db"


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/at/all.db", "oracle://x/y"])
def test_a_storage_that_cannot_be_used_is_told(url):
    with pytest.raises(UsageError, match="cannot be used"):
        shared_queue.open_study(url, "x", {})


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, shared_queue.__name__)
    with pytest.raises(UsageError, match="not installed") as caught:
        importlib.import_module(shared_queue.__name__)
    assert "etude[search]" in str(caught.value)


def url_in(folder):
    return f"sqlite:///{folder}/shared_queue.db"


def test_members_that_are_posted_are_made_and_answered(workdir):
    mapping = {"model": {"name": "mlp", "hidden": [8]}, "data": {"name": "digits"},
               "train": {"epochs": 1, "threads": 1, "device": "cpu"}}  # fmt: skip
    members = [RunSpec(f"seed{s}", {**mapping, "seed": s}) for s in (0, 1)]
    url = url_in(workdir)
    board = shared_queue.open_study(url, "duel", {"closed": False})
    for member in members:
        board.enqueue_trial({}, user_attrs={"member": member.plain(), "folder": "search"})
    while shared_queue.has_work(board):
        board.optimize(lambda t: shared_queue.run_trial(board, t, RUNS), n_trials=1)
    waiting = {"seed0", "seed1"}
    found = {one.label: one for one in shared_queue.take_outcomes(board, waiting)}
    assert not waiting
    assert set(found) == {"seed0", "seed1"}
    assert 0 < found["seed0"].best <= 1
    assert Path("runs/duel/search/seed0/recipe.json").exists()
    assert found["seed0"] == Outcome.read(json.loads(json.dumps(found["seed0"].plain())))


def test_a_member_that_cannot_be_run_is_told(workdir):
    board = shared_queue.open_study(url_in(workdir), "duel", {})
    bad = RunSpec("odd", {"model": {"name": "mlp"}, "data": {"name": "nowhere"}})
    board.enqueue_trial({}, user_attrs={"member": bad.plain()})
    board.optimize(lambda t: shared_queue.run_trial(board, t, RUNS), n_trials=1)
    with pytest.raises(RunError, match=r"odd.*nowhere"):
        list(shared_queue.take_outcomes(board, {"odd"}))


@pytest.mark.parametrize("error", ["no such data", plain_sentence(text("comparison.study.none"))])
def test_the_error_of_a_trial_is_text_of_this_version_or_the_last(workdir, error):
    board = shared_queue.open_study(url_in(workdir), "s", {"space": {}})
    board.add_trial(create_trial(state=TrialState.PRUNED, user_attrs={"error": error}))
    [trial] = search.trials_of(board)
    assert trial.why == read_sentence(error)
    assert trial.plain()["why"] == render("en", trial.why)
    with pytest.raises(NumericsError) as caught:
        search.best([trial], "accuracy", Path("x"))
    assert render("ko", trial.why) in caught.value.message("ko")


def test_a_member_that_another_holds_is_posted_again(workdir, monkeypatch):
    monkeypatch.setattr(shared_queue.time, "sleep", lambda seconds: None)
    board = shared_queue.open_study(url_in(workdir), "duel", {})
    fields = {"train.epochs": 1, "train.threads": 1, "model.hidden": [8]}
    member = RunSpec("m", draft("mlp", "digits", fields=fields))
    board.enqueue_trial({}, user_attrs={"member": member.plain(), "folder": ""})
    held = RunFolder.create(Path("runs/duel/m"))
    board.optimize(lambda t: shared_queue.run_trial(board, t, RUNS), n_trials=1)
    waiting = {"m"}
    assert list(shared_queue.take_outcomes(board, waiting)) == []
    assert shared_queue.has_work(board)
    held.erase()
    board.optimize(lambda t: shared_queue.run_trial(board, t, RUNS), n_trials=1)
    assert [one.label for one in shared_queue.take_outcomes(board, waiting)] == ["m"]


def test_a_posted_folder_leads_nowhere_else(workdir):
    board = shared_queue.open_study(url_in(workdir), "duel", {})
    member = RunSpec("m", {"model": {"name": "mlp"}, "data": {"name": "digits"}})
    board.enqueue_trial({}, user_attrs={"member": member.plain(), "folder": "../.."})
    board.optimize(lambda t: shared_queue.run_trial(board, t, RUNS), n_trials=1)
    with pytest.raises(RunError, match="cannot name"):
        list(shared_queue.take_outcomes(board, {"m"}))


@pytest.mark.parametrize("asked", [{"label": "../x", "mapping": {}}, {"name": "x"}, [1], {},
                                   {"label": "x", "mapping": 3}])  # fmt: skip
def test_a_member_from_a_stranger_is_refused(workdir, asked):
    with pytest.raises(UsageError, match=r"cannot name|not the specification|not a mapping"):
        shared_queue.parse_run_spec(asked, RUNS)


def test_a_search_finds_tests_and_goes_on(workdir):
    given = {"lr": "1e-3..1e-1", "optimizer": ["adam", "sgd"], "workers": 1, "quiet": True,
             "name": "s", "epochs": 1, "device": "cpu", "model.hidden": [8]}  # fmt: skip
    found = verbs.tune("mlp", "digits", trials=2, **given)
    assert len(found.trials) == 2
    assert found.run.test["accuracy"] > 0
    assert found.run.recipe.seed == 1
    assert found.run.recipe.train.lr == pytest.approx(found.best.fields["train.lr"])
    assert (found.path / "report.html").exists()
    assert (found.path / "search" / "trial-0" / "recipe.json").exists()
    more = verbs.tune("mlp", "digits", trials=3, **given)
    assert [row.number for row in more.trials] == [0, 1, 2]
    assert more.trials[:2] == list(found.trials)
    with pytest.raises(UsageError, match="with another space"):
        verbs.tune("mlp", "digits", trials=3, **{**given, "lr": "1e-4..1e-1"})


def test_workers_that_keep_ending_badly_are_told(workdir, monkeypatch):
    def broken(url, name):
        one = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        one.wait()
        return one

    monkeypatch.setattr(shared_queue, "start_worker", broken)
    board = shared_queue.SharedQueue("sqlite:///x.db", "x", print)
    board.keep_workers(2)
    board.keep_workers(2)
    with pytest.raises(RunError, match="workers failed"):
        board.keep_workers(2)


@pytest.mark.slow
def test_a_killed_workers_trial_is_made_by_another(workdir, monkeypatch):
    monkeypatch.setattr(shared_queue, "HEARTBEAT", 1)
    monkeypatch.setattr(shared_queue, "GRACE_PERIOD", 3)
    url = url_in(workdir)
    board = shared_queue.open_study(url, "duel", {"closed": False})
    mapping = {"model": {"name": "mlp"}, "data": {"name": "digits"}, "seed": 0,
               "train": {"epochs": 400, "threads": 1, "device": "cpu"}}  # fmt: skip
    board.enqueue_trial({}, user_attrs={"member": RunSpec("long", mapping).plain()})
    code = (
        "from etude.comparison import shared_queue\n"
        "shared_queue.HEARTBEAT, shared_queue.GRACE_PERIOD = 1, 3\n"
        "from pathlib import Path\nfrom etude.runs.workspace import Workspace\n"
        f"shared_queue.work({url!r}, 'duel', Workspace(Path('runs')), print)"
    )
    place = str(Path(etude.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": place, "OMP_NUM_THREADS": "1"}
    one = subprocess.Popen([sys.executable, "-c", code], env=env)
    end = time.monotonic() + 120
    while not Path("runs/duel/long/recipe.json").exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(2)
    one.send_signal(signal.SIGKILL)
    one.wait()
    time.sleep(4)
    two = subprocess.Popen([sys.executable, "-c", code], env=env)
    waiting, found = {"long"}, []
    while waiting and time.monotonic() < end + 120:
        found += shared_queue.take_outcomes(board, waiting)
        time.sleep(0.2)
    two.terminate()
    two.wait()
    assert len(found[0].val) == 400
