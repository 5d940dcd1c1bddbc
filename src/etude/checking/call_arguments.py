"""What a training function, or a class that trains, is handed: by its parameters' names, else by
what it does with them.
"""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.checking.build import NAMED_SETTINGS, needed, takes
from etude.checking.source import CannotJudge, tree
from etude.checking.training_events import CLASSES, Lesson, Scheduler

EPOCHS = 2
LOADER = r"(data_?)?(loader|dl|iter|iterator|batches|dataloader|data|dataset|set|generator)"
CALLED = {
    "model": r"(my_?)?(model|net|network|classifier|module|vit|cnn|mlp|lstm|rnn|transformer)\d?",
    "optimizer": r"opt|\w*optim\w*|optm|solver|sgd|adam\w?",
    "scheduler": r"\w*sched\w*",
    "loss": r"criterion|crit|loss(_?(fn|func|function|f|criterion))?|objective|cost(_fn)?",
    "val": rf"(x_?)?(val|valid|validation|dev)_?{LOADER}",
    "test": rf"(test|eval|evaluation|holdout)_?{LOADER}",
    "train": rf"(train(ing)?_?|trn_?)?{LOADER}|train",
    "epochs": r"(n|num|max|total|number|nb)?_?(of_)?(epochs?|iters)",
    "device": r"device|dev",
    "rate": r"lr|learning_?rate",
    "accumulate": r"\w*accum\w*",
    "clip": r"\w*clip\w*|max_(grad_)?norm",
    "interval": r"(log|print|eval|report)_(interval|every|freq\w*|steps)",
    "loaders": r"(data_?)?loaders",
    "scaler": r"(grad_?)?scaler",
    "classes": r"(n|num)_?classes",
    "patience": r"patience",
    "quiet": r"verbose|debug|progress\w*|dry_?run|no_\w+",
    "settings": NAMED_SETTINGS,
}  # fmt: skip


class Settings(SimpleNamespace):
    """A configuration whose attributes, and keys, are understood by their names."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.__dict__["_known"] = known

    def __getattr__(self, name: str) -> Any:
        for meaning, pattern in CALLED.items():
            known = self.__dict__["_known"]
            if meaning in known and re.fullmatch(pattern, name, re.IGNORECASE):
                return known[meaning]
        raise AttributeError(name)

    def __getitem__(self, name: str) -> Any:
        if not hasattr(self, name):
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of a mapping."""
        return getattr(self, name, default)


def values(lesson: Lesson) -> dict[str, Any]:
    """What a parameter is given, by what its name means."""
    known = {
        "model": lesson.net, "optimizer": lesson.optimizer, "scheduler": Scheduler(),
        "loss": lesson.loss, **lesson.loaders, "epochs": EPOCHS, "device": torch.device("cpu"),
        "rate": 0.01, "accumulate": 2, "clip": 1.0, "interval": 1, "loaders": lesson.loaders,
        "scaler": torch.amp.GradScaler("cpu", enabled=False), "classes": CLASSES,
        "patience": 10, "quiet": False,
    }  # fmt: skip
    return {**known, "settings": Settings(known)}


METHODS = ("fit", "train", "train_model", "run", "learn", "train_loop", "training_loop", "loop",
           "train_epoch", "train_one_epoch", "run_epoch", "__call__")  # fmt: skip


class Trainer:
    """A class that is made and then trains, as a function of all that either takes."""

    def __init__(self, made: type) -> None:
        name = next((name for name in METHODS if name in dir(made)), "")
        if not name:
            raise CannotJudge("check_call", call=made.__name__, wanted="fit(), train()")
        self.made, self.name, self.__name__ = made, name, made.__name__
        signature = inspect.signature(made)
        own = list(inspect.signature(getattr(made, name)).parameters.values())[1:]
        both = {p.name: p for p in (*own, *signature.parameters.values())}
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        self.__signature__ = inspect.Signature(
            [p.replace(kind=p.KEYWORD_ONLY) for p in both.values() if p.kind not in kinds]
        )
        self.first, self.own = set(signature.parameters), {p.name for p in own}
        self.it: tuple[Any, Any] = (None, None)

    def __call__(self, **given: Any) -> Any:
        """Train once more, by the same object while the model is the same."""
        model = next((v for v in given.values() if isinstance(v, nn.Module)), None)
        if self.it[0] is not model or model is None:
            self.it = (model, self.made(**{n: v for n, v in given.items() if n in self.first}))
        return getattr(self.it[1], self.name)(**{n: v for n, v in given.items() if n in self.own})


def meanings(call: Callable[..., Any]) -> dict[str, str]:
    """What each parameter of a function means, by its name."""
    found: dict[str, str] = {}
    for name in takes(call):
        hits = [m for m, pattern in CALLED.items() if re.fullmatch(pattern, name, re.IGNORECASE)]
        if hits and (hits[0] not in found.values() or hits[0] == "epochs"):
            found[name] = hits[0]
    for name in needed(call):
        used = by_use(call, name)
        if name not in found and used and used not in found.values():
            found[name] = used
    return found


USES = (
    ("optimizer", {"zero_grad"}), ("model", {"train", "eval", "parameters"}),
    ("scheduler", {"step"}),
)  # fmt: skip


def by_use(call: Callable[..., Any], name: str) -> str:
    """What a parameter of any name means, by what is done with it; "" if that does not say."""
    parsed = tree(call)
    if parsed is None:
        return ""
    done, called, iterated = set(), 0, False
    for node in ast.walk(parsed):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == name:
            done.add(node.attr)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
            called = max(called, len(node.args) + len(node.keywords))
        elif isinstance(node, ast.For):
            iterated |= any(getattr(n, "id", "") == name for n in ast.walk(node.iter))
    known = next((meaning for meaning, attributes in USES if done & attributes), "")
    if known or not (called or iterated):
        return known
    return "train" if iterated else "model" if called == 1 else "loss"
