"""Checkpoints that are whole or absent, one writer a run, and names that are safe."""

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from etude.errors import LockedError, RunError, StorageError, UsageError
from etude.locale.texts import render, texts
from etude.runs import checkpoint, files
from etude.runs.checkpoint import Checkpoint, commit, load, newest, prune, steps, sweep
from etude.runs.folder import RunFolder, unused_path
from etude.runs.jsonl import append, cut, lines
from etude.runs.lock import Lock
from etude.runs.provenance import differences
from etude.runs.workspace import Workspace

RUNS = Workspace(Path("runs"))


def point(step: int, value: float = 1.0) -> Checkpoint:
    model = {"b": np.full((2, 3), value, np.float32), "a": np.arange(4)}
    return Checkpoint(step, model, {"p/0/b/step": np.array(step, np.float32)}, {"n": step})


def test_what_is_committed_comes_back(tmp_path):
    commit(tmp_path, point(7))
    back = load(tmp_path, 7)
    assert back.state == {"n": 7}
    assert (back.model["b"] == point(7).model["b"]).all()
    assert back.optimizer["p/0/b/step"].shape == ()
    assert sorted(p.name for p in (tmp_path / "00000007").iterdir()) == [
        "MANIFEST.json", "model.safetensors", "optimizer.safetensors", "state.json",
    ]  # fmt: skip


def test_equal_checkpoints_have_equal_bytes(tmp_path):
    one, two = (commit(tmp_path / name, point(7)) for name in ("x", "y"))
    for name in ("MANIFEST.json", *checkpoint.FILES):
        assert (one / name).read_bytes() == (two / name).read_bytes()


@pytest.mark.parametrize("name", ["MANIFEST.json", *checkpoint.FILES])
@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "gone", "link"])
def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path, name, damage):
    commit(tmp_path, point(1))
    commit(tmp_path, point(2, 5.0))
    path = tmp_path / "00000002" / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        content = content[:-1]
    elif damage == "grow":
        content += b"x"
    path.unlink()
    if damage == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    elif damage != "gone":
        path.write_bytes(content)
    found, skipped = newest(tmp_path)
    if name == "MANIFEST.json" and damage in ("flip", "grow", "cut"):
        # JSON may survive a flipped space or another tail; then the content is right anyway.
        assert found.step in (1, 2)
    else:
        assert found.step == 1
        assert "00000002" in render("en", skipped[0])


def test_reaching_a_damaged_step_again_writes_it_anew(tmp_path):
    place = commit(tmp_path, point(3))
    (place / "state.json").write_text("{}")
    commit(tmp_path, point(3))
    assert load(tmp_path, 3).state == {"n": 3}


def test_prune_keeps_the_best_and_the_last_two(tmp_path):
    for step in range(1, 8):
        commit(tmp_path, point(step))
    prune(tmp_path, {2})
    assert steps(tmp_path) == [2, 6, 7]
    prune(tmp_path, {2}, last=1)
    assert steps(tmp_path) == [2, 7]


def test_sweep_removes_what_a_dead_writer_left(tmp_path):
    commit(tmp_path, point(1))
    (tmp_path / ".tmp-00000002-99").mkdir()
    (tmp_path / ".tmp-00000002-99" / "model.safetensors").write_bytes(b"half")
    assert newest(tmp_path)[0].step == 1
    sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["00000001"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "mkdir"])
