"""A user's file: imported once, and what of it can be examined."""

import ast
import inspect
import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any


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
    return CannotJudge(code, line=line, error=f"{type(error).__name__}: {text}", **more)


def things(module: ModuleType) -> Iterator[Thing]:
    """Classes and functions that a file defines itself, in the order in which they stand there."""
    file = module.__file__ or ""
    for name, it in vars(module).items():
        own = getattr(it, "__module__", "") == module.__name__
        if own and (inspect.isfunction(it) or (inspect.isclass(it) and does(it))):
            yield Thing(name, it, file, line_of(it))


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
