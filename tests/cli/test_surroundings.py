"""Commands in odd surroundings: streams full, closed or ASCII, warnings as errors, moved data, a
run that lost its empty folders, places that cannot be written. No traceback, one clear message."""

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import etude
from etude import errors, verbs
from etude.cli.app import application
from etude.errors import StorageError, UsageError, write_error
from etude.flags import SWITCHES, as_flags
from etude.runs.folder import RunFolder
from etude.runs.workspace import Workspace
from etude.system.surroundings import no_warnings

from .test_cli import call

TINY = ["--epochs", "2", "model.hidden=8"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with runs: `m` on vectors in d/v.npz, `a`, an autoencoder."""
    place = tmp_path_factory.mktemp("trained")
    before = Path.cwd()
    os.chdir(place)
    try:
        x = np.random.default_rng(0).normal(size=(120, 2)).astype("f4")
        Path("d").mkdir()
        np.savez("d/v.npz", x=x, y=(x @ [2.0, -1.0]).astype("f4"))
        fields = {"model.hidden": [8], "epochs": 2}
        etude.train("mlp", "d/v.npz", name="m", quiet=True, **fields)
        small = {"model.hidden": [16, 16], "model.critic": [8, 8], "epochs": 1}
        etude.train("aae", "digits", name="a", quiet=True, **small)
    finally:
        os.chdir(before)
    return place


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    """A copy of it, as the working folder."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(line: str, **env: str) -> subprocess.CompletedProcess:
    """A shell line in which $E is étude."""
    command = f"{sys.executable} -m etude"
    return subprocess.run(
        ["bash", "-c", line.replace("$E", command)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


# Standard streams ---------------------------------------------------------------------------------

STREAMS = {
    "full": ("$E {} > /dev/full; echo $? >&2", "4"),
    "closed": ("$E {} >&-; echo $? >&2", "0"),
    "nobody reads": ("$E {} | true; echo ${{PIPESTATUS[0]}} >&2", "0"),
    "stderr full": ("($E {} 2> /dev/full > out); echo $? >&2", "0"),
    "stderr closed": ("($E {} 2>&- > out); echo $? >&2", "0"),
}


@pytest.mark.parametrize("how", STREAMS)
@pytest.mark.parametrize("words", ["predict runs/m -0.5,1.2 --json", "--help"])
def test_no_stream_brings_a_traceback(how, words, here):
    line, code = STREAMS[how]
    told = shell(line.format(words)).stderr.splitlines()
    assert told[-1] == code, told
    assert len(told) == (2 if code == "4" else 1), told
    if code == "4":
        assert "standard output: the disk is full" in told[0]


def test_a_run_is_kept_where_its_result_cannot_be_printed(here):
    line = (
        "$E train mlp --data digits --epochs 1 model.hidden=8 --name full > /dev/full; echo $? >&2"
    )
    told = shell(line).stderr
    assert "Traceback" not in told and told.endswith("4\n")
    assert etude.load("runs/full").result.epochs == 1


def test_an_error_keeps_its_own_code_where_stdout_is_full(here):
    assert shell("$E predict runs/m nosuch.png > /dev/full; echo $? >&2").stderr.endswith("3\n")


ASCII = {
    "LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}  # fmt: skip


@pytest.mark.parametrize(
    "words", ["--help", "report --help", "report runs/m --lang ko", "evaluate runs/m", "env"]
)
def test_an_ascii_terminal_is_enough(words, here):
    ended = shell(f"$E {words}", **ASCII)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.isascii()


def test_json_in_ascii_is_json(here):
    x = np.random.default_rng(0).normal(size=(60, 2)).astype("f4")
    names = np.array(["caf\xe9 " + "x" * 120, "\ud55c\uad6d"])[(x[:, 0] > 0).astype(int)]
    np.savez("c.npz", x=x, y=names)
    run = f"$E train mlp --data c.npz {' '.join(TINY)} --name c --json"
    assert shell(run, **ASCII).returncode == 0
    ended = shell("$E predict runs/c 0.5,1 --json", **ASCII)
    [answer] = json.loads(ended.stdout)
    assert set(answer["probabilities"]) == set(np.unique(names))
    for words in ("predict runs/c -0.5,1", "look runs/c --view curves", "report runs/c"):
        assert shell(f"$E {words}", **ASCII).returncode == 0


# Warnings -----------------------------------------------------------------------------------------


def test_warnings_of_libraries_neither_show_nor_end_a_run(workdir):
    """Thirty classes of three: scikit-learn has remarks on that."""
    x = np.random.default_rng(0).normal(size=(90, 4)).astype("f4")
    np.savez("many.npz", x=x, y=np.repeat(np.arange(30), 3))
    runs = []
    for name, filters in (("plain", ""), ("strict", "error")):
        run = f"$E train mlp --data many.npz {' '.join(TINY)} --name {name} --json"
        ended = shell(run, PYTHONWARNINGS=filters)
        assert (ended.returncode, ended.stderr) == (0, "")
        runs.append(json.loads(ended.stdout))
    assert runs[0]["test"] == runs[1]["test"] and runs[0]["baseline"] == runs[1]["baseline"]


def test_a_callers_filters_stay_what_they_are():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        with pytest.raises(UsageError):
            etude.train(5)
        with no_warnings():
            warnings.warn("nobody hears this", stacklevel=1)
        assert warnings.filters == before
        with pytest.raises(UserWarning):
            warnings.warn("heard", stacklevel=1)


# Words of a command -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["-0.5,1.2", "-.5,-1e-3", "-1,-2", "0.5,-1.2"])
def test_negative_numbers_are_values(text, here, capsys):
    for words in ([text], ["--", text]):
        code, out, err = call(capsys, "predict", "runs/m", *words)
        assert (code, err) == (0, "") and out.startswith(f"{text}: ")
    code, out, _ = call(capsys, "predict", "runs/m", text, "--json")
    assert code == 0 and json.loads(out)[0]["input"] == text


def test_a_negative_number_after_a_flag_is_its_value():
    assert as_flags(["--lr", "-1e-3,2"]) == ["--lr=-1e-3,2"]
    assert as_flags(["lr=-1"]) == ["--lr=-1"]
    assert as_flags(["predict", "r", "--json", "-1,2"]) == ["predict", "r", "--json", "-1,2"]
    assert as_flags(["predict", "--", "data=3"]) == ["predict", "--", "data=3"]


def test_switches_are_all_flags_without_a_value():
    """Else a negative number after one would become its value."""
    app = application()
    help_of = [app[name].assemble_argument_collection() for name in app if not name.startswith("-")]
    found = {n for args in help_of for a in args if a.hint is bool for n in a.names}
    assert {name for name in found if name.startswith("--")} <= set(SWITCHES)


LEFT_OVER = {
    "train cnn digits": "etude train cnn --data digits",
    "train digits cnn": "etude train cnn --data digits",
    "train cnn d/v.npz": "etude train cnn --data d/v.npz",
    "train d/v.npz": "etude train MODEL --data d/v.npz",
    "train mlp --data digits epochs 30": "epochs=30",
    "train mlp -data digits": "--data",
    "train mlp --data digits --epochs=abc": "'abc' is no whole number",
    "train mlp --data digits --epochs": "--epochs needs a value",
    "train --data digits": "model=NAME",
    "trian": "'train'",
    "tune mlp digits lr=1e-3..1": "--data digits",
    "compare mlp,cnn --data digits": "etude compare --model mlp,cnn --data digits",
    "predict d/v.npz runs/m": "etude predict runs/m d/v.npz",
    "predict runs/m --jsn": "--json",
    "look runs/m curves": "etude look runs/m --view curves",
    "generate runs/a x.png": "etude generate runs/a --out x.png",
    "look": "RUN is missing",
    "runs/m": "etude look runs/m",
    "mlp": "etude train mlp --data NAME",
}


@pytest.mark.parametrize("line", LEFT_OVER)
def test_a_slip_is_answered_with_what_was_meant(line, here, capsys):
    before = sorted(here.rglob("*"))
    code, out, err = call(capsys, *line.split())
    assert (code, out) == (2, "") and LEFT_OVER[line] in err, err
    assert sorted(here.rglob("*")) == before


class Net(torch.nn.Module):
    """Somebody's own."""


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (Net(), "digits", "only etude.train takes a module of your own"),
        (Net, "digits", "a name or a module, not the class Net"),
        (5, "digits", "model should be a name, not of type int"),
        ("mlp", np.zeros((3, 2)), "np.savez"),
        ("mlp", [1, 2], "data should be a name or a path, not of type list"),
    ],
)
def test_things_in_place_of_names_are_told_from_python(model, data, said, workdir):
    for verb in (etude.tune, partial(verbs.sanity_check, "lr")):
        with pytest.raises(UsageError, match=re.escape(said)):
            verb(model, data)
    with pytest.raises(UsageError, match="by its path"):
        etude.load(Net())
    assert not list(workdir.iterdir())


# Places to write ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generate runs/a --out d", "is a folder"),
        ("generate runs/a --out .", "is a folder"),
        ("generate runs/a --out x.jpg", "written as .png or .npy, not as .jpg"),
        ("generate runs/a --out none/x.png", "no folder none"),
        ("generate runs/a --out mine.png", "mine.npy, which already exists"),
        ("look runs/m --out mine.npy", "is a file; a folder is expected"),
        ("look runs/m --out none/deep", "no folder none"),
        ("check c.py --report d", "is a folder"),
        ("check c.py --report x.pdf", "written as .html, not as .pdf"),
        ("check c.py --json none/x.json", "no folder none"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(words, said, here, capsys):
    Path("mine.npy").write_text("mine")
    Path("c.py").write_text("class Linear: pass\n")
    before = sorted(here.rglob("*"))
    code, _, err = call(capsys, *words.split())
    assert code == 2 and said in err, err
    assert sorted(here.rglob("*")) == before and Path("mine.npy").read_text() == "mine"


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT"])
def test_free_space_is_advised_where_space_is_what_lacks(name):
    import errno

    error = OSError(getattr(errno, name), "said so")
    assert "Free space" in str(write_error("x", error))


def test_every_other_error_has_advice_of_its_own():
    import errno

    for name in errors.REASONS:
        told = write_error("x", OSError(getattr(errno, name), "said so"))
        assert isinstance(told, StorageError) and told.exit_code == 4
        assert ("Free space" in str(told)) == (name in ("ENOSPC", "EDQUOT")), name
    assert "Free space" not in str(write_error("x", OSError(errno.EPIPE, "odd")))


# Folders that git and archives leave out ----------------------------------------------------------


def test_a_run_without_its_empty_folders_serves_every_verb(here, capsys):
    for run in ("m", "a"):
        for name in ("snapshots", "pictures", "look"):
            shutil.rmtree(f"runs/{run}/{name}", ignore_errors=True)
    for words in (
        "evaluate runs/m", "predict runs/m 1,2", "look runs/m --view curves", "report runs/m",
        "resume runs/m", "generate runs/a -n 4", "report runs/a", "list",
    ):  # fmt: skip
        code, _, err = call(capsys, *words.split())
        assert code == 0, (words, err)


# Data that were moved -----------------------------------------------------------------------------


def test_moved_data_are_told_and_can_be_named(here, capsys, monkeypatch):
    shutil.move("d", "e")
    recipe = Path("runs/m/recipe.json").read_bytes()
    code, _, err = call(capsys, "evaluate", "runs/m")
    assert code == 3 and str(here / "d/v.npz") in err and "--data PATH" in err
    _, plain, _ = call(capsys, "evaluate", "runs/m", "--data", "e/v.npz", "--json")
    assert json.loads(plain)["mae"] == pytest.approx(etude.load("runs/m").test["mae"], rel=1e-5)
    for words in (["look", "--view", "fitted"], ["report"], ["resume"]):
        code, _, err = call(capsys, words[0], "runs/m", *words[1:], "--data", "e/v.npz")
        assert code == 0 or "fitted" in err, err
    assert Path("runs/m/recipe.json").read_bytes() == recipe
    shutil.move("e", "d")
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    code, _, err = call(capsys, "evaluate", "../runs/m")
    assert code == 3 and "--data ../d/v.npz" in err
    assert call(capsys, "evaluate", "../runs/m", "--data", "../d/v.npz")[0] == 0


@pytest.mark.parametrize("verb", ["evaluate", "report", "look"])
def test_other_data_are_refused_in_their_place(verb, here, capsys):
    np.savez("other.npz", x=np.ones((60, 2), "f4"), y=np.arange(60, dtype="f4"))
    code, _, err = call(capsys, verb, "runs/m", "--data", "other.npz")
    assert code in (2, 3) and "Traceback" not in err, err
    code, _, err = call(capsys, verb, "runs/m", "--data", "nowhere.npz")
    assert code in (2, 3) and "nowhere.npz" in err


def test_a_stopped_run_goes_on_with_moved_data(here, capsys):
    """From a checkpoint, which is of the recipe as it stands, to the result of an unbroken run."""
    run = Path("runs/m")
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(x for x in lines if '"event": "end"' not in x))
    (run / "report.html").unlink()
    shutil.move("d/v.npz", "v.npz")
    whole = json.loads(lines[-1])
    code, out, err = call(capsys, "resume", "runs/m", "--data", "v.npz", "--json")
    assert code == 0, err
    assert json.loads(out)["test"] == whole["test"]


# Names --------------------------------------------------------------------------------------------

START = """
import sys
from pathlib import Path
from etude.runs.workspace import Workspace
workspace = Workspace(Path("runs"))
print("ready", flush=True)
sys.stdin.readline()
if sys.argv[1] == "run":
    run = workspace.create("mlp-t")
    run.begin({}, {})
    print(run.path, flush=True)
else:
    print(workspace.reserve("tune-t"), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize(("kind", "stem"), [("run", "mlp-t"), ("search", "tune-t")])
def test_starts_in_one_instant_each_take_a_name_of_their_own(kind, stem, workdir):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", START, kind]
    children = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) for _ in range(6)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
    found = sorted(child.stdout.readline().strip() for child in children)
    for child in children:
        child.communicate("\n", timeout=60)
    assert len(set(found)) == 6 and f"runs/{stem}" in found, found


def test_a_name_that_another_starter_holds_is_passed_over(workdir):
    held = RunFolder.create(Path("runs/x"))
    workspace = Workspace(Path("runs"))
    second = workspace.create("x")
    assert second.path == Path("runs/x-2")
    assert workspace.reserve("x") == Path("runs/x-3")
    held.release()
    second.release()


@pytest.mark.parametrize("error", [MemoryError("9 GB"), RuntimeError("out of memory: 9 GB")])
def test_a_run_that_memory_ends_before_its_first_checkpoint_is_not_kept(
    error, workdir, monkeypatch
):
    """One that has saved something is: it can be resumed where there is more memory."""
    from etude.training import loop

    steps = iter(range(100))

    def step(self, batch, number, whole, noise):
        if next(steps) in (0, 3):
            raise error

    monkeypatch.setattr(loop.Step, "__call__", step)
    small = {"epochs": 1, "quiet": True, "model.hidden": [4]}
    with pytest.raises(type(error), match="9 GB"):
        etude.train("mlp", "digits", name="first", save_seconds=60, **small)
    assert not Path("runs/first").exists()
    with pytest.raises(type(error), match="9 GB"):
        etude.train("mlp", "digits", name="later", save_seconds=0, **small)
    assert list(Path("runs/later/checkpoints").iterdir())
