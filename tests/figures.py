"""The figures of docs/house.md, from the source as it is: `python3 play.py house`.

Printed as a Markdown table: modules and lines, lines with `Any`, imports inside functions, circles
of imports, comments for each 100 lines, the longest module and function, and the files that run
between the command `etude train` and its first checkpoint. Columns: the whole source, and the
source without `checking`.
"""

import ast
import io
import os
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

import etude

HOME = Path(etude.__file__).parent
ASIDE = "checking"
TRACED = """
import importlib, pkgutil, sys, etude
from etude.runs import folder
for module in pkgutil.walk_packages(etude.__path__, "etude."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)  # what runs at import is not counted
seen = set()
def note(frame, event, argument):
    name = frame.f_code.co_filename
    if "/etude/" in name and "__pycache__" not in name:
        seen.add(name)
def ended(*arguments, **others):
    sys.setprofile(None)
    print(len(seen))
    raise SystemExit
folder.RunFolder.commit = ended
sys.setprofile(note)
etude.train("mlp", "digits", epochs=1, quiet=True, save_seconds=0)
"""


def comments(path: Path) -> int:
    """Lines of a file with a comment, but for those that address a tool."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    tools = ("# type:", "# noqa", "# fmt:")
    return sum(t.type == tokenize.COMMENT and not t.string.startswith(tools) for t in tokens)


def with_any(path: Path) -> int:
    """Lines of a file that use the name Any, imports aside."""
    lines = path.read_text(encoding="utf-8").splitlines()
    nodes = ast.walk(ast.parse("\n".join(lines)))
    return len({n.lineno for n in nodes if isinstance(n, ast.Name) and n.id == "Any"})


def inner_imports(path: Path) -> int:
    """Imports of étude's own modules or of libraries inside functions."""
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    inside = {
        (child.lineno, child.col_offset)
        for function in functions
        for child in ast.walk(function)
        if isinstance(child, ast.Import | ast.ImportFrom)
    }
    return len(inside)


def longest_function(path: Path) -> int:
    """Lines of the longest function of a file."""
    spans = [
        (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    return max(spans, default=0)


def imports_by_module() -> dict[str, set[str]]:
    """What each module of étude imports of étude when it runs, also inside functions."""
    # An import for types alone is none when the program runs.
    graph = grimp.build_graph("etude", cache_dir=None, exclude_type_checking_imports=True)
    names = graph.modules - {"etude", "etude.models"}  # faces load a room when they are asked
    return {n: graph.find_modules_directly_imported_by(n) & names for n in names}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports; none where there is no circle."""
    try:
        list(TopologicalSorter(imports).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def executed() -> int:
    """Files of étude in which a function runs from `etude.train` to the first checkpoint."""
    source = f"{HOME.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [sys.executable, "-c", TRACED], cwd=folder, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": source},
        )  # fmt: skip
    return int(ended.stdout.split()[-1])


def row(paths: Sequence[Path]) -> dict[str, str]:
    """The figures of some files."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    total = sum(lines.values())
    return {
        "modules": str(len(paths)),
        "lines": f"{total:,}",
        "lines with Any": str(sum(map(with_any, paths))),
        "imports inside functions": str(sum(map(inner_imports, paths))),
        "comments for each 100 lines": f"{100 * sum(map(comments, paths)) / total:.1f}",
        "longest module": str(max(lines.values())),
        "longest function": str(max(map(longest_function, paths))),
    }


def main() -> None:
    every = sorted(HOME.rglob("*.py"))
    rest = [path for path in every if path.relative_to(HOME).parts[0] != ASIDE]
    whole, without = row(every), row(rest)
    print(f"| figure | whole | without {ASIDE} |\n|---|---|---|")
    for name in whole:
        print(f"| {name} | {whole[name]} | {without[name]} |")
    print(f"| circle of imports | {' '.join(circle(imports_by_module())) or 'none'} | |")
    print(f"| files executed from `etude train` to the first checkpoint | {executed()} | |")
    rooms: dict[str, int] = {}
    for path in every:
        room = path.relative_to(HOME).parts[0].removesuffix(".py")
        rooms[room] = rooms.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    print("\n| room | lines |\n|---|---|")
    for room, count in sorted(rooms.items(), key=lambda each: -each[1]):
        print(f"| {room} | {count:,} |")


if __name__ == "__main__":
    main()
