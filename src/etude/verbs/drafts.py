"""The recipe that the arguments of a call ask for, before its open fields are filled."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etude import registry
from etude.errors import UsageError
from etude.locale.texts import text
from etude.recipe import MEMORY, OWN, TrainDraft, draft, read_recipe
from etude.system.limits import Plain
from etude.verbs.arguments import data_name, is_module, is_name, kind_of_word, model_name

OTHERS = ("data", "file", "run")
"""What a word in place of a model may name."""


def with_names(
    model: object, data: object, fields: Mapping[str, object]
) -> tuple[Any, Any, Mapping[str, object]]:
    """The arguments with the names OWN and MEMORY for a module and for data that are objects."""
    data = data if is_name(data) else MEMORY
    if not is_module(model):
        return model, data, fields
    return OWN, data, {"model.module": type(model).__name__, **fields}


def draft_recipe(
    model: object, data: object, base: Mapping[str, object] | None, fields: Mapping[str, object]
) -> Plain:
    """The mapping of a recipe. A model that ends in .json is the path of the recipe to start from.

    Raises UsageError for a wrong type, for a name that is no model, and for an unknown field.
    """
    model, data = model_name(model), data_name(data)
    if model is not None and model.endswith(".json"):
        base, model = read_recipe(Path(model)), None
    models = registry.names("model")
    if model is not None and model not in models and (kind := kind_of_word(model)) in OTHERS:
        meant = data if data in models else "MODEL"
        raise UsageError(
            text(f"verbs.model.is_{kind}", word=model),
            do=text("verbs.model.is.do", model=meant, word=model, names=models),
        )
    return draft(model, data, base=base, fields=field_paths(fields))


def field_paths(fields: Mapping[str, object]) -> dict[str, object]:
    """Fields by their path in the recipe: `epochs` becomes `train.epochs`, `weights` becomes
    `model.weights`. Fields that are None are
    left out."""
    by_path = {f"train.{k}" if k in TrainDraft.model_fields else k: v for k, v in fields.items()}
    if "weights" in by_path:
        weights = by_path.pop("weights")
        by_path["model.weights"] = str(weights) if isinstance(weights, os.PathLike) else weights
    return {path: value for path, value in by_path.items() if value is not None}


def model_and_data(mapping: Plain) -> tuple[str, str]:
    """The names of a recipe's model and data, as the names of folders contain them."""
    model = mapping["model"]
    return model.get("module", model["name"]), Path(mapping["data"]["name"]).stem


def folder_name(*parts: str) -> str:
    """Parts joined to a valid name for a run, as "mlp-digits" from "mlp" and "digits"."""
    name = "-".join(parts)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:90] or "run"
