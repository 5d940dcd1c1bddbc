"""A user's file: imported once, and what of it can be examined."""

import ast
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import nn


class CannotJudge(Exception):
    """Why something could not be examined: a code of the texts, and its values."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True)
class Thing:
    """A class, function, module file or made object of the user's."""

    name: str
    it: Any
    file: str
    line: int = 0

    @property
    def is_class(self) -> bool:
        """Whether it is to be constructed first."""
        return inspect.isclass(self.it)


@contextmanager
def theirs(file: str, code: str, **values: Any) -> Iterator[None]:
    """Around code of the user's: whatever it raises becomes CannotJudge, in their file's lines."""
    try:
        yield
    except CannotJudge:
        raise
    except SyntaxError as error:
        raise CannotJudge("check_syntax", line=error.lineno or 0, error=error.msg) from None
    except (Exception, SystemExit) as error:
        raise crashed(error, file, code, **values) from None


def crashed(
    error: BaseException, file: str, code: str = "check_crashed", **more: Any
) -> CannotJudge:
    """A user's error in words: its type, its text, and the innermost line of their file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    line = frames[-1].lineno or 0 if frames else 0
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
    if code == "check_crashed" and re.search(r"\w\.T\b", linecache.getline(file, line)):
        code = "check_transposed"  # of a tensor of three axes and more it turns them all around
    sizes = re.search(r"shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", text)
    if code == "check_crashed" and sizes:
        rows, inner, other, columns = sizes.groups()
        more |= {"left": f"[{rows} {inner}]", "right": f"[{other} {columns}]"}
        return CannotJudge("check_product", line=line, inner=inner, other=other, **more)
    return CannotJudge(code, line=line, error=f"{type(error).__name__}: {text}", **more)


def things(module: ModuleType) -> Iterator[Thing]:
    """Classes and functions that a file defines itself, in the order in which they stand there."""
    file = module.__file__ or ""
    for name, it in vars(module).items():
        own = getattr(it, "__module__", "") == module.__name__
        if own and (inspect.isfunction(it) or (inspect.isclass(it) and does(it))):
            yield Thing(name, it, file, line_of(it))


CALLED = ("forward", "__call__", "step", "fit", "train", "run")
"""Methods that do what a class is for."""


def hole(it: Any) -> int:
    """The line at which a function, or the method that a class is for, is still to be written; 0 if
    it is written."""
    name = next((name for name in CALLED if name in vars(it)), "") if inspect.isclass(it) else ""
    parsed = tree(vars(it)[name] if name else it)
    body = getattr(next(iter(getattr(parsed, "body", [])), None), "body", None)
    if not isinstance(body, list) or (inspect.isclass(it) and not name):
        return 0
    return 0 if any(map(_does, body)) else int(body[0].lineno)


def _does(node: ast.stmt) -> bool:
    """Whether a statement does something: it is no docstring, `...`, pass, return of nothing, or
    raise of NotImplementedError."""
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
            return False
        case ast.Return(value=ast.Constant(value=None)):
            return False
        case ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name))):
            return name != "NotImplementedError"
    return True


def names_beside(it: Any) -> Mapping[str, Any]:
    """What the module of a class or function defines, by name; nothing if it is none that was
    imported."""
    module = sys.modules.get(getattr(it, "__module__", ""))
    return vars(module) if module else {}


def is_module(it: Any) -> bool:
    """Whether it is a class of modules, or a module."""
    return issubclass(it, nn.Module) if inspect.isclass(it) else isinstance(it, nn.Module)


def does(it: type) -> bool:
    """Whether a class has a method that can be called; what holds settings alone has none."""
    own = [vars(each) for each in it.__mro__ if each is not object]
    return any(
        callable(value) and (name == "__call__" or not name.startswith("_"))
        for each in own
        for name, value in each.items()
    )


def thing(it: Any) -> Thing:
    """What a notebook or program hands over: a class, a function, or a made module."""
    named = it if inspect.isclass(it) or inspect.isfunction(it) else type(it)
    code = getattr(getattr(named, "forward", named), "__code__", None)
    try:
        # Of a class in a notebook only its code knows the cell.
        file = code.co_filename if code else inspect.getsourcefile(named) or ""
    except TypeError:
        file = ""
    return Thing(named.__name__, it, file, line_of(named))


def line_of(it: Any) -> int:
    """The line at which a class or function begins; 0 where its source is not to be had."""
    try:
        return inspect.getsourcelines(inspect.unwrap(it))[1]
    except (OSError, TypeError):
        return 0


def excerpt(file: str, line: int, around: int = 2) -> tuple[tuple[int, str], ...]:
    """Lines of a file, or of a notebook's cell, around one of them, numbered."""
    lines = linecache.getlines(file)
    if not 1 <= line <= len(lines):
        return ()
    numbers = range(max(1, line - around), min(len(lines), line + around) + 1)
    return tuple((number, lines[number - 1].rstrip()[:200]) for number in numbers)


def tree(it: Any) -> ast.AST | None:
    """The syntax of a class or function, lines as in its file; None where there is no source."""
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(it))
    except (OSError, TypeError):
        return None
    parsed = ast.parse(
        inspect.cleandoc("\n" + "".join(lines)) if lines[0][:1].isspace() else "".join(lines)
    )
    return ast.increment_lineno(parsed, max(first, 1) - 1)


def lines_where(it: Any, wanted: Callable[[ast.AST], bool]) -> list[int]:
    """Lines of a class or function at which a node is as wanted."""
    parsed = tree(it)
    if parsed is None:
        return []
    return sorted({n.lineno for n in ast.walk(parsed) if hasattr(n, "lineno") and wanted(n)})
