"""What the author of a thing says of it, and at which lines."""

import ast

from etude.checking.source import lines_where
from etude.checking.subject import Subject


def said(subject: Subject) -> str:
    """What the author says of a thing: its docstring, and its own forward's; nothing inherited."""
    it = subject.thing.it if subject.thing.is_class else type(subject.it)
    own = vars(it) if hasattr(it, "__dict__") else {}
    texts = (own.get("__doc__"), getattr(own.get("forward"), "__doc__", ""))
    return " ".join(each or "" for each in texts)


def loop_at(subject: Subject) -> int:
    """The line of the loop in a forward, else the forward's."""
    forward = getattr(type(subject.it), "forward", None)
    lines = lines_where(forward, lambda node: isinstance(node, ast.For)) if forward else []
    return lines[0] if lines else subject.line_in("forward")


def used_at(subject: Subject, parameter: str) -> int:
    """The first line of the thing that reads `self.NAME` of a parameter, else its forward's."""
    names = set(parameter.split("."))
    forward = getattr(type(subject.it), "forward", None)

    def reads(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in names

    lines = lines_where(forward, reads) if forward else []
    return lines[0] if lines else subject.line_in("forward")
