"""The rules of the house: rooms, arrows, sizes, the face. See docs/house.md."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import etude
from tests.figures import circle, imports_by_module

HOME = Path(etude.__file__).parent
ROOT = HOME.parents[1]

MODULES = sorted(HOME.rglob("*.py"))


def contracts_hold(settings: Path = ROOT / "pyproject.toml") -> bool:
    """Whether the imports of étude, also those inside functions, keep what `settings` declare."""
    return lint_imports(str(settings), cache_dir=None, no_cache=True, verbose=False) == 0


def test_every_import_is_one_that_is_declared():
    assert contracts_hold(), "see [tool.importlinter] in pyproject.toml; run lint-imports"


def test_an_import_against_the_declaration_is_found(tmp_path, capsys):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = settings["contracts"][0]["layers"]
    turned = tmp_path / ".importlinter"
    lines = ["[importlinter]", "root_package = etude", "[importlinter:contract:1]", "name = turned"]
    lines += ["type = layers", "containers = etude", "ignore_imports = etude -> etude.**"]
    turned.write_text("\n".join([*lines, "layers ="] + [f"    {x}" for x in reversed(floors)]))
    assert not contracts_hold(turned)


def test_no_two_modules_import_each_other():
    assert not circle(imports_by_module())
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_the_page_of_the_house_shows_the_declared_floors():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    shown = (ROOT / "docs" / "house.md").read_text().split("```")[1].strip("\n").splitlines()
    assert [line.strip() for line in shown] == settings["contracts"][0]["layers"]
    rooms = {name for floor in settings["contracts"][0]["layers"] for name in floor.split(" | ")}
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "house.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(rooms)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOME)))
def test_every_file_is_short_and_says_what_it_is(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no docstring at the head"
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{node.name} does not fit one screen"
        if isinstance(node, ast.ExceptHandler):
            broad = getattr(node.type, "id", None) in (None, "Exception") and not isinstance(
                node.type, ast.Tuple | ast.Attribute
            )
            assert not broad, f"line {node.lineno}: catches everything"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOME)))
def test_public_things_have_docstrings(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_no_pickle_is_read_or_written():
    for path in MODULES:
        text = path.read_text()
        if path == HOME / "models" / "weights" / "files.py":
            # Weights of others come in such files; this unpickler knows only tensors and lists.
            safe = r"torch\.load\([^()]*(\([^()]*\)[^()]*)*, weights_only=True\)"
            text, count = re.subn(safe, "", text)
            assert count == 1
        for word in ("import pickle", "torch.load(", "torch.save(", "allow_pickle=True"):
            assert word not in text, f"{path}: {word}"


def test_the_face_is_what_it_says():
    assert set(dir(etude)) == {*etude.__all__, "__version__"}
    for name in etude.__all__:
        assert getattr(etude, name) is not None
    with pytest.raises(AttributeError):
        etude.nothing  # noqa: B018


@pytest.mark.parametrize(
    "module",
    [
        "etude",
        "etude.cli",
        "etude.runs.folder",
        "etude.runs.checkpoint",
        "etude.recipe",
        "etude.verbs",
    ],
)
def test_no_torch_where_it_is_not_needed(module):
    slow = {"torch", "matplotlib", "jinja2"}
    code = f"import sys, {module}; sys.exit(not {slow}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_module_imports():
    for info in pkgutil.walk_packages([str(HOME)], "etude."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)
