"""The rules of the house: rooms, arrows, sizes, the face. See docs/house.md."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import etude

HOME = Path(etude.__file__).parent

# Each room and what of ours it may import. A room not named here must not exist.
ARROWS = {
    "errors": set(),
    "shapes": set(),
    "system": {"errors"},
    "config": {"errors"},
    "recipe": {"config", "errors", "system"},
    "layers": {"shapes"},
    "tasks": {"layers", "shapes", "stats"},
    "models": {"config", "layers", "shapes", "tasks"},
    "data": {"config", "errors", "shapes", "system"},
    "runs": {"config", "errors", "recipe", "system"},
    "registry": {"config", "data", "errors", "models", "recipe", "shapes", "system", "tasks"},
    "training": {"errors", "layers", "recipe", "runs", "shapes", "system", "tasks"},
    "render": {"errors"},
    "inspection": {
        "config",
        "data",
        "errors",
        "layers",
        "locale",
        "models",
        "recipe",
        "registry",
        "render",
        "runs",
        "shapes",
        "stats",
        "tasks",
    },
    "inference": {
        "data",
        "errors",
        "inspection",
        "locale",
        "recipe",
        "registry",
        "render",
        "runs",
        "system",
        "tasks",
    },
    "examiner": {"errors", "layers", "locale", "models", "render", "shapes", "system"},
    "pipeline": {
        "data",
        "errors",
        "inference",
        "inspection",
        "locale",
        "recipe",
        "registry",
        "render",
        "runs",
        "training",
    },
    "comparison": {
        "config",
        "data",
        "errors",
        "inference",
        "inspection",
        "locale",
        "pipeline",
        "recipe",
        "registry",
        "render",
        "runs",
        "shapes",
        "stats",
        "system",
        "training",
    },
    "verbs": {
        "comparison",
        "config",
        "data",
        "errors",
        "examiner",
        "inference",
        "inspection",
        "locale",
        "pipeline",
        "recipe",
        "registry",
        "render",
        "runs",
        "system",
        "training",
    },
    "flags": {"recipe"},
    "exits": {"errors", "system"},
    "cli": {"errors", "exits", "flags", "locale", "render", "system", "verbs"},
    "__main__": {"cli"},
    "stats": set(),
    "locale": {"errors"},
}

# Faces load a later room when they are asked for it; they define nothing.
FACES = {"__init__.py", "models/__init__.py"}

MODULES = sorted(HOME.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(HOME).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms that a file imports, at its head or anywhere inside."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = (
                [f"etude.{alias.name}" for alias in node.names]
                if node.module == "etude"
                else [node.module or ""]
            )
        rooms |= {name.split(".")[1] for name in names if name.startswith("etude.")}
    return rooms


def wrong_arrows(path: Path, rooms: set[str]) -> set[str]:
    own = room(path)
    return rooms - ARROWS.get(own, set()) - {own}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOME)))
def test_arrows_point_forward_only(path):
    if str(path.relative_to(HOME)) in FACES:
        return
    assert room(path) in ARROWS, f"{path}: a room that docs/house.md does not know"
    assert not wrong_arrows(path, imported(path))


def test_the_arrow_check_can_fail(tmp_path):
    saboteur = tmp_path / "bad.py"
    saboteur.write_text("def f():\n    from etude.training import loop\n    import etude.verbs\n")
    assert imported(saboteur) == {"training", "verbs"}
    assert wrong_arrows(HOME / "models" / "mlp.py", {"training"}) == {"training"}


def test_rooms_have_no_circle():
    done: set[str] = set()
    while len(done) < len(ARROWS):
        free = {name for name, needs in ARROWS.items() if name not in done and needs <= done}
        assert free, f"a circle among {set(ARROWS) - done}"
        done |= free


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
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_module_imports():
    for info in pkgutil.walk_packages([str(HOME)], "etude."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)
