"""Configuration objects that a class is made with: of the file's own class where there is one, else
one that answers by the names of its attributes."""

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from torch import nn

from etude.checking.build import NAMED_SETTINGS, Sizes, arguments, meaning
from etude.checking.source import CannotJudge, Thing, names_beside, theirs


class Settings(SimpleNamespace):
    """A configuration whose every attribute, and key, is understood by its name. asked: names that
    were asked for and say nothing."""

    def __init__(self, sizes: Sizes, more: Mapping[str, Any]) -> None:
        super().__init__()
        self.__dict__.update(_sizes=sizes, _more=more, _asked=[])

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        found = meaning(name, own["_sizes"])
        if name not in own["_more"] and not found:
            own["_asked"].append(name)
            raise AttributeError(name)
        if name in own["_more"]:
            return own["_more"][name]
        value = own["_sizes"].known[found]
        if found == "image" and isinstance(value, tuple):  # a number, of height or width
            return value[-1 if re.search(r"w(idth)?$", name) else 0]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As of a mapping."""
        with suppress(AttributeError):
            return getattr(self, name)
        return default

    __getitem__ = __getattr__

    def __repr__(self) -> str:
        return "Settings"


def own_class(parameter: inspect.Parameter, thing: Thing) -> type | None:
    """The file's class of configurations that a parameter wants; None if there is none."""
    module = names_beside(thing.it)
    note = parameter.annotation
    noted = module.get(note) if isinstance(note, str) else note
    if is_settings(noted) and noted.__module__ == module.get("__name__"):
        return noted
    if not re.fullmatch(NAMED_SETTINGS, parameter.name, re.IGNORECASE):
        return None
    every = [
        it for name, it in module.items()
        if is_settings(it) and it.__module__ == module.get("__name__")
        and ("__dataclass_fields__" in vars(it) or re.search(NAMED_SETTINGS, name, re.IGNORECASE))
    ]  # fmt: skip
    return every[0] if len(every) == 1 else None


def is_settings(it: Any) -> bool:
    """Whether a class holds values and computes nothing."""
    return inspect.isclass(it) and not issubclass(it, nn.Module) and "forward" not in vars(it)


def made(kind: type, sizes: Sizes) -> tuple[Any, dict[str, Any]] | None:
    """A configuration of the file's own class, its sizes ours where their names say what they are,
    and these by meaning; None if it cannot be made so."""
    try:
        values, used, unsure = arguments(inspect.signature(kind), sizes, {}, lambda parameter: None)
        if unsure or inspect.Parameter.empty in values.values():
            return None
        with theirs(inspect.getsourcefile(kind) or "", "check_construct", call=kind.__name__):
            it = kind(**values)
    except (TypeError, ValueError, CannotJudge):  # no signature; or it refuses these sizes
        return None
    for name in dir(it):
        found = "" if name.startswith("_") or name in values else meaning(name, sizes)
        if found and isinstance(getattr(it, name), int) and not callable(getattr(it, name)):
            with suppress(AttributeError, TypeError):
                setattr(it, name, sizes.known[found])
                used[found] = sizes.known[found]
    return it, used


def settings_for(
    thing: Thing, sizes: Sizes, more: Mapping[str, Any]
) -> Callable[[inspect.Parameter], tuple[Any, Mapping[str, Any]] | None]:
    """Makes the configuration that a parameter wants, with its sizes by meaning; None where it
    wants none. more: values of further attributes."""

    def settings(parameter: inspect.Parameter) -> tuple[Any, Mapping[str, Any]] | None:
        kind = own_class(parameter, thing)
        if kind is not None and (own := made(kind, sizes)):
            return own
        if kind is None and not re.fullmatch(NAMED_SETTINGS, parameter.name, re.IGNORECASE):
            return None
        return Settings(sizes, more), sizes.known

    return settings
