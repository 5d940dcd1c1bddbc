"""What can be examined: a role is a file here with a ROLE.

attention    Q K V -> context, and what is built of it
"""

import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from etude.checking.build import Sizes, meaning
from etude.checking.source import Thing
from etude.checking.subject import Subject

NAMES = (
    "network",
    "linear",
    "dropout",
    "reparameterization",
    "attention",
    "conv_block",
    "multi_head_attention",
    "patch_embedding",
    "encoder_block",
    "lstm_cell",
    "lstm",
    "transformer",
    "vit",
    "aae",
    "optimizer",
    "training",
)
"""From parts to wholes: the order in which a file's things are examined."""


@dataclass(frozen=True)
class Role:
    """What a thing should be.

    called: names that tell it; sizes: what it is built with; judge: looks at a subject and notes
    faults, what is believed most first; fits: whether a thing, maybe of another name, is one by its
    signature; kinds: "class", "function"; whole: the file, not one thing of it, is examined; made:
    whether a class is made before it is judged, else the judge makes it.
    """

    called: str
    sizes: Sizes
    judge: Callable[[Subject], None]
    fits: Callable[[Thing], bool] | None = None
    kinds: tuple[str, ...] = ("class",)
    whole: bool = False
    made: bool = True

    def is_name(self, name: str) -> bool:
        """Whether a class or function of this name is likely one."""
        return re.fullmatch(self.called, name, re.IGNORECASE) is not None


@cache
def role(name: str) -> Role:
    """The role of a name."""
    found: Role = importlib.import_module(f"etude.checking.roles.{name}").ROLE
    return found


def guess(thing: Thing) -> str:
    """The role of a thing: one of its name whose signature it has, else one of its signature, else
    one of its name; '' if nothing tells it."""
    kind = "function" if inspect.isfunction(thing.it) else "class"
    fitting = [name for name in NAMES if kind in role(name).kinds and not role(name).whole]
    named = [name for name in reversed(fitting) if role(name).is_name(thing.name)]
    for name in named:
        if role(name).fits is None or fits(name, thing):
            return name
    return next((name for name in fitting if fits(name, thing)), named[0] if named else "")


def fits(name: str, thing: Thing) -> bool:
    """Whether a thing has the signature of a role that can be told by it."""
    told = role(name).fits
    return told is not None and told(thing)


def made_with(thing: Thing, sizes: Sizes) -> set[str]:
    """What a class is made with, by meaning; nothing of a function."""
    if not thing.is_class:
        return set()
    names = inspect.signature(thing.it).parameters
    return {meaning(name, sizes) for name in names} - {""}


def written(thing: Thing, words: str) -> bool:
    """Whether the source of a thing has these words."""
    try:
        return re.search(words, inspect.getsource(thing.it), re.IGNORECASE) is not None
    except (OSError, TypeError):
        return False
