"""A user's file imported statement by statement, so that one that fails takes nothing else with it.

A package that is not installed, or broken, is stood in for: what needs it is lost when it is used,
and the rest of the file can be judged.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

from etude.checking.source import CannotJudge, crashed, theirs

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FATAL = (SystemExit, MemoryError, AssertionError, PermissionError, BlockingIOError)
"""What a file raises when it is to end, or was refused something: it is not judged."""
NO_MEMORY = ("can't allocate memory", "out of memory", "File too large")
LAZY_ANNOTATIONS = 0x1000000
"""The compiler's flag of `from __future__ import annotations`."""


class Loaded(ModuleType):
    """An imported file. lost: why a class or function of it could not be defined, by name; skipped:
    why other statements were left out."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lost: dict[str, CannotJudge] = {}
        self.skipped: list[CannotJudge] = []


class Missing:
    """Stands for a part of a package that cannot be imported. As a decorator it does nothing; as a
    base class, and in every computation, it says what is missing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        alone = len(arguments) == 1 and not options and hasattr(arguments[0], "__module__")
        return arguments[0] if alone and callable(arguments[0]) else Missing(f"{self._name}()")

    def __getitem__(self, key: Any) -> "Missing":
        return Missing(f"{self._name}[]")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise self._lost()

    def __torch_function__(self, *arguments: Any, **options: Any) -> NoReturn:
        raise self._lost()

    def _lost(self) -> CannotJudge:
        return CannotJudge("check_package", package=self._name.partition(".")[0], what=self._name)


def _refuse(this: Missing, *others: Any) -> NoReturn:
    raise this._lost()


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "mod",
              "pow", "matmul", "rmatmul", "neg", "int", "float", "index", "lt", "gt"):  # fmt: skip
    setattr(Missing, f"__{_name}__", _refuse)


def load(path: Path) -> Loaded:
    """Import a file. Raises CannotJudge with the line where it cannot be read or parsed."""
    name, file = f"examined_{path.stem}", str(path.resolve())
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CannotJudge("check_no_python", file=path.name)
    with theirs(file, "check_import"):
        parsed = ast.parse(Path(file).read_bytes(), file)
    module = Loaded(name)
    module.__file__, module.__spec__ = file, spec
    sys.modules[name] = module  # dataclasses and pickling look it up
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with mock.patch.object(sys, "argv", [file]):  # a script's parse_args finds its defaults
            execute(module, parsed, file)
    finally:
        sys.path.pop(0)
    return module


def execute(module: Loaded, parsed: ast.Module, file: str) -> None:
    """Run the statements of a file in order."""
    lazy = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in parsed.body)
    flags = LAZY_ANNOTATIONS if lazy else 0
    for node in parsed.body:
        code = compile(
            ast.Module([node], []), file, "exec", flags=flags, dont_inherit=True
        )  # fmt: skip
        try:
            exec(code, vars(module))
        except (Exception, SystemExit) as error:
            told = error if isinstance(error, CannotJudge) else crashed(error, file, "check_import")
            if isinstance(error, FATAL) or any(word in str(error) for word in NO_MEMORY):
                raise told from None
            if isinstance(node, IMPORTS):
                vars(module).update(stand_ins(node))
            if isinstance(node, DEFINITIONS):
                module.lost[node.name] = told
            else:
                module.skipped.append(told)


def stand_ins(node: ast.Import | ast.ImportFrom) -> dict[str, Missing]:
    """What an import that failed should have bound, by name."""
    if isinstance(node, ast.ImportFrom):
        base = node.module or "."
        return {a.asname or a.name: Missing(f"{base}.{a.name}") for a in node.names}
    names = {a.asname or a.name.partition(".")[0]: a for a in node.names}
    return {
        name: Missing(a.name if a.asname else a.name.partition(".")[0]) for name, a in names.items()
    }
