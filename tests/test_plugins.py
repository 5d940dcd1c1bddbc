"""Plugins: a task and an architecture in a folder of the user do all that ours do.

The two files are those that docs/plugins.md shows.
"""

import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

import etude
from etude import pipeline, registry, verbs
from etude.errors import Interrupted, UsageError
from etude.inspection import gallery, words
from etude.render.progress import TrainingProgress
from etude.stats import Metric, judge, mean_interval, metric_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "plugins.md"
FILES = {
    text.splitlines()[0].removeprefix("# "): text
    for text in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
}
SHORT = {"epochs": 2, "quiet": True}


@pytest.fixture
def plugins(workdir, monkeypatch):
    """A plugin folder with the two files of the page."""
    place = workdir / "my plugins"
    for name, text in FILES.items():
        write(place / name, text)
    monkeypatch.setenv(registry.PLUGINS, str(place))
    return place


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_names_of_plugins_follow_ours(plugins, monkeypatch):
    assert registry.names("model")[-1] == "sine"
    assert registry.names("task")[-1] == "quantile"
    assert "one hidden layer of sines (reads vector; does" in verbs.listing()["models"]["sine"]
    assert "quantile" in verbs.listing()["models"]["mlp"]
    assert verbs.listing()["tasks"]["quantile"].startswith("the 90 % quantile")
    monkeypatch.delenv(registry.PLUGINS)
    assert "sine" not in registry.names("model")


def test_they_train_look_and_predict(plugins):
    run = etude.train("sine", data="curve", task="quantile", **SHORT)
    assert (run.result.task, run.result.goal) == ("quantile", "pinball")
    assert run.recipe.task.name == "quantile"
    assert run.baseline.kind == "training-quantile"
    assert 0 < run.test["pinball"] < 1
    [answer] = run.predict(np.array([[1.0]], np.float32))
    assert answer["unit"] == "y"
    assert np.isfinite(answer["value"])
    # What views ask for is known: a task that predicts values is fitted on one variable.
    assert {"curves", "fitted", "weights"} <= {picture.name for picture in run.look()}
    for lang in ("en", "ko"):
        text = "\n".join(words.sentences(run.result, run.epochs, lang))
        assert "Sine network" in text
        assert "pinball" in text
    assert verbs.evaluate(run.path)["pinball"] == run.test["pinball"]


def test_the_tracker_of_the_page_writes_lines(plugins, workdir):
    run = etude.train("mlp", data="curve", **SHORT, log="lines")
    lines = [
        line.split("\t") for line in (workdir / f"{run.path.name}.txt").read_text().splitlines()
    ]
    losses = [(int(step), float(value)) for step, tag, value in lines if tag == "train/loss"]
    assert losses == [(row.step, row.train["regress"].loss) for row in run.epochs]
    assert lines[-1] == [str(run.epochs[-1].step), "parameters", str(run.result.parameters)]


def test_a_plugin_changes_no_run_that_does_not_name_it(plugins):
    assert etude.train("mlp", data="curve", **SHORT).result.task == "regress"


def test_an_interrupted_run_is_resumed_with_the_same_bytes(plugins, monkeypatch):
    options = {"data": "curve", "task": "quantile", **SHORT}
    whole = etude.train("sine", name="whole", **options)

    class Interrupting(TrainingProgress):
        def __call__(self, event, info):
            super().__call__(event, info)
            if event == "epoch":
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "TrainingProgress", Interrupting)
        with pytest.raises(Interrupted):
            etude.train("sine", name="broken", **options)
    resumed = etude.resume("runs/broken", quiet=True)
    assert resumed.result == whole.result
    for name, weights in whole.model.state_dict().items():
        assert torch.equal(weights, resumed.model.state_dict()[name])


def test_a_comparison_trains_them_in_worker_processes(plugins):
    done = etude.compare(model="sine,mlp", data="curve", task="quantile", workers=2, **SHORT)
    assert [run.result.model for run in done.runs] == ["sine", "mlp"]
    assert {run.result.goal for run in done.runs} == {"pinball"}


def test_a_lower_value_of_its_metric_is_better(plugins):
    assert metric_of("pinball") == Metric("pinball", lower_is_better=True)
    options = {"data": "curve", "task": "quantile", **SHORT}
    bad = etude.train("sine", name="bad", lr=1e-9, **options)
    good = etude.train("sine", name="good", **options)
    assert good.test["pinball"] < bad.test["pinball"]
    [board] = etude.compare([bad.path, good.path], name="both").boards
    assert next(iter(board.groups.values()))[0].path == good.path
    assert judge(0.1, 0.2, "pinball") == "better"
    assert judge(0.2, 0.1, "pinball") == "much worse"


def test_a_run_without_its_plugin_says_what_is_missing(plugins, monkeypatch):
    run = etude.train("sine", data="curve", task="quantile", **SHORT)
    monkeypatch.delenv(registry.PLUGINS)
    with pytest.raises(UsageError, match="no model 'sine'") as error:
        etude.load(run.path).predict([[1.0]])
    assert registry.PLUGINS in str(error.value)


SCORE = FILES["tasks/quantile.py"].replace("lower_is_better=True", "lower_is_better=False")


