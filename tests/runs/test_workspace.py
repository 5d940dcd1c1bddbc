"""A workspace finds what a user names, and only the verbs say which folder it is."""

import ast
from pathlib import Path

import pytest

import etude
from etude.errors import RunError
from etude.runs.comparison import ComparisonFolder
from etude.runs.folder import RunFolder
from etude.runs.workspace import Workspace

HOME = Path(etude.__file__).parent


@pytest.fixture
def workspace(workdir):
    return Workspace(Path("elsewhere"))


def begun(workspace: Workspace, name: str) -> RunFolder:
    run = workspace.create(name)
    run.begin({}, {})
    run.release()
    return run


def test_a_run_is_opened_by_path_or_by_name(workspace):
    run = begun(workspace, "a")
    for word in ("a", "elsewhere/a", run.path, run.path.absolute()):
        assert workspace.open(word).path.samefile(run.path)


def test_a_path_comes_before_a_name(workspace):
    begun(workspace, "a")
    begun(Workspace(Path()), "a")
    assert workspace.open("a").path == Path("a")


def test_a_run_of_another_workspace_is_not_found(workspace):
    begun(Workspace(Path("runs")), "a")
    with pytest.raises(RunError, match="no runs here"):
        workspace.open("a")


def test_a_run_is_opened_by_its_exact_path_without_a_workspace(workspace):
    begun(workspace, "a")
    with pytest.raises(RunError, match="no run in this folder"):
        RunFolder.open(Path("a"))


def test_a_comparison_is_found_by_path_or_by_name(workspace):
    ComparisonFolder.create(Path("elsewhere/c"), {}).release()
    assert workspace.comparison("c") == workspace.comparison("elsewhere/c") == Path("elsewhere/c")
    assert workspace.comparison("d") is None
    begun(workspace, "r")
    assert workspace.comparison("r") is None


def ambient(source: str) -> list[int]:
    """The lines of a source that say which folder the runs are in."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Path"
        and [getattr(argument, "value", "") for argument in node.args] == ["runs"]
    ]


def test_only_the_verbs_say_which_folder_it_is():
    places = {
        path.relative_to(HOME).as_posix()
        for path in HOME.rglob("*.py")
        if ambient(path.read_text(encoding="utf-8"))
    }
    assert places == {"verbs/arguments.py"}


def test_a_source_that_says_the_folder_is_found():
    assert ambient('def f(root=Path("runs")):\n    pass') == [1]
    assert ambient('x = Path(name); y = Path("runs", name)') == []
