"""What an author says of a thing in its docstrings: which parts it has, and in which order."""

import inspect
import re
from collections.abc import Mapping

from etude.checking.source import Thing

ARROW = re.compile(r"->|=>|→|⇒|\bthen\b|\bfollowed by\b|\bbefore\b(?!hand)", re.IGNORECASE)
NOT = re.compile(r"\b(no|not|without|lacks|omits?)\b[^.,;:()]{0,20}$|\bun$", re.IGNORECASE)


def words(thing: Thing) -> str:
    """The docstrings of a thing and its methods; where there are none, its file's."""
    it = thing.it
    own = [it, *(getattr(it, name, None) for name in ("__init__", "forward", "__call__"))]
    mine = [
        each.__doc__ or ""
        for each in own
        if each is not None and getattr(each, "__module__", None) == it.__module__
    ]
    found = "\n\n".join(filter(None, mine))
    module = inspect.getmodule(it)
    return found or (module.__doc__ if module and module.__doc__ else "")


def mentions(text: str, pattern: str) -> bool:
    """Whether a part is named, and not as one that is left out."""
    hits = re.finditer(pattern, text, re.IGNORECASE)
    return any(not NOT.search(text[: hit.start()]) for hit in hits)


def order(text: str, parts: Mapping[str, str]) -> tuple[str, ...]:
    """Parts in the order in which arrows (or "then") join them in one sentence; () where no
    sentence does so."""
    for sentence in re.split(r"[.;\n]\s", text):
        pieces = ARROW.split(sentence)
        named: list[str] = []
        for piece in pieces if len(pieces) > 2 else ():
            hits = [
                (hit.start(), part)
                for part, pattern in parts.items()
                if (hit := re.search(pattern, piece, re.IGNORECASE))
            ]
            named += [part for _, part in sorted(hits)]
        if len(named) > 1 and len(set(named)) == len(named):
            return tuple(named)
    return ()