def test_the_direction_is_that_of_the_file(plugins, monkeypatch):
    """The saboteur: a file that says the opposite gets the opposite judgement."""
    other = plugins.with_name("other")
    write(other / "tasks" / "quantile.py", SCORE)
    monkeypatch.setenv(registry.PLUGINS, str(other))
    assert judge(0.1, 0.2, "pinball") == "worse"
    assert judge(-0.1, -0.2, "pinball") == "better"
    assert mean_interval(np.array([-2.0, -1.0]), "pinball")[0] < -1, "a score may be negative"


@pytest.mark.parametrize(
    ("task", "model", "words"),
    [
        ("quantil", "mlp", "Did you mean 'quantile'"),
        ("quantile", "aae", "does autoencode"),
        ("classify", "sine", "does regress, quantile"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(plugins, task, model, words):
    data = "digits" if model == "aae" else "curve"
    with pytest.raises(UsageError) as error:
        etude.train(model, data=data, task=task, **SHORT)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:\n    pass\nARCHITECTURE = 1\n", "line 1: SyntaxError"),
        ("import nothing_of_this_name\nARCHITECTURE = 1\n", "line 1: ModuleNotFoundError"),
        ("\n\nx = 1 / 0\nARCHITECTURE = 1\n", "line 3: ZeroDivisionError"),
        ("raise SystemExit(3)\nARCHITECTURE = 1\n", "line 1: SystemExit"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(plugins, text, words):
    path = write(plugins / "models" / "broken.py", text)
    for _ in range(2):
        with pytest.raises(UsageError) as error:
            registry.load("model", "broken")
        assert f"{path}, {words}" in str(error.value)


SOURCE = """
import numpy as np
from etude.data.dataset import DataConfig, Raw, Source, Split

def load(config):
    x = np.linspace(0, 1, 60, dtype=np.float32)[:, None]
    return Raw(name="line", kind="vector", target="value", train=Split(x, x), test=Split(x, x))

SOURCE = Source(DataConfig, load, "a line")
"""
VIEW = """
import numpy as np
from etude.inspection.view import Notice, View, view_picture

def draw(subject):
    size = np.array([p.numel() for p in subject.model.parameters()])
    paint = lambda figure, ink: figure.subplots().bar(range(len(size)), size)
    note = Notice("The largest has {}.".format(size.max()), {"largest": float(size.max())})
    return [view_picture(subject, "sizes", "Sizes of arrays.", paint, (3, 2), note, sizes=size)]

VIEW = View("sizes of the parameter arrays", lambda subject: "", draw)
"""


def test_a_source_and_a_view_are_plugins_too(plugins):
    write(plugins / "data" / "a_line.py", SOURCE)
    write(plugins / "views" / "sizes.py", VIEW)
    run = etude.train("sine", data="a-line", **SHORT)
    [picture] = run.look("sizes", lang="ko")
    assert picture.arrays["sizes"].sum() == run.result.parameters
    assert (picture.title, picture.notice) == ("Sizes", "The largest has 32.")
    assert "sizes" in gallery.chosen(run.subject())


def test_a_view_that_does_not_fit_says_so_in_its_own_words(plugins):
    why = "The run has no sizes."
    view = VIEW.replace('lambda subject: ""', f'lambda subject: "{why}"')
    write(plugins / "views" / "sizes.py", view)
    subject = etude.train("mlp", data="curve", **SHORT).subject(lang="ko")
    assert gallery.left_out(subject)["sizes"] == why
    with pytest.raises(UsageError, match=why) as error:
        gallery.chosen(subject, ["sizes"])
    assert why in error.value.message("ko")


def test_a_name_that_exists_is_refused_with_both_paths(plugins):
    path = write(plugins / "models" / "mlp.py", FILES["models/sine.py"])
    with pytest.raises(UsageError) as error:
        registry.names("model")
    assert str(path) in str(error.value)
    assert str(Path(etude.__file__).parent / "models" / "mlp.py") in str(error.value)


def test_a_file_that_is_no_text_is_named(plugins):
    path = plugins / "tasks" / "odd.py"
    path.write_bytes(b"TASK = '\xff'\n")
    with pytest.raises(UsageError, match=re.escape(str(path))):
        registry.names("task")


@pytest.mark.parametrize("inner", ["models", "nowhere"])
def test_a_folder_without_plugins_is_named(plugins, monkeypatch, inner):
    monkeypatch.setenv(registry.PLUGINS, str(plugins / inner))
    with pytest.raises(
        UsageError, match="no folder named models, tasks, data, views, exporters, trackers"
    ):
        registry.names("data")


def test_a_file_without_a_declaration_is_no_plugin(plugins):
    write(plugins / "models" / "notes.py", "# ARCHITECTURE = 1\nraise SystemExit\n")
    assert "notes" not in registry.names("model")


def test_an_architecture_of_codes_must_declare_phases(plugins):
    text = FILES["models/sine.py"].replace(
        'reads=("vector",)', 'reads=("vector",), provides="codes"'
    )
    write(plugins / "models" / "codes.py", text)
    with pytest.raises(UsageError, match="must declare its phases"):
        etude.train("codes", data="digits", **SHORT)
