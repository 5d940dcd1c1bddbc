"""What can be examined: a role is a file here with a ROLE.

attention    Q K V -> context, and what is built of it
"""

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from etude.examiner.build import Sizes
from etude.examiner.source import Thing
from etude.examiner.subject import Subject

NAMES = (
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
    faults, what is believed most first; fits: whether a thing of another name is one by its
    signature; kinds: "class", "function"; whole: the file, not one thing of it, is examined.
    """

    called: str
    sizes: Sizes
    judge: Callable[[Subject], None]
    fits: Callable[[Thing], bool] = field(default=lambda thing: False)
    kinds: tuple[str, ...] = ("class",)
    whole: bool = False

    def is_name(self, name: str) -> bool:
        """Whether a class or function of this name is likely one."""
        return re.fullmatch(self.called, name, re.IGNORECASE) is not None


@cache
def role(name: str) -> Role:
    """The role of a name."""
    found: Role = importlib.import_module(f"etude.examiner.roles.{name}").ROLE
    return found


def guess(thing: Thing) -> str:
    """The role of a thing by its name, else by its signature; '' if nothing tells it."""
    kind = (
        "class"
        if thing.is_class
        else "function"
        if callable(thing.it) and hasattr(thing.it, "__code__")
        else "class"
    )
    fitting = [name for name in NAMES if kind in role(name).kinds and not role(name).whole]
    for name in reversed(fitting):
        if role(name).is_name(thing.name):
            return name
    for name in fitting:
        if role(name).fits(thing):
            return name
    return ""


def given_in(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """These of the values, where they are there."""
    return {name: values[name] for name in names if name in values}
