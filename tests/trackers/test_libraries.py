"""What each library has stored, read again with its own means.

TensorBoard is in test_tracking.py. W&B, MLflow and trackio are tested where they are installed.
Everywhere, a stand-in of MLflow and of trackio records the calls, with the signatures that the real
libraries have; where they are installed, these signatures are compared.
"""

import inspect
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import etude
from etude import pipeline
from etude.errors import Interrupted
from etude.results import EpochRow
from etude.trackers import mlflow as ours_mlflow
from etude.trackers import trackio as ours_trackio
from etude.trackers.tracker import Facts, Moment
from tests.trackers.readers import differences, log_of, wandb_log
from tests.trackers.test_tracking import SHORT, Interrupting

FACTS = Facts("a", "many", "b0b0", {"train.lr": 0.1, "data.types.Größe (m²)": "number"}, "/place")
MOMENTS = [Moment(5, 1.25, {"train/loss": 0.5}), Moment(10, 2.5, {"train/loss": 0.25})]


@pytest.fixture
def offline(workdir, monkeypatch):
    """An environment in which a tracker knows no server and no other folder."""
    for name in list(os.environ):
        if name.startswith(("WANDB_", "MLFLOW_", "TRACKIO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(workdir / "home"))
    monkeypatch.setenv("TRACKIO_DIR", str(workdir / "trackio"))
    return workdir


def interrupted_and_resumed(monkeypatch, log: str):
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "TrainingProgress", Interrupting)
        with pytest.raises(Interrupted):
            etude.train("mlp", **{**SHORT, "epochs": 4}, log=log)
    return etude.resume("runs/mlp-curve", quiet=True, log=log)


def split(expected):
    """(what belongs to an epoch, what belongs to the end) of the expected series."""
    end = {tag: x for tag, x in expected.items() if not tag.startswith(("train/", "val/"))}
    return {tag: x for tag, x in expected.items() if tag not in end}, end


def test_wandb_keeps_an_offline_run(offline, monkeypatch):
    pytest.importorskip("wandb")
    run = interrupted_and_resumed(monkeypatch, "wandb")
    # The offline run of the interrupted part is replaced, not uploaded beside this one.
    [folder] = (offline / "wandb").glob("offline-run-*")
    series, summary, config = wandb_log(folder)
    epochs, end = split(log_of(run))
    assert differences(series, epochs) == []
    assert len(series["train/lr"]) == 4
    for tag, [(_, value)] in end.items():
        assert summary[tag] == pytest.approx(value, rel=1e-12), tag
    assert summary["pictures/curves"]["_type"] == "image-file"
    assert config["train.lr"] == run.recipe.train.lr


@pytest.mark.parametrize("mode", ["online", "disabled"])
def test_wandb_follows_the_environment_and_never_asks_for_a_login(
    offline, monkeypatch, capfd, mode
):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", mode)
    run = etude.train("mlp", **{**SHORT, "quiet": False}, log="wandb")
    assert len(run.history) == 3
    assert not list(Path("wandb").glob("offline-run-*"))
    said = [line for line in capfd.readouterr().err.splitlines() if "logging to wandb" in line]
    assert len(said) == (mode == "online")  # there is no key, and nobody to ask for it


@pytest.mark.filterwarnings("ignore")  # its reader warns of the package below it
def test_mlflow_keeps_a_run(offline, monkeypatch):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    run = interrupted_and_resumed(monkeypatch, "mlflow")
    client = MlflowClient(tracking_uri=f"sqlite:///{offline / 'mlflow.db'}")
    [stored] = client.search_runs([client.get_experiment_by_name("etude").experiment_id])
    assert (stored.info.run_name, stored.info.status) == ("mlp-curve", "FINISHED")
    assert stored.data.params["train.epochs"] == "4"
    series = {
        tag: [(x.step, x.value) for x in client.get_metric_history(stored.info.run_id, tag)]
        for tag in stored.data.metrics
    }
    assert differences(series, log_of(run)) == []
    assert [x.path for x in client.list_artifacts(stored.info.run_id, "pictures")]


def test_trackio_keeps_a_run(offline, monkeypatch):
    pytest.importorskip("trackio")
    run = interrupted_and_resumed(monkeypatch, "trackio")
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    [stored] = trackio.Api().runs("etude")
    series: dict = {}
    for row in SQLiteStorage.get_logs("etude", stored.name, run_id=stored.id):
        for tag, value in row.items():
            if isinstance(value, int | float) and tag != "step":
                series.setdefault(tag, []).append((row["step"], value))
    assert stored.config["train.epochs"] == 4
    assert differences(series, log_of(run)) == []


# Stand-ins ---------------------------------------------------------------------------------------


class MlflowClient:
    """Records calls. The signatures are those of mlflow 3.17."""

    calls: list

    def __init__(self, tracking_uri=None, registry_uri=None):
        type(self).calls = [("uri", tracking_uri)]

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name, artifact_location=None, tags=None):
        self.calls.append(("experiment", name, artifact_location))
        return "7"

    def search_runs(self, experiment_ids, filter_string=""):
        self.calls.append(("search", experiment_ids, filter_string))
        return [SimpleNamespace(info=SimpleNamespace(run_id="old"))]

    def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
        self.calls.append(("run", experiment_id, run_name, tags))
        return SimpleNamespace(info=SimpleNamespace(run_id="new"))

    def log_batch(self, run_id, metrics=(), params=(), tags=()):
        self.calls.append(("batch", run_id, list(metrics), list(params)))

    def log_artifact(self, run_id, local_path, artifact_path=None):
        self.calls.append(("artifact", run_id, local_path, artifact_path))

    def delete_run(self, run_id):
        self.calls.append(("delete", run_id))

    def set_terminated(self, run_id, status=None, end_time=None):
        self.calls.append(("end", run_id, status))


