"""The progress of reading: what a terminal shows of it, and what is left of it."""

import io
from types import SimpleNamespace

import pytest

from etude.data import waiting
from etude.data.tabular import reader
from etude.data.tabular.dialect import Reading
from etude.data.waiting import Waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


def screen(written):
    """What a terminal of one line shows after each carriage return."""
    line, lines = "", []
    for part in written.split("\r"):
        line = part + line[len(part) :]
        lines.append(line.rstrip())
    return [line for line in lines if line] + [lines[-1]]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0)
    monkeypatch.setattr(waiting, "EVERY", 0)
    stream = Terminal()
    monkeypatch.setattr(waiting, "sys", SimpleNamespace(stderr=stream))
    return stream


def test_the_line_is_shown_and_removed(terminal):
    with Waiting("a\x1b[2Jb") as show:
        for done in (0, 1, 50, 200):
            show(done, 200)
    shown = ["a\\x1b[2Jb: 0 %", "a\\x1b[2Jb: 25 %", "a\\x1b[2Jb: 100 %"]
    assert screen(terminal.getvalue()) == [*shown, ""]


def test_it_is_removed_after_an_error(terminal):
    def read():
        with Waiting("x") as show:
            show(1, 2)
            raise ValueError("cut off")

    with pytest.raises(ValueError, match="cut off"):
        read()
    assert screen(terminal.getvalue()) == ["x: 50 %", ""]


def test_short_steps_and_files_show_nothing(terminal, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 3600)
    with Waiting("x") as show:
        show(1, 2)
    file = io.StringIO()
    monkeypatch.setattr(waiting, "sys", SimpleNamespace(stderr=file))
    monkeypatch.setattr(waiting, "PATIENCE", 0)
    with Waiting("x") as show:
        show(1, 2)
    assert terminal.getvalue() == file.getvalue() == ""


def test_a_table_shows_how_much_of_its_file_is_read(terminal, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,2\n" * 100_000)
    reader.read(path, Reading(), None)
    lines = screen(terminal.getvalue())
    done = [int(line.removeprefix("x.csv: ").removesuffix(" %")) for line in lines[:-1]]
    assert len(done) > 3 and done == sorted(done) and done[-1] > 90 and lines[-1] == ""
