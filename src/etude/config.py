"""Config: the base class of every part of a recipe.

A part is frozen and has named, typed fields. One error reports all mistakes of a recipe, with the
nearest valid name for each unknown key.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from etude.errors import UsageError, cause
from etude.locale.texts import Sentence, Text, has_text, text
from etude.system.limits import Plain

DEEPEST, WIDEST = 1000, 1 << 20
"""Largest number of layers, and of units in one layer: beyond these, building the model alone takes
too long."""
LONGEST = 300
"""Largest number of characters of a user's value in an error message."""
Width = Annotated[int, Field(ge=1, le=WIDEST)]


class Config(BaseModel):
    """Frozen and strict; unknown keys are errors. Subclasses declare fields; `read` builds one."""

    # No NaN or infinity: JSON has neither, so a recipe with one could not be read again.

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False
    )

    later: ClassVar[tuple[str, ...]] = ()
    """Fields that are written only where they differ from their defaults, so that recipes of
    versions without them keep their digest."""

    @classmethod
    def read(cls, mapping: Mapping[str, object], path: str = "") -> Self:
        """Build a config from plain JSON values. path: its place in the recipe ("model").

        Raises UsageError with every wrong key and value, by path.
        """
        # By way of JSON: in strict mode pydantic then accepts lists for tuples, as recipes have.
        try:
            return cls.model_validate_json(json.dumps(cls._lists(mapping)))
        except ValidationError as error:
            problems = [_sentence(item, cls, path) for item in error.errors(include_url=False)]
        except (TypeError, ValueError) as error:
            place = path or cls.__name__
            problems = [text("config.at", where=place, what=cause(error))]
        if len(problems) == 1:
            raise UsageError(problems[0])
        raise UsageError(text("config.mistakes"), items=problems)

    @classmethod
    def _lists(cls, mapping: Mapping[str, object]) -> Plain:
        """The mapping with lists for all tuple fields: model.hidden=256 becomes [256]."""
        tuples = {k for k, f in cls.model_fields.items() if get_origin(f.annotation) is tuple}
        return {
            k: [v] if k in tuples and not isinstance(v, list) else v for k, v in mapping.items()
        }

    def plain(self) -> Plain:
        """The fields as plain JSON values (tuples become lists)."""
        fields = type(self).model_fields
        same = {name for name in self.later if getattr(self, name) == fields[name].default}
        return json.loads(self.model_dump_json(exclude=same))  # type: ignore[no-any-return]


def nearest(word: str, names: Iterable[str]) -> Text:
    """' Did you mean X?' with the nearest valid name, or the list of all names if none is near."""
    names = sorted(names)
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.55)
    return text("nearest.one", name=near[0]) if near else text("nearest.none", names=names)


def _sentence(item: ErrorDetails, cls: type[BaseModel], path: str) -> Text:
    """One pydantic error as one sentence: the key, its value and the expected form."""
    keys = [_brief(str(part)) for part in item["loc"]]
    where = ".".join([path, *keys] if path else keys)
    owner = _owner(cls, keys[:-1])
    if item["type"] == "extra_forbidden":
        # Full paths, as the user writes them, so that the suggestion can be copied.
        names = [".".join([*where.split(".")[:-1], key]) for key in (owner or cls).model_fields]
        return text("config.unknown", where=where, near=nearest(where, names))
    if item["type"] == "missing":
        return text("config.missing", where=where)
    value = _brief(json.dumps(item["input"]))
    return text("config.wrong", where=where, value=value, expected=_expected(item))


def _expected(item: ErrorDetails) -> Sentence:
    """The form that a value should have: in our words if we have them, else in pydantic's."""
    values = item.get("ctx", {})
    if item["type"] == "value_error":
        words = cause(values["error"])
        return words if isinstance(words, Text) else _brief(words)
    key = f"config.expected.{item['type']}"
    return text(key, **values) if has_text(key) else _brief(item["msg"])


def _brief(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


def _owner(cls: type[BaseModel], keys: list[str]) -> type[BaseModel] | None:
    """The Config class at the end of a path of keys; None if the path leaves Config classes."""
    for key in keys:
        field = cls.model_fields.get(key)
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return None
        cls = annotation
    return cls