def Metric(key, value, timestamp, step):
    return (key, value, timestamp, step)


def Param(key, value):
    return (key, value)


def module(monkeypatch, name: str, **members) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def test_the_calls_to_mlflow(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    module(monkeypatch, "mlflow")
    module(monkeypatch, "mlflow.entities", Metric=Metric, Param=Param)
    module(monkeypatch, "mlflow.tracking", MlflowClient=MlflowClient)
    log = ours_mlflow.TRACKER.open(FACTS)
    log.add([])
    log.add(MOMENTS)
    log.end({"test/mae": 0.5, "note": "words"}, {"curves": Path("/p/curves.png")})
    log.close("stopped")
    calls = MlflowClient.calls
    end = calls.pop(-3)
    assert end[:2] == ("batch", "new")
    assert [(key, value, step) for key, value, _, step in end[2]] == [("test/mae", 0.5, 10)]
    assert calls == [
        ("uri", "sqlite:////place/mlflow.db"),
        ("experiment", "etude", "file:///place/mlruns"),
        ("search", ["7"], "tags.`etude.id` = 'b0b0'"),
        ("run", "7", "a", {"etude.id": "b0b0", "group": "many"}),
        ("batch", "new", [], [("train.lr", "0.1"), ("data.types.Gr__e _m__", "number")]),
        ("delete", "old"),
        ("batch", "new", [("train/loss", 0.5, 1250, 5)], []),
        ("batch", "new", [("train/loss", 0.25, 2500, 10)], []),
        ("artifact", "new", "/p/curves.png", "pictures"),
        ("end", "new", "KILLED"),
    ]


def test_the_stand_in_of_mlflow_takes_what_mlflow_takes():
    pytest.importorskip("mlflow")
    from mlflow import entities, tracking

    for name in ("create_experiment", "search_runs", "create_run", "log_batch", "log_artifact",
                 "delete_run", "set_terminated", "get_experiment_by_name"):  # fmt: skip
        real = list(inspect.signature(getattr(tracking.MlflowClient, name)).parameters)
        mine = list(inspect.signature(getattr(MlflowClient, name)).parameters)
        assert set(mine) <= set(real), name
    for mine in (Metric, Param):
        real = list(inspect.signature(getattr(entities, mine.__name__)).parameters)
        assert real[: len(inspect.signature(mine).parameters)] == list(
            inspect.signature(mine).parameters
        )


class TrackioRun:
    """Records calls. The signatures are those of trackio 0.43."""

    def __init__(self, calls):
        self.calls = calls

    def log(self, metrics, step=None):
        self.calls.append(("log", metrics, step))

    def finish(self):
        self.calls.append(("finish",))


def test_the_calls_to_trackio(monkeypatch):
    calls: list = []

    def init(*, project, name, group, config, resume, embed, auto_log_gpu, auto_log_cpu):
        calls.append(("init", project, name, group, config, resume))
        return TrackioRun(calls)

    def stored(name, identity):
        config = identity and {"etude.id": identity}
        return SimpleNamespace(config=config, delete=lambda: calls.append(("delete", name)))

    runs = [stored("ours", "b0b0"), stored("another", "c0c0"), stored("without", None)]
    module(
        monkeypatch, "trackio", init=init, Image=lambda path: ("image", path),
        Api=lambda: SimpleNamespace(runs=lambda project: iter(runs)),
    )  # fmt: skip
    log = ours_trackio.TRACKER.open(FACTS)
    log.add(MOMENTS)
    log.end({"test/mae": 0.5}, {"curves": Path("/p/curves.png")})
    log.close("finished")
    assert calls == [
        ("init", "etude", "a", "many", {**FACTS.config, "etude.id": "b0b0"}, "never"),
        ("log", {"train/loss": 0.5}, 5),
        ("log", {"train/loss": 0.25}, 10),
        ("log", {"test/mae": 0.5, "pictures/curves": ("image", "/p/curves.png")}, 10),
        ("finish",),
        ("delete", "ours"),
    ]


def test_the_stand_in_of_trackio_takes_what_trackio_takes():
    trackio = pytest.importorskip("trackio")
    wanted = {"project", "name", "group", "config", "resume", "embed"}
    wanted |= {"auto_log_gpu", "auto_log_cpu"}
    assert wanted <= set(inspect.signature(trackio.init).parameters)
    assert {"metrics", "step"} <= set(inspect.signature(trackio.Run.log).parameters)


def test_an_event_of_the_loop_is_an_epoch_row(workdir):
    run = etude.train("mlp", **SHORT, save=False)
    assert EpochRow.read(run.history[0]) == run.epochs[0]
