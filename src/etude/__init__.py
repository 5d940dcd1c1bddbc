"""étude: the canonical networks of deep learning, played properly.

    import etude
    run = etude.train("cnn", data="digits", epochs=3)
    run.test["accuracy"]
    run.predict(images)

The face of the package: verbs and a few nouns, loaded when asked for. Nothing is defined here.
`import etude` is quick, so it is also how the command line reaches the verbs: `etude.verbs.train`
loads them, and what they need, when a command runs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etude import layers, models
    from etude import verbs as verbs  # the command line calls `etude.verbs`
    from etude.errors import EtudeError
    from etude.inference.run import Run
    from etude.recipe import Recipe
    from etude.verbs.check import check
    from etude.verbs.compare import compare
    from etude.verbs.load import load
    from etude.verbs.load_onnx import load_onnx
    from etude.verbs.resume import resume
    from etude.verbs.train import train
    from etude.verbs.tune import tune
    from etude.verbs.verify import verify

__version__ = "0.2.0"

__all__ = [
    "EtudeError",
    "Recipe",
    "Run",
    "check",
    "compare",
    "layers",
    "load",
    "load_onnx",
    "models",
    "resume",
    "train",
    "tune",
    "verify",
]

_HOMES = {
    "EtudeError": "errors",
    "Recipe": "recipe",
    "Run": "inference.run",
    "check": "verbs",
    "compare": "verbs",
    "load": "verbs",
    "load_onnx": "verbs",
    "resume": "verbs",
    "train": "verbs",
    "tune": "verbs",
    "verify": "verbs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"etude.{_HOMES[name]}"), name)
    if name in ("layers", "models", "verbs"):
        return importlib.import_module(f"etude.{name}")
    raise AttributeError(f"module 'etude' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
