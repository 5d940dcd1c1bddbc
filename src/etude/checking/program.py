"""A reference written as named steps, each of which can be exchanged.

A variant exchanges a step for another right one (post-norm, tanh GELU), a fault for a wrong one
(softmax over the heads). If a user's output equals the program with one fault, to the last digits,
then that fault is proven, not guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from etude.shapes import Tensor

How = Callable[..., Any]
"""Makes a step's value of the steps so far; or is a function that a program calls by name."""
Program = Callable[["Steps"], Tensor]


@dataclass(frozen=True)
class Change:
    """Some steps done otherwise. name: a code of the texts; facts: what its sentence names."""

    name: str
    steps: Mapping[str, How] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Steps:
    """The values of a program, by name: what is given, then what each step makes."""

    def __init__(self, given: Mapping[str, Any], *changes: Change) -> None:
        self.log: list[tuple[str, Tensor]] = []
        self._other = {name: how for change in changes for name, how in change.steps.items()}
        self.given = given
        self.__dict__.update(given)

    def step(self, name: str, how: How) -> Any:
        """Make a value by `how`, or by what it was exchanged for, and note it."""
        value = self._other.get(name, how)(self)
        setattr(self, name, value)
        self.log.append((name, value))
        return value

    def other(self, name: str, how: How) -> How:
        """What a step was exchanged for, else `how`."""
        return self._other.get(name, how)

    def play(self, program: Program, **given: Any) -> Any:
        """A program within this one: its steps are noted here, and exchanged alike."""
        inner = Steps({**self.given, **given})
        inner._other, inner.log = self._other, self.log
        return program(inner)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no step or value {name!r} so far")
