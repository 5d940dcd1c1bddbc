"""Things from strangers: refused in words or answered sanely, and never more than that."""

import shutil
import sys
import time

import pytest

from tests.faults import fence, hostile
from tests.faults.fuzz import PARSERS, Parser, drawn, fuzz, in_child
from tests.faults.hostile import GROUPS, Outcome
from tests.faults.makers import Thing

QUICK = ("recipes",)
ALL = [
    pytest.param(group, thing.name, marks=() if group in QUICK else pytest.mark.slow)
    for group, things in GROUPS.items()
    for thing in things
]


@pytest.fixture(scope="module")
def found():
    """The outcomes of a group, by thing; each group runs once, in its own child."""
    kept: dict[str, dict[str, Outcome]] = {}

    def of(group: str) -> dict[str, Outcome]:
        if group not in kept:
            kept[group] = {each.thing: each for each in hostile.outcomes(group)}
        return kept[group]

    return of


@pytest.mark.parametrize(("group", "name"), ALL)
def test_a_hostile_thing_is_met_cleanly(found, group, name):
    outcome = found(group)[name]
    assert not outcome.wrong, outcome.said


def test_there_are_many_and_each_has_its_own_name():
    names = [thing.name for things in GROUPS.values() for thing in things]
    assert len(names) == len(set(names)) >= 200


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_mutated_inputs_meet_a_value_or_a_declared_error(name):
    row = in_child(name, 2000, seed=0)
    assert row.inputs == 2000 and not row.bad, row.findings
    assert row.accepted + row.refused == row.inputs


@pytest.mark.slow
def test_nothing_outside_is_opened_run_or_connected():
    assert fence.all_watched() == {name: [] for name in ("a good run", *fence.LINKS)}


# Able to fail -----------------------------------------------------------------------------------


def parse(content: bytes) -> int:
    if b"\xff" in content:
        raise KeyError("the saboteur")
    if content[:1] < b"a":
        raise ValueError("declared")
    return len(content)


def test_a_parser_that_raises_what_it_does_not_declare_is_reported():
    saboteur = Parser("saboteur", [b"abc", b"def"], lambda place: parse, (ValueError,))
    row = fuzz(saboteur, 300, seed=1)
    assert row.bad and "KeyError: 'the saboteur'" in row.findings[0]
    assert row.accepted and row.refused and row.accepted + row.refused + row.bad == 300
    number = int(row.findings[0].split()[1].rstrip(":"))
    with pytest.raises(KeyError):
        parse(drawn(saboteur, 1, number))
    again = fuzz(saboteur, 300, seed=1)
    assert (again.findings, again.bad) == (row.findings, row.bad)
    assert fuzz(saboteur, 300, seed=2).bad != row.bad


def test_a_parser_that_takes_memory_is_reported():
    held = []

    def greed(content: bytes) -> None:
        if content != b"seed":
            held.append(b"x" * (600 << 20))

    greedy = Parser("greedy", [b"seed"], lambda place: greed)
    row = fuzz(greedy, 1, seed=0)
    assert "memory grew" in row.findings[0]


def test_a_read_through_a_link_is_reported(tmp_path):
    """And so is a command that runs another; the same read inside the folder is not."""
    place = tmp_path / "place"
    for name in ("place", "place/outside", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text("x")
    (place / "link").symlink_to(tmp_path / "elsewhere" / "secret")
    (place / "near").symlink_to(place / "outside" / "secret")
    python = [sys.executable, "-I", "-S", "-c"]
    seen = {
        name: fence.strangers(fence.traced([*python, code], place)[1], place)
        for name, code in {
            "inside": "open('secret')",
            "link": "open('link')",
            "near": "open('near')",
            "run": "import os; os.spawnv(os.P_WAIT, '/bin/true', ['true'])",
            "connect": "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        }.items()
    }
    assert seen["inside"] == []
    assert seen["link"] == [f"opened {tmp_path}/elsewhere/secret"]
    assert seen["near"] == [f"opened {place}/outside/secret"]
    assert "execve" in seen["run"][0]
    assert "connect" in seen["connect"][0]


def test_without_strace_the_fence_fails_and_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="apt-get install strace"):
        fence.traced(["true"], tmp_path)


def test_a_thing_that_is_answered_or_changes_what_is_outside_is_a_finding(workdir, monkeypatch):
    """Saboteurs in the place of the command line."""
    place = workdir / "place"
    (place / "good-mlp").mkdir(parents=True)
    (place / "good-mlp" / "recipe.json").write_text("{}")
    monkeypatch.chdir(place)

    def outside(place):
        (place / "outside").mkdir()
        (place / "outside" / "x").write_text("as it was")

    def says(answer):
        monkeypatch.setattr(hostile, "call", lambda words: answer())
        return hostile.tried(place, "runs", Thing("x", outside)).wrong

    assert says(lambda: (2, "refused")) == ""
    assert says(lambda: (0, "an answer")) == "nothing was refused"
    assert "exit 70" in says(lambda: (70, "bug"))
    assert "KeyError" in says(lambda: {}["nothing"])
    assert "secret" in says(lambda: (2, hostile.SECRET))
    assert "executed" in says(lambda: ((place / "MARKER").touch(), (2, "refused"))[1])
    changed = says(lambda: ((place / "outside" / "x").write_text("changed"), (2, "refused"))[1])
    assert "outside the run was changed" in changed

    def busy():
        while True:
            pass

    monkeypatch.setattr(hostile, "SECONDS", 0.2)
    assert "0.2 s of processor time" in says(busy)
    monkeypatch.setattr(hostile, "WAITING", 1)
    assert "TooLong: took more than 1 s" in says(lambda: time.sleep(60))
