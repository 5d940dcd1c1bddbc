"""Bad data, every kind alone; sixty among 1,200; and that these checks can fail."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import bad_arrays, bad_data, bad_pictures
from tests.faults.bad_data import HIDDEN, KINDS, check, check_hidden
from tests.faults.kinds import NotHit, error, taken
from tests.faults.rights import laid_aside


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_alone(kind):
    (row,) = check([kind])
    assert row.ok, row.detail


def test_no_kind_stands_twice():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", HIDDEN)
def test_sixty_among_twelve_hundred(name):
    rows = check_hidden(name)
    assert [row for row in rows if not row.ok] == [] and len(rows) == 3


# That the checks can fail ------------------------------------------------------------------------


def found(kind):
    (row,) = check([kind])
    assert not row.ok
    return row


def make_good(root: Path) -> Path:
    return bad_pictures.good(root)


NAN = bad_arrays.saved(bad_arrays.put("x", 7, float("nan")))
TURNED = bad_pictures.among(bad_pictures.turned(6))

SABOTEURS = {
    "a fixture that is good": (error("x", make_good, "cat"), "taken", "was expected"),
    "another row is named": (error("x", NAN, "row 8", left_out="row 7"), "error", "row 7"),
    "another row is left out": (error("x", NAN, "row 7", left_out="row 8"), "error", "['row 7']"),
    "it should not be left out": (error("x", NAN, "row 7"), "error", "what to do is wrong"),
    "an error, not usable": (taken("x", NAN), "error", "it should be usable"),
    "a note that is not there": (taken("x", make_good, "WARNING"), "taken", "no note says"),
    "turned the wrong way": (
        taken("x", TURNED, holds=bad_pictures.upright(8)), "taken", "not as it should be",
    ),
    "two bad, where one is expected": (
        error("x", lambda root: bad_arrays.ts("bad", "bad")(root), "line 44"), "error", "line 45",
    ),
    "nothing is there": (error("x", lambda root: root / "none.npz", "x"), "escaped", "UsageError"),
}  # fmt: skip


@pytest.mark.parametrize("name", SABOTEURS)
def test_a_wrong_expectation_is_found(name):
    kind, outcome, words = SABOTEURS[name]
    row = found(kind)
    assert row.outcome == outcome and words in row.detail


def test_whatever_else_escapes_is_found(monkeypatch):
    def assembled(path, skip=False):
        raise ZeroDivisionError("by what")

    monkeypatch.setattr(bad_data, "assembled", assembled)
    assert found(error("x", make_good)).outcome == "escaped"


def test_waiting_is_found(monkeypatch):
    """As for a pipe that is opened like a file."""
    monkeypatch.setattr(bad_data, "SECONDS", 0.2)
    monkeypatch.setattr(bad_data, "assembled", lambda path, skip=False: path.open("rb"))

    def pipe(root):
        os.mkfifo(root / "pipe")
        return root / "pipe"

    assert found(error("x", pipe)).outcome == "hung"


def test_a_fault_that_is_not_there_counts_as_failed(tmp_path):
    kind = replace(KINDS[0], around=lambda root: laid_aside(root / "cat" / "0000.png"))
    row = found(kind)
    assert row.outcome == "not hit" and "can be read whatever its mode" in row.detail
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0)
    with laid_aside(tmp_path / "closed"), pytest.raises(PermissionError):
        (tmp_path / "closed").read_text()
    with pytest.raises(NotHit), laid_aside(tmp_path / "closed"):
        raise NotHit
    if os.geteuid() == 0:
        assert (tmp_path / "closed").read_text() == "x"  # the right is taken up again


def test_sixty_that_are_not_all_named_are_found(monkeypatch):
    """One bad row too few in the expectation, one too many in the data."""
    make = HIDDEN["60 of 1,200 rows of an .npz"]

    def fewer(root):
        hidden = make(root)
        return hidden._replace(names=hidden.names - {min(hidden.names)})

    monkeypatch.setitem(HIDDEN, "fewer", fewer)
    monkeypatch.setitem(HIDDEN, "none", lambda root: make(root)._replace(path=good_rows(root)))
    assert [row.ok for row in check_hidden("fewer", command=False)] == [False, False]
    assert [row.ok for row in check_hidden("none", command=False)] == [False, False]


def good_rows(root: Path) -> Path:
    (root / "good").mkdir()
    return bad_arrays.saved(lambda arrays: None)(root / "good")
