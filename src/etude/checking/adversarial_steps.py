"""The adversarial steps of a file: functions, methods, loops of a script, with what each is handed.

Names order the tries; what runs with players that learn decides.
"""

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import mock

from torch.utils.data import DataLoader

from etude.checking.build import NAMED_SETTINGS
from etude.checking.networks import (
    CALLED,
    HELD,
    OPTIMIZER,
)  # fmt: skip
from etude.checking.source import Thing, line_of
from etude.checking.uses import (
    Function,
    Functions,
    Use,
    backwards,
    free_names,
    functions_in,
    parameters,
    parsed,
    use_in_class,
    use_of,
)  # fmt: skip

PLAYERS = tuple(HELD)


@dataclass
class Step:
    """A way to play. call: takes values by name; wants: what they are used for; owner: the class
    whose method it is; space: names that the file has made by then."""

    name: str
    node: ast.AST
    call: Callable[..., Any] | None
    wants: dict[str, Use]
    owner: Thing | None = None
    space: Mapping[str, Any] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    """Of a method: the names that the method itself takes."""


def text_of(file: str) -> str:
    """A file's text."""
    return "".join(linecache.getlines(file))


def steps_in(module: ModuleType, only: str = "") -> list[Step]:
    """Those that hold all the backwards of the file, the innermost first; then the loops of a
    script. only: the name of the function or class that is asked for."""
    file = module.__file__ or ""
    root = parsed(text_of(file))
    functions = functions_in(root)
    most = backwards(root, {})
    found: list[tuple[int, int, Step]] = []
    for step in (*_functions(module, root, functions), *_methods(module, root, functions)):
        if only and only not in (step.name, step.owner.name if step.owner else ""):
            continue
        held = backwards(step.node, functions)
        if held and (held >= most or only):
            found.append((-len(held), _length(step.node), step))
    found.sort(key=lambda each: each[:2])
    steps = [step for _, _, step in found]
    if only:
        return steps
    # What takes nothing makes its own data, maybe by a download: its loop first.
    loops = list(_loops(module, root, functions))
    steps = [s for s in steps if s.wants] + loops + [s for s in steps if not s.wants]
    return steps or list(_in_turn(module, root, functions))


def _in_turn(module: ModuleType, root: ast.Module, functions: Functions) -> Iterator[Step]:
    """Functions that each have a phase, one after the other; each has an optimizer of its own."""
    phases = [s for s in _functions(module, root, functions) if backwards(s.node, {})]
    if len(phases) < 2:
        return
    wants: dict[str, Use] = {}
    names: list[dict[str, str]] = []
    for i, phase in enumerate(phases):
        own = {n: f"{n}_{i}" if meaning(n, use) == "opt" else n for n, use in phase.wants.items()}
        names.append(own)
        for name, use in phase.wants.items():
            wants.setdefault(own[name], use)

    def together(**given: Any) -> None:
        for phase, own in zip(phases, names):
            assert phase.call
            needs = inspect.signature(phase.call).parameters
            phase.call(**{n: given[own[n]] for n in needs if own[n] in given})

    parameters = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in wants]
    together.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    yield Step("phases", root, together, wants, space=vars(module))


def _length(node: ast.AST) -> int:
    return int((getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0))


def _functions(module: ModuleType, root: ast.Module, functions: Functions) -> Iterator[Step]:
    for node in root.body:
        it = getattr(module, node.name, None) if isinstance(node, Function) else None
        if isinstance(node, Function) and callable(it):
            wants = {name: use_of(node, name, functions) for name in parameters(node)}
            yield Step(node.name, node, it, wants, space=vars(module))


def _methods(module: ModuleType, root: ast.Module, functions: Functions) -> Iterator[Step]:
    for node in root.body:
        cls = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
        if not isinstance(node, ast.ClassDef) or not inspect.isclass(cls):
            continue
        methods = functions_in(node)
        made = methods.get("__init__")
        names = parameters(made)[1:] if made else []
        first_of = {name: use_in_class(node, name, functions) for name in names}
        for method in methods.values():
            if method.name.startswith("__") and method.name != "__call__":
                continue
            own = {
                name: use_of(method, name, functions)
                for name in parameters(method)
                if name != "self"
            }
            thing = Thing(node.name, cls, module.__file__ or "", line_of(cls))
            yield Step(
                method.name, method, None, {**first_of, **own}, thing, vars(module), frozenset(own)
            )