@pytest.mark.parametrize("reason", ["ENOSPC", "EIO", "EROFS"])
def test_an_error_of_the_disk_keeps_the_old_checkpoint(tmp_path, monkeypatch, call, reason):
    """At every call of a save: the message names path and reason; nothing half-made stays."""
    commit(tmp_path, point(1))
    said = []
    for nth in range(1, 30):
        real, count = getattr(os, call), 0

        def fail(*arguments, real=real, nth=nth, **named):
            nonlocal count
            count += 1
            if count == nth:
                code = getattr(errno, reason)
                raise OSError(code, os.strerror(code))
            return real(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            try:
                commit(tmp_path, point(2))
            except StorageError as error:
                said.append(error)
        if count < nth:
            break
        if call != "rename" and 2 in steps(tmp_path):  # the last fsync comes after the rename
            assert load(tmp_path, 2).state == {"n": 2}
            prune(tmp_path, {1}, last=1)
            shutil.rmtree(tmp_path / "00000002")
        assert steps(tmp_path) == [1]
        assert load(tmp_path, 1).state == {"n": 1}
        assert not list(tmp_path.glob(".tmp-*"))
    assert len(said) >= (1 if call in ("rename", "mkdir") else 4)
    for error in said:
        assert error.exit_code == 4
        assert str(tmp_path) in str(error)
        assert texts("en")[f"os.{reason}"] in str(error)


def test_the_order_of_a_commit(tmp_path, monkeypatch):
    """Files synced, manifest last, folder synced, renamed, parent synced: read off the calls."""
    said = []
    names = {}

    def watch(call):
        real = getattr(os, call)

        def watched(*arguments, **named):
            out = real(*arguments, **named)
            if call == "open":
                names[out] = os.path.basename(str(arguments[0]))
            elif call == "fsync":
                said.append(f"fsync {names[arguments[0]]}")
            elif call == "rename":
                said.append("rename")
            return out

        monkeypatch.setattr(os, call, watched)

    for call in ("open", "fsync", "rename"):
        watch(call)
    commit(tmp_path, point(1))
    hidden = f".tmp-00000001-{os.getpid()}"
    assert said == [
        *(f"fsync {name}" for name in checkpoint.FILES),
        "fsync MANIFEST.json",
        f"fsync {hidden}",
        "rename",
        f"fsync {tmp_path.name}",
    ]


def test_replace_shows_the_old_or_the_new(tmp_path, monkeypatch):
    path = tmp_path / "best.json"
    files.replace(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(StorageError, match="the disk is full"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# The lock and the folder ------------------------------------------------------------------------

HOLD = "import sys, time; from etude.runs.lock import Lock; from pathlib import Path\n"


def test_a_second_writer_is_told_who_has_it(tmp_path):
    lock = Lock(tmp_path / "LOCK")
    with pytest.raises(LockedError, match=str(os.getpid())) as error:
        Lock(tmp_path / "LOCK")
    assert error.value.exit_code == 6
    lock.release()
    Lock(tmp_path / "LOCK").release()


def test_a_killed_owner_frees_it_and_its_orphan_does_not_keep_it(tmp_path):
    code = HOLD + (
        "import os\nlock = Lock(Path(sys.argv[1]))\n"
        "os.write(1, f'here {os.fork() == 0}\\n'.encode())\ntime.sleep(60)\n"
    )  # os.write: a line is one call, so that two writers' lines stay whole
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "LOCK")],
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        said = {owner.stdout.readline() for _ in range(2)}
        assert said == {b"here True\n", b"here False\n"}, "owner and orphan have both begun"
        with pytest.raises(LockedError):
            Lock(tmp_path / "LOCK")
        os.kill(owner.pid, 9)
        owner.wait()
        Lock(tmp_path / "LOCK").release()
    finally:
        os.killpg(owner.pid, 9)
        owner.stdout.close()


def test_of_many_starters_one_wins(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from etude.errors import EtudeError\n"
        "from etude.runs.folder import RunFolder\n"
        "while not Path(sys.argv[1] + '.go').exists(): pass\n"
        "try:\n    RunFolder.create(Path(sys.argv[1])); print('won', flush=True)\n"
        "    sys.stdin.read()\n"
        "except EtudeError as error:\n    sys.exit(error.exit_code)\n"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "run")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    time.sleep(1)
    (tmp_path / "run.go").touch()
    # The winner holds the run until its input ends: when the others have been refused.
    while sum(starter.poll() is None for starter in starters) > 1:
        time.sleep(0.05)
    said = [starter.communicate()[0] for starter in starters]
    assert said.count(b"won\n") == 1
    assert sorted(starter.returncode for starter in starters) == [0, 6, 6, 6]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "x" * 101, "a\n"])
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a run"):
        RUNS.path(name)


def test_free_counts_up_and_an_abandoned_start_is_not_taken(workdir):
    assert str(unused_path(RUNS.root / "tour")) == "runs/tour"
    first = RunFolder.create(unused_path(RUNS.root / "tour"))
    first.begin({"model": 1}, {"environment": {}})
    assert str(unused_path(RUNS.root / "tour")) == "runs/tour-2"
    second = RunFolder.create(unused_path(RUNS.root / "tour"))
    second.abandon()
    assert str(unused_path(RUNS.root / "tour")) == "runs/tour-2"
    assert not (workdir / "runs" / "tour-2").exists()


def test_open_names_what_is_near(workdir):
    run = RunFolder.create(unused_path(RUNS.root / "cnn-digits"))
    run.begin({}, {})
    run.release()
    with pytest.raises(RunError, match="runs/cnn-digits"):
        RUNS.open("runs/cnn-digit")
    assert RUNS.open("cnn-digits").path == RUNS.open("runs/cnn-digits").path


