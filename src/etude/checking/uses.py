"""What a function does with each of its names: calls it, iterates it, steps. Read off the syntax,
through the other functions of the same file to which a name is handed.
"""

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
Functions = Mapping[str, Function]
DEEP = 4
"""Functions that hand a name on, one to the next."""


@dataclass
class Use:
    """attributes: of it that are read; called: with how many arguments; iterated: by a loop, maybe
    within enumerate; tested: as a truth value; counted: in arithmetic; keys: it is asked by."""

    attributes: set[str] = field(default_factory=set)
    called: list[int] = field(default_factory=list)
    iterated: bool = False
    tested: bool = False
    counted: bool = False
    keys: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    """Names of keywords and functions as which it is handed to others."""

    def add(self, more: "Use") -> None:
        """What is done elsewhere with the same."""
        self.attributes |= more.attributes
        self.called += more.called
        self.iterated |= more.iterated
        self.tested |= more.tested
        self.counted |= more.counted
        self.keys |= more.keys
        self.told |= more.told

    @property
    def optimizer(self) -> bool:
        """Whether it steps."""
        return "step" in self.attributes and not self.called

    @property
    def network(self) -> bool:
        """Whether it is a module: called, or asked what modules are asked."""
        return bool(self.attributes & MODULE) or bool(self.called)


MODULE = {
    "parameters",
    "train",
    "eval",
    "state_dict",
    "named_parameters",
    "requires_grad_",
    "forward",
}


def parsed(text: str) -> ast.Module:
    """A file's syntax; empty where it is none."""
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def functions_in(root: ast.AST) -> dict[str, Function]:
    """All functions and methods below a node, by name; of a class, its constructor by its name."""
    found: dict[str, Function] = {}
    for node in ast.walk(root):
        if isinstance(node, Function):
            found.setdefault(node.name, node)
    return found


def parameters(function: Function) -> list[str]:
    """Names of a function's parameters, in order."""
    a = function.args
    return [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]


def use_of(root: ast.AST, name: str, functions: Functions, deep: int = DEEP) -> Use:
    """What is done below a node with a name, also a dotted one (`self.model`)."""
    use = Use()
    for node in ast.walk(root):
        _note(node, name, functions, deep, use)
    return use


def _note(node: ast.AST, name: str, functions: Functions, deep: int, use: Use) -> None:
    if isinstance(node, ast.Attribute) and _is(node.value, name):
        use.attributes.add(node.attr)
    elif isinstance(node, ast.Call):
        if _is(node.func, name):
            use.called.append(len(node.args) + len(node.keywords))
        _handed(node, name, functions, deep, use)
    elif isinstance(node, ast.For | ast.comprehension | ast.AsyncFor):
        use.iterated |= _loops(node.iter, name)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        use.tested |= any(_is(each, name) for each in _truths(node.test))
    elif isinstance(node, ast.Subscript) and _is(node.value, name):
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            use.keys.add(node.slice.value)
    elif isinstance(node, ast.BinOp | ast.Compare):
        use.counted |= any(_is(each, name) for each in ast.iter_child_nodes(node))


def _truths(test: ast.AST) -> Iterator[ast.AST]:
    if isinstance(test, ast.BoolOp):
        for each in test.values:
            yield from _truths(each)
    elif isinstance(test, ast.UnaryOp):
        yield from _truths(test.operand)
    else:
        yield test


def _loops(node: ast.AST, name: str) -> bool:
    """Whether a loop goes through it, as it is or within a call."""
    if isinstance(node, ast.Call):
        if getattr(node.func, "id", "") in ("range", "len"):
            return False
        return not isinstance(node.func, ast.Attribute) and any(_loops(a, name) for a in node.args)
    return _is(node, name)


def _handed(call: ast.Call, name: str, functions: Functions, deep: int, use: Use) -> None:
    """Follow it into a function of the same file."""
    called = (
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    )
    if called in ("next", "iter") and any(_is(a, name) for a in call.args):
        use.iterated = True
    places = [i for i, a in enumerate(call.args) if _is(a, name)]
    words = [k.arg for k in call.keywords if k.arg and _is(k.value, name)]
    if places or words:
        use.told |= {called, *words}
    inner = functions.get(called)
    if inner is None or not deep or not (places or words):
        return
    names = parameters(inner)
    if isinstance(call.func, ast.Attribute) and names[:1] == ["self"]:
        names = names[1:]
    for each in [*(names[i] for i in places if i < len(names)), *words]:
        rest = {k: f for k, f in functions.items() if f is not inner}
        use.add(use_of(inner, each, rest, deep - 1))


def _is(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name
    return isinstance(node, ast.Attribute) and "." in name and ast.unparse(node) == name


def use_in_class(node: ast.ClassDef, name: str, functions: Functions) -> Use:
    """What a class does with what its constructor takes, also as the attribute that it becomes."""
    made = functions_in(node).get("__init__")
    if made is None:
        return Use()
    use = use_of(made, name, functions)
    for each in ast.walk(made):
        targets, value = (each.targets, each.value) if isinstance(each, ast.Assign) else ([], None)
        pairs = [(t, value) for t in targets]
        if targets and isinstance(targets[0], ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(targets[0].elts, value.elts))
        for target, source in pairs:
            if source is not None and _holds(source, name) and isinstance(target, ast.Attribute):
                use.add(use_of(node, ast.unparse(target), functions))
    return use


def _holds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("to", "double", "float", "cuda") and _holds(node.func.value, name)
    return isinstance(node, ast.Name) and node.id == name


def free_names(nodes: list[ast.stmt]) -> list[str]:
    """Names that some statements read before they are assigned, builtins aside, in order."""
    found: dict[str, None] = {}
    stored: set[str] = set()
    for statement in nodes:
        names = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
        inner = {a.arg for n in ast.walk(statement) if isinstance(n, ast.arguments)
                 for a in (*n.posonlyargs, *n.args, *n.kwonlyargs)}  # fmt: skip
        bound = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        added = [n.target.id for n in ast.walk(statement)
                 if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)]  # fmt: skip
        found.update(dict.fromkeys(name for name in added if name not in stored))
        for n in names:
            known = stored | inner | bound
            if isinstance(n.ctx, ast.Load) and n.id not in known and not hasattr(builtins, n.id):
                found[n.id] = None
        stored |= bound
    return list(found)


def backwards(root: ast.AST, functions: Functions, deep: int = DEEP) -> set[int]:
    """Lines of the `backward` calls of a node, and of the functions of the file that it calls."""
    lines: set[int] = set()
    for node in ast.walk(root):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name in ("backward", "manual_backward"):
            lines.add(node.lineno)
        elif name in functions and deep and functions[name] is not root:
            rest = {k: f for k, f in functions.items() if f is not root}
            lines |= backwards(functions[name], rest, deep - 1)
    return lines
