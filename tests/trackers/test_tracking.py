"""A tracked run: what its log says, and that nothing of the run depends on its trackers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import etude
from etude import pipeline, registry
from etude.errors import Interrupted, UsageError
from etude.recipe import Train
from etude.render.progress import TrainingProgress
from etude.results import EpochRow, PhaseRow, TimeRow
from etude.tasks.protocol import Phase
from etude.trackers import channel, listener, values
from etude.trackers.tracker import Tracker
from etude.training import schedule
from etude.training.distributed import World
from etude.verbs.tracking import tracking
from tests.trackers.readers import differences, events, log_of, scalars

SHORT = {"data": "curve", "epochs": 3, "quiet": True}
RECORDER = """
import json, os, sys, time
from pathlib import Path
from etude.trackers.tracker import Tracker

class Log:
    def __init__(self, facts):
        self.file = Path(facts.place, "log.jsonl").open("a")
        self.write(open=facts.plain())
    def write(self, **values):
        print(json.dumps(values), file=self.file, flush=True)
    def add(self, moments):
        self.write(add=[moment.plain() for moment in moments])
        FAULT
    def end(self, summary, pictures):
        self.write(end=dict(summary), pictures=sorted(pictures))
    def close(self, state):
        self.write(close=state)

TRACKER = Tracker(Log, package=PACKAGE, install="recorder-of-tests")
"""


@pytest.fixture
def recorder(workdir, monkeypatch):
    """Writes a tracker of the user that records its calls in log.jsonl, with a fault in `add`."""

    def write(fault: str = "pass", package: str = "json", name: str = "recorder") -> str:
        place = workdir / "plugins" / "trackers"
        place.mkdir(parents=True, exist_ok=True)
        text = RECORDER.replace("FAULT", fault).replace("PACKAGE", repr(package))
        (place / f"{name}.py").write_text(text)
        registry._files.cache_clear()
        return name

    write()
    monkeypatch.setenv(registry.PLUGINS, str(workdir / "plugins"))
    registry._files.cache_clear()
    registry._plugin.cache_clear()
    yield write
    registry._files.cache_clear()
    registry._plugin.cache_clear()


def test_tensorboard_shows_what_metrics_jsonl_says(workdir):
    run = etude.train("mlp", **SHORT, log="tensorboard")
    found = events(workdir / "tensorboard" / "mlp-curve")
    assert differences(scalars(found), log_of(run)) == []
    # Its reader finds a number that is wrong, a step too few and a tag too many.
    wrong = log_of(run)
    wrong["val/mae"][0] = (wrong["val/mae"][0][0], wrong["val/mae"][0][1] * 1.001)
    assert differences(scalars(found), wrong) == ["val/mae"]
    assert differences(scalars(found), {**log_of(run), "train/loss": []}) == ["train/loss"]
    assert differences({**scalars(found), "x": []}, log_of(run)) == ["x"]
    assert found.Tags()["images"] == ["pictures/curves"]
    [text] = found.Tensors("recipe")
    assert '"train.epochs": 3' in text.tensor_proto.string_val[0].decode()


def _loss(model, batch, noise):
    """The loss of a phase that is not trained."""


def test_the_learning_rate_is_that_of_the_last_step_of_an_epoch():
    train = {"schedule": "onecycle", "warmup": 0.25, "lr": 0.5, "epochs": 2}
    train = Train.model_construct(**train)
    phases = [Phase("a", _loss), Phase("b", _loss, optimizer={"lr_factor": 0.1})]
    of = schedule.rates(train, phases, batches=4)
    for updates in range(1, 9):
        expected = 0.5 * schedule.factor("onecycle", updates - 1, 8, 0.25)
        assert of(updates) == {"a": expected, "b": pytest.approx(expected / 10)}


def test_several_phases_have_tags_of_their_own():
    one = EpochRow(epoch=1, step=5, train={"fit": PhaseRow(loss=1.0)}, val={"mae": 2.0, "n": 3})
    assert values.scalars(one, {"fit": 0.1}) == {
        "train/loss": 1.0, "train/lr": 0.1, "val/mae": 2.0,
    }  # fmt: skip
    phases = {"fit": PhaseRow(loss=1.0, gradient_norm=4.0), "judge": PhaseRow(loss=3.0)}
    two = EpochRow(epoch=1, step=5, train=phases, val={"mae": 2.0})
    assert values.scalars(two, {"fit": 0.1, "judge": 0.2}) == {
        "train/fit/loss": 1.0, "train/fit/gradient_norm": 4.0, "train/fit/lr": 0.1,
        "train/judge/loss": 3.0, "train/judge/lr": 0.2, "val/mae": 2.0,
    }  # fmt: skip


def test_times_of_earlier_epochs_are_those_of_training():
    rows = [
        EpochRow(epoch=n, step=n, train={"fit": PhaseRow(loss=1.0)}, val={"mae": 1.0})
        for n in (1, 2, 3)
    ]
    # The second epoch was interrupted: it has two rows of time.
    times = [TimeRow(epoch=n, seconds=s, samples=1) for n, s in ((1, 5), (2, 1), (2, 2), (3, 4))]
    moments = values.moments(rows, times, lambda step: {}, now=100.0)
    assert [(m.step, m.time) for m in moments] == [(1, 93.0), (2, 96.0), (3, 100.0)]


def bytes_of(run: Path) -> dict[str, bytes]:
    """All files of a run whose bytes do not depend on the clock."""
    clocks = ("timing.jsonl", "report.html", "LOCK")
    return {
        str(file.relative_to(run)): file.read_bytes()
        for file in sorted(run.rglob("*"))
        if file.is_file() and file.name not in clocks
    }


FAULTS = {
    "none": "pass",
    "exception": "raise OSError(28, 'No space left on device')",
    "exit": "sys.exit(3)",
    "crash": "os._exit(7)",
    "killed": "os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_has_the_same_bytes_whatever_its_tracker_does(recorder, capfd, fault):
    alone = etude.train("mlp", **SHORT, name="alone", save_seconds=0)
    name = recorder(FAULTS[fault], name=f"recorder-{fault}".replace("-", "_")).replace("_", "-")
    options = {**SHORT, "quiet": False}
    tracked = etude.train("mlp", **options, name="tracked", save_seconds=0, log=name)
    assert bytes_of(tracked.path) == bytes_of(alone.path)
    said = [line for line in capfd.readouterr().err.splitlines() if name in line]
    assert len(said) == (fault != "none")
    if fault == "exception":
        assert "training continues" in said[0]
        assert "No space left on device" in said[0]


def test_a_tracker_that_hangs_does_not_hold_up_the_training(recorder, capfd, monkeypatch):
    name = recorder("time.sleep(600)", name="slow")
    real = channel.Channel.wait_until
    monkeypatch.setattr(
        channel.Channel,
        "wait_until",
        lambda self, word: (
            monkeypatch.setattr(channel, "PATIENCE", 60.0 if word == "ready" else 1.0),
            real(self, word),
        ),
    )
    run = etude.train("mlp", **{**SHORT, "quiet": False}, log=name)
    assert len(run.history) == 3
    assert "no answer for 1 second" in capfd.readouterr().err


def calls(place: Path) -> list[dict]:
    return [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]


def test_what_a_tracker_gets(recorder, workdir):
    run = etude.train("mlp", **SHORT, log="recorder")
    first, *adds, end, close = calls(workdir)
    facts = first["open"]
    assert (facts["name"], facts["group"], facts["place"]) == ("mlp-curve", "", str(workdir))
    assert facts["config"] == values.flat(run.recipe.plain())
    assert facts["config"]["train.epochs"] == 3
    assert adds[0]["add"] == []  # a new run has no epochs before its start
    steps = [moment["step"] for add in adds for moment in add["add"]]
    assert steps == [row["step"] for row in run.history]
    assert end["end"]["test/mae"] == run.test["mae"]
    assert end["end"]["baseline/ridge"] == run.baselines.scores["ridge"]
    assert end["pictures"] == ["curves"]
    assert close == {"close": "finished"}


class Interrupting(TrainingProgress):
    """Presses Ctrl-C after the second epoch."""

    def __call__(self, event, info):
        super().__call__(event, info)
        if event == "epoch" and info["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_resumed_run_has_a_log_without_gaps_or_doubles(workdir, monkeypatch):
    options = {**SHORT, "epochs": 4}
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "TrainingProgress", Interrupting)
        with pytest.raises(Interrupted):
            etude.train("mlp", **options, name="broken", log="tensorboard")
    place = workdir / "tensorboard" / "broken"
    [before] = place.iterdir()
    assert len(scalars(events(place))["train/loss"]) == 2
    run = etude.resume("runs/broken", quiet=True, log="tensorboard")
    [after] = place.iterdir()
    assert after != before
    assert differences(scalars(events(place)), log_of(run)) == []
    assert len(log_of(run)["train/loss"]) == 4


def test_a_finished_run_is_logged_from_its_files(workdir):
    run = etude.train("mlp", **SHORT)
    before = bytes_of(run.path)
    again = etude.resume(run.path, quiet=True, log="tensorboard")
    assert again.result == run.result
    assert bytes_of(run.path) == before
    found = events(workdir / "tensorboard" / "mlp-curve")
    assert differences(scalars(found), log_of(run)) == []


def test_another_run_of_the_same_name_has_a_folder_of_its_own(workdir):
    first = etude.train("mlp", **SHORT, log="tensorboard")
    first.path.rename("elsewhere")
    second = etude.train("mlp", **SHORT, seed=1, log="tensorboard")
    assert second.path.name == "mlp-curve"
    place = workdir / "tensorboard"
    assert differences(scalars(events(place / "mlp-curve")), log_of(first_again())) == []
    assert differences(scalars(events(place / "mlp-curve-2")), log_of(second)) == []


def first_again():
    return etude.Run("elsewhere")


def test_a_run_in_memory_is_tracked_too(recorder, workdir):
    run = etude.train("mlp", **SHORT, save=False, log="recorder")
    first, *_, end, close = calls(workdir)
    assert first["open"]["name"] == "mlp-curve"
    assert end["end"]["test/mae"] == run.test["mae"]
    assert end["pictures"] == []
    assert close == {"close": "finished"}
    assert not Path("runs").exists()


def test_a_run_that_diverges_has_a_log_that_failed(recorder, workdir):
    with pytest.raises(etude.EtudeError):
        etude.train("mlp", **SHORT, optimizer="sgd", lr=1e30, clip=0, log="recorder")
    assert calls(workdir)[-1] == {"close": "failed"}


def test_a_log_is_closed_when_the_training_is_killed(recorder, workdir):
    process = subprocess.Popen(
        [sys.executable, "-m", "etude.trackers.process", "recorder"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    facts = {"name": "a", "group": "", "identity": "b", "config": {}, "place": str(workdir)}
    lines = [{"open": facts}, {"add": [{"step": 1, "time": 2.0, "values": {"x": 3.0}}]}]
    out, _ = process.communicate("".join(json.dumps(line) + "\n" for line in lines).encode())
    assert [json.loads(line) for line in out.splitlines()] == [{"ready": True}, {"closed": True}]
    assert calls(workdir)[-1] == {"close": "stopped"}


def test_a_missing_library_is_named_before_anything_trains(recorder, workdir):
    (workdir / "wandb").mkdir()  # a folder of logs is no library
    recorder(package="no_such_package", name="absent")
    with pytest.raises(UsageError, match="Not installed: the library of absent") as error:
        etude.train("mlp", **SHORT, log="tensorboard,absent")
    assert "pip install recorder-of-tests" in str(error.value)
    assert not Path("runs").exists()
    with pytest.raises(UsageError, match="tensorboard"):
        etude.train("mlp", **SHORT, log="tensorbord")
    assert not Path("runs").exists()


def test_a_folder_of_logs_is_no_library(workdir, monkeypatch):
    (workdir / "surely_absent").mkdir()
    monkeypatch.syspath_prepend(str(workdir))
    assert not listener.is_installed(Tracker(print, "surely_absent"))
    assert listener.is_installed(Tracker(print, "json"))


def test_a_broken_library_is_reported_before_anything_trains(recorder, workdir, monkeypatch):
    (workdir / "broken_library.py").write_text("raise TypeError('descriptors cannot be created')")
    monkeypatch.syspath_prepend(str(workdir))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(workdir), *sys.path]))
    recorder(package="broken_library", name="torn")
    with pytest.raises(UsageError, match="torn: TypeError: descriptors cannot"):
        etude.train("mlp", **SHORT, log="torn")
    assert not Path("runs").exists()


def test_only_the_first_process_of_a_job_logs(monkeypatch):
    assert tracking(("tensorboard",), Path("runs")).names == ("tensorboard",)
    monkeypatch.setattr(World, "here", classmethod(lambda cls: World(rank=1, size=2)))
    assert tracking(("tensorboard",), Path("runs")).names == ()


def test_trackers_are_not_part_of_the_recipe(recorder):
    alone = etude.train("mlp", **SHORT, name="alone")
    tracked = etude.train("mlp", **SHORT, name="tracked", log=["recorder"])
    assert alone.recipe.digest == tracked.recipe.digest


def test_a_comparison_logs_its_runs_under_its_name(recorder, workdir):
    done = etude.compare(model="mlp", seed="0,1", workers=1, name="both", **SHORT, log="recorder")
    opened = [call["open"] for call in calls(workdir) if "open" in call]
    assert {(facts["group"], facts["name"]) for facts in opened} == {
        ("both", run.path.name) for run in done.runs
    }
    steps = [moment["step"] for call in calls(workdir) for moment in call.get("add", ())]
    assert steps == [row.step for run in done.runs for row in run.epochs]
    # Finished, it is logged again by `resume`, with the same identities.
    etude.resume("runs/both", quiet=True, log="recorder")
    again = [call["open"] for call in calls(workdir) if "open" in call][2:]
    assert sorted(x["identity"] for x in again) == sorted(x["identity"] for x in opened)
    assert len({x["identity"] for x in opened}) == 2


def test_a_search_logs_the_run_of_its_best_trial(recorder, workdir):
    pytest.importorskip("optuna")
    tuned = etude.tune(
        "mlp", data="curve", epochs=1, lr="1e-3..1e-2", trials=1, workers=1, name="s", quiet=True,
        log="recorder",
    )  # fmt: skip
    [facts] = [call["open"] for call in calls(workdir) if "open" in call]
    assert (facts["group"], facts["name"]) == ("s", tuned.run.path.name)


def test_finished_runs_side_by_side_are_not_logged_again(recorder):
    runs = [etude.train("mlp", **SHORT, seed=seed).path for seed in (0, 1)]
    with pytest.raises(UsageError, match="log"):
        etude.compare(runs, log="recorder")
