"""Config: the form that every part of a recipe takes.

A part is a frozen mapping with named, typed fields. A mistake in it is told in words, all mistakes
at once, with the nearest right name beside each.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from etude.errors import UsageError

DEEPEST, WIDEST = 1000, 1 << 20
"""Layers, and units in one, at most: beyond, building alone would go on for ever."""
LONGEST = 300
"""Letters of a user's value that a message repeats."""
Width = Annotated[int, Field(ge=1, le=WIDEST)]


class Config(BaseModel):
    """Frozen, strict, unknown keys refused. Subclasses name their fields; `read` makes one."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False
    )

    @classmethod
    def read(cls, mapping: Mapping[str, Any], path: str = "") -> Self:
        """Make one from plain JSON values. `path` is where it stands in the recipe ("model").

        Raises UsageError naming every wrong key and value, by its path.
        """
        try:
            return cls.model_validate_json(json.dumps(cls._lists(mapping)))
        except ValidationError as error:
            problems = [_sentence(item, cls, path) for item in error.errors(include_url=False)]
        except (TypeError, ValueError) as error:
            problems = [f"{path or cls.__name__}: {error}"]
        one = len(problems) == 1
        raise UsageError(
            problems[0] if one else "The recipe has mistakes.", items=() if one else problems
        )

    @classmethod
    def _lists(cls, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """One value where a list is due is a list of one: model.hidden=256."""
        several = {k for k, f in cls.model_fields.items() if get_origin(f.annotation) is tuple}
        return {
            k: [v] if k in several and not isinstance(v, list) else v for k, v in mapping.items()
        }

    def plain(self) -> dict[str, Any]:
        """The fields as plain JSON values (tuples become lists)."""
        return json.loads(self.model_dump_json())  # type: ignore[no-any-return]


def nearest(word: str, known: Iterable[str]) -> str:
    """' Did you mean X?', or the list of what there is when nothing is near."""
    known = sorted(known)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.55)
    return f" Did you mean {near[0]!r}?" if near else f" There is: {', '.join(known)}."


def _sentence(item: ErrorDetails, cls: type[BaseModel], path: str) -> str:
    """One pydantic error as one sentence: where, expected, found."""
    keys = [_brief(str(part)) for part in item["loc"]]
    where = ".".join([path, *keys] if path else keys)
    owner = _owner(cls, keys[:-1])
    if item["type"] == "extra_forbidden":
        known = [".".join([*where.split(".")[:-1], key]) for key in (owner or cls).model_fields]
        return f"Unknown key {where!r}.{nearest(where, known)}"
    if item["type"] == "missing":
        return f"{where} is missing."
    expected = item["msg"].removeprefix("Value error, ")
    expected = expected.replace("Input should be", "it should be")
    return f"{where}={_brief(json.dumps(item['input']))}: {_brief(expected)}."


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _owner(cls: type[BaseModel], keys: list[str]) -> type[BaseModel] | None:
    """The Config class that the keys lead to, if they lead to one."""
    for key in keys:
        field = cls.model_fields.get(key)
        found = field.annotation if field else None
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            return None
        cls = found
    return cls
