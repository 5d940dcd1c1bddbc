"""Hostile submissions: each is a row, none an end, and nothing outside is changed."""

import os
import subprocess
import sys
import textwrap

import pytest

from etude.checking import grading
from etude.checking.sandbox.limits import Caps, environment
from tests.checking.submissions import ATTENTION, HARMLESS, HEAD, HOSTILE

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """All of them in one folder, a right one at either end."""
    home = tmp_path_factory.mktemp("strangers")
    folder, precious, place = home / "class", home / "precious", home / "new"
    folder.mkdir()
    precious.write_text("precious")
    texts = {name: text for name, (text, _) in HOSTILE.items()} | HARMLESS
    for name, text in {"a_first": "", **texts, "z_last": ""}.items():
        text = text.replace("{place}", str(place)).replace("{precious}", str(precious))
        (folder / f"{name}.py").write_text(f"{HEAD}{text}\n{ATTENTION}")
    before = set(os.listdir(home))
    chosen = list(grading.submissions(folder, role="attention"))
    found = grading.mark("class", chosen, Caps(seconds=2.0))
    assert set(os.listdir(home)) == before, "something was made outside"
    assert precious.read_text() == "precious" and precious.stat().st_mode & 0o400
    return {row.submission.label.removesuffix(".py"): row for row in found.rows}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_is_a_row(marked, name):
    if name.startswith("low_") and sys.platform != "linux":
        pytest.skip("below Python only a kernel forbids")
    verdict = marked[name].verdict
    assert verdict.status == "unknown"
    assert verdict.why[0] == HOSTILE[name][1], verdict.sentence()
    assert verdict.sentence("ko") and verdict.exit_code == 7
    if name.startswith("low_"):
        assert "refused" in verdict.sentence()


@pytest.mark.parametrize("name", [*HARMLESS, "a_first", "z_last"])
def test_the_others_are_judged_all_the_same(marked, name):
    assert marked[name].verdict.status == "right", marked[name].verdict
    assert marked[name].seconds < 2


@LINUX
def test_it_is_said_what_held(marked):
    assert marked["z_last"].holds == ("limits", "files", "network", "fence")


def test_nothing_secret_is_handed_on(monkeypatch, tmp_path):
    monkeypatch.setenv("API_TOKEN", "secret")
    assert "API_TOKEN" not in environment(tmp_path)
    assert environment(tmp_path)["HOME"] == str(tmp_path)


def caged(tmp_path, setup: str, deed: str) -> str:
    """What comes of a deed, in a process of its own, after a part of the cage is set up."""
    (tmp_path / "scratch").mkdir(exist_ok=True)
    code = f"""
        import ctypes, os, socket, subprocess, sys
        from pathlib import Path
        from etude.checking.sandbox import limits, landlock
        from etude.checking.sandbox.audit_hook import Fence
        scratch = Path({str(tmp_path / "scratch")!r})
        {setup}
        try:
            {deed}
        except PermissionError as error:
            print(type(error).__name__)
        else:
            print("done")
        assert "torch" not in sys.modules
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


DEEDS = {
    "open('out', 'w')": False,
    "os.mkdir('out')": False,
    "os.open('out', os.O_CREAT | os.O_WRONLY)": False,
    "os.rename(scratch / 'a', 'out')": False,
    "socket.socket()": False,
    "subprocess.run(['true'])": False,
    "os.fork()": False,
    "os.kill(os.getppid(), 0)": False,
    "open(scratch / 'in', 'w')": True,
    "os.mkdir(scratch / 'in')": True,
    "open('/etc/hostname').close() if os.path.exists('/etc/hostname') else None": True,
    "os.kill(os.getpid(), 0)": True,
}


@LINUX
@pytest.mark.parametrize("deed", DEEDS)
def test_the_kernel_holds_by_itself(tmp_path, deed):
    setup = "assert landlock.write_only_in([scratch]) and landlock.no_network_no_processes()"
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "a").touch()
    assert caged(tmp_path, setup, deed) == ("done" if DEEDS[deed] else "PermissionError")


@pytest.mark.parametrize("deed", [d for d in DEEDS if "getpid" not in d])
def test_the_fence_holds_by_itself(tmp_path, deed):
    setup = "Fence((scratch,), raw_memory=False).set_up()"
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "a").touch()
    assert caged(tmp_path, setup, deed) == ("done" if DEEDS[deed] else "Forbidden")


def test_without_a_kernel_to_rely_on_there_is_no_way_below_python(tmp_path):
    setup = "Fence((scratch,), raw_memory=False).set_up()"
    assert caged(tmp_path, setup, "ctypes.CDLL(None)") == "Forbidden"
    setup = "Fence((scratch,), raw_memory=True).set_up()"
    assert caged(tmp_path, setup, "ctypes.CDLL(None)") == "done"