def _loops(module: ModuleType, root: ast.Module, functions: Functions) -> Iterator[Step]:
    """Loops over batches that stand in no function that could be called, what comes before them run
    statement by statement: what fails (a download, say) is left out."""
    for path in _paths(root.body, []):
        loop = path[-1][1]
        space = {**vars(module), "__name__": "__main__"}
        with mock.patch.object(sys, "argv", [module.__file__ or ""]):
            for block, at in path:
                if block is not root.body:
                    _tolerant(block[: block.index(at)], space, module.__file__ or "")
        named = {name: use_of(loop, name, functions) for name in free_names([loop])}
        named = {n: use for n, use in named.items() if n not in space or _feeds(use, space[n])}
        if isinstance(loop.iter, ast.Call) and getattr(loop.iter.func, "id", "") == "range":
            loop.iter.args = [ast.Constant(1), ast.Constant(2)]
        elif source := next((n for n in _names(loop.iter) if n in named or n in space), ""):
            named[source] = Use(iterated=True)
        yield Step("loop", loop, _compiled(loop, list(named), space, module.__file__ or ""), named,
                   space=space)  # fmt: skip


def _feeds(use: Use, value: Any) -> bool:
    """Whether it gives the batches, so that ours come in its place."""
    feed = isinstance(value, DataLoader | Iterator) or type(value).__name__ == "Missing"
    return use.iterated and feed


class Batches(list[Any]):
    """A loader, and its own endless iterator."""

    def __next__(self) -> Any:
        return self[0]


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in
            ("enumerate", "tqdm", "zip", "iter", "range", "len")]  # fmt: skip


Path = list[tuple[list[ast.stmt], Any]]


def _paths(block: list[ast.stmt], before: Path) -> Iterator[Path]:
    """The statements that lead to each innermost loop that has a backward and is over no range."""
    for node in block:
        here = [*before, (block, node)]
        inner = [each for each in (getattr(node, "body", []), getattr(node, "orelse", [])) if each]
        deeper = [path for each in inner for path in _paths(each, here)]
        if deeper:
            yield from deeper
        elif isinstance(node, ast.For) and backwards(node, {}):
            yield here


def _tolerant(block: Sequence[ast.stmt], space: dict[str, Any], file: str) -> None:
    """Run statements; one that raises is left out."""
    for node in block:
        try:
            exec(compile(ast.Module([node], []), file, "exec"), space)
        except (Exception, SystemExit):  # its names are handed over instead
            continue


def _compiled(
    loop: ast.For, names: list[str], space: dict[str, Any], file: str
) -> Callable[..., Any]:
    """A loop as a function of the names that it needs."""
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    stored = [
        n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    shared: list[ast.stmt] = [
        ast.Global(sorted({n for n in stored if n in space and n not in names}))
    ]
    function = ast.FunctionDef("loop", arguments, [*shared[: bool(shared[0].names)], loop], [])  # type: ignore[attr-defined]
    whole = ast.fix_missing_locations(ast.Module([ast.copy_location(function, loop)], []))
    exec(compile(whole, file, "exec"), space)
    it: Callable[..., Any] = space["loop"]
    return it


def meaning(name: str, use: Use) -> str:
    """net, opt, loss, loader, holder, or one of CALLED; '' if nothing tells."""
    if use.optimizer and ("zero_grad" in use.attributes or re.fullmatch(OPTIMIZER, name, re.I)):
        return "opt"
    if use.iterated and not use.called:
        return "loader"
    if any(count >= 2 for count in use.called) and not use.attributes & {"parameters", "train"}:
        return "loss"
    if re.fullmatch(OPTIMIZER, name, re.I) and not use.called:
        return "opt"
    if use.called or use.attributes & {"parameters", "train", "eval", "zero_grad"}:
        inner = {a for a in use.attributes for p in HELD.values() if re.fullmatch(p, a, re.I)}
        return "holder" if inner else "net"
    if use.optimizer:
        return "opt"
    if any(re.fullmatch(p, name, re.I) for p in HELD.values()):
        return "net"
    known = next((m for m, p in CALLED.items() if re.fullmatch(p, name, re.I)), "")
    return known or ("settings" if re.fullmatch(NAMED_SETTINGS, name, re.I) else "")