def test_a_damaged_run_is_named_in_korean_too(tmp_path):
    append(tmp_path / "metrics.jsonl", {"event": "end", "model": "mlp"})
    with pytest.raises(RunError, match=r"line 1: .*seconds|line 1: .* is missing\.; ") as error:
        lines(tmp_path / "metrics.jsonl")
    words = error.value.message("ko")
    assert "metrics.jsonl, 1번째 줄: end.data: 값이 없습니다.; " in words
    assert words.endswith("실행이 손상되었습니다.") and "missing" not in words


def test_a_lock_is_named_in_korean_too(tmp_path):
    held = Lock(tmp_path / "LOCK")
    with pytest.raises(LockedError, match=f"process {os.getpid()} on ") as error:
        Lock(tmp_path / "LOCK")
    held.release()
    words = error.value.message("ko")
    assert f"다른 프로세스가 이 실행을 사용하고 있습니다({socket.gethostname()}, 프로세스" in words


def test_differences_between_machines_are_said_in_words():
    then = {"python": "3.11", "packages": {"pillow": "not installed"}, "cores": 2}
    now = {"python": "3.11", "packages": {"pillow": "12.0"}, "cpu": "none of ours"}
    assert [render("en", each) for each in differences(then, now)] == [
        "cores: 2 then, none now",
        "cpu: none then, none of ours now",
        "packages.pillow: not installed then, 12.0 now",
    ]
    assert render("ko", differences(then, now)[2]) == (
        "packages.pillow: 당시 설치되지 않음, 지금 12.0"
    )


def test_metrics_are_cut_to_what_a_checkpoint_vouches_for(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append(path, {"epoch": 1})
    length = path.stat().st_size
    append(path, {"epoch": 2})
    with path.open("ab") as file:
        file.write(b'{"epoch": 3')
    assert [row.plain() for row in lines(path)] == [{"epoch": 1}, {"epoch": 2}]
    cut(path, length)
    assert [row.plain() for row in lines(path)] == [{"epoch": 1}]


@pytest.mark.parametrize("content", ["", "[]", "{", "nul", "[" * 100_000])
def test_a_damaged_recipe_is_named(workdir, content):
    run = RunFolder.create(unused_path(RUNS.root / "x"))
    run.begin({"model": 1}, {})
    (run.path / "recipe.json").write_text(content)
    with pytest.raises(RunError, match=r"recipe\.json"):
        run.read("recipe.json")


def test_numbers_that_are_not_finite_are_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        append(tmp_path / "metrics.jsonl", {"loss": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.canonical({"loss": float("inf")})
    assert json.loads(checkpoint.canonical({"b": 1, "a": 2})) == {"a": 2, "b": 1}


def test_what_a_killed_start_left_is_free_but_a_users_own_files_are_not(workdir):
    place = unused_path(RUNS.root / "x")
    (place / "pictures").mkdir(parents=True)
    (place / ".tmp-recipe.json").write_text("{")
    assert unused_path(RUNS.root / "x") == place
    (place / "pictures" / "mine.png").write_text("mine")
    with pytest.raises(RunError, match="already exists"):
        RunFolder.create(place)
    assert (place / "pictures" / "mine.png").exists()


def test_odd_manifests_are_passed_over(tmp_path):
    commit(tmp_path, point(1))
    for step, content in enumerate(["[" * 99_999, "{}", '{"files": {}}', "[]"], 2):
        place = tmp_path / f"{step:08d}"
        place.mkdir()
        (place / "MANIFEST.json").write_text(content)
    fifo = tmp_path / "00000009"
    fifo.mkdir()
    os.mkfifo(fifo / "MANIFEST.json")
    found, skipped = newest(tmp_path)
    assert (found.step, len(skipped)) == (1, 5)


def test_a_reader_looks_again_where_a_writer_has_pruned(tmp_path, monkeypatch):
    commit(tmp_path, point(3))
    seen = iter([[1, 2], [3]])
    monkeypatch.setattr(checkpoint, "steps", lambda folder: next(seen, [3]))
    assert newest(tmp_path)[0].step == 3


def test_a_folder_that_is_no_checkpoint_is_left_alone(tmp_path):
    (tmp_path / "00000001").write_text("mine")
    for step in (2, 3, 4):
        commit(tmp_path, point(step))
    checkpoint.prune(tmp_path, {4})
    assert checkpoint.steps(tmp_path) == [1, 3, 4]
    assert newest(tmp_path)[0].step == 4
