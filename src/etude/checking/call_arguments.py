"""What a training function, or a class that trains, is handed: by what it does with each parameter,
else by the parameter's name.
"""

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from etude.checking.build import NAMED_SETTINGS, needed, takes
from etude.checking.source import CannotJudge, names_beside
from etude.checking.training_events import BATCHES, Lesson, Scheduler
from etude.checking.training_kinds import CLASSES
from etude.checking.uses import (
    Functions,
    Use,
    backwards,
    functions_in,
    parameters,
    parsed,
    use_in_class,
    use_of,
)

EPOCHS = 2
LOADER = r"(data_?)?(loader|dl|iter|iterator|batches|dataloader|data|dataset|set|generator)"
CALLED = {
    "model": r"(my_?)?(model|net|network|classifier|module|vit|cnn|mlp|lstm|rnn|transformer)\d?",
    "optimizer": r"opt|\w*optim\w*|optm|solver|sgd|adam\w?",
    "scheduler": r"\w*sched\w*",
    "loss": r"criterion|crit|loss(_?(fn|func|function|f|criterion))?|objective|cost(_fn)?",
    "val": rf"(x_?)?(val|valid|validation|dev)(_?{LOADER})?",
    "test": rf"(test|eval|evaluation|holdout)(_?{LOADER})?",
    "train": rf"(train(ing)?_?|trn_?)?{LOADER}|train",
    "x": r"xs?|xb|x_?(batch|train)|inputs?|images?|imgs?|features?|batch_?x|src",
    "y": r"ys?|yb|y_?(batch|train|true)|targets?|labels?|batch_?y|tgt|t",
    "batch": r"batch|sample",
    "epochs": r"(n|num|max|total|number|nb)?_?(of_)?(epochs?|iters)",
    "epoch": r"(current_?)?(epoch|ep)(_?(idx|index|num(ber)?|i|id))?",
    "device": r"device|dev|gpu",
    "rate": r"(init\w*_|base_)?(lr|learning_?rate)(_init)?",
    "accumulate": r"\w*accum\w*",
    "clip": r"\w*clip\w*|max_(grad_)?norm",
    "interval": r"(log|print|eval|report|val\w*)_(interval|every|freq\w*|steps)",
    "loaders": r"(data_?)?loaders",
    "scaler": r"(grad_?)?scaler",
    "classes": r"(n|num)_?classes",
    "patience": r"patience|early_stop\w*",
    "decay": r"weight_?decay|wd|momentum|min_delta|delta|l[12](_\w+)?",
    "sizes": r"batch_?size|bs",
    "many": r"(max|num|total|n)_?(iter(ation)?s?|steps|batches)(_per_epoch)?|\w*_steps?",
    "path": r"\w*(path|dir|folder|file|out|name|prefix|ckpt|checkpoint)\w*",
    "quiet": r"verbose|debug|progress\w*|dry_?run|no_\w+|(use|is|with|enable|do)_\w+|cuda|amp|fp16"
    r"|half|distributed|ddp|resume|save\w*|wandb|rank|local_rank",
    "settings": NAMED_SETTINGS,
}  # fmt: skip


class Settings(SimpleNamespace):
    """A configuration whose attributes, and keys, are understood by their names, or else off."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__()
        self.__dict__["_known"] = known

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = self.__dict__["_known"]
        for meaning, pattern in CALLED.items():
            if meaning in known and re.fullmatch(pattern, name, re.IGNORECASE):
                return known[meaning]
        return False

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __contains__(self, name: str) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """As of a mapping."""
        return getattr(self, name) or default


class Sink:
    """Takes any call, as a writer or a meter does, and says nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Sink()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return Sink()

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *arguments: Any) -> None:
        pass

    def __float__(self) -> float:
        return 0.0

    def __format__(self, form: str) -> str:
        return ""


def values(lesson: Lesson) -> dict[str, Any]:
    """What a parameter is given, by what it means."""
    known = {
        "model": lesson.net, "optimizer": lesson.optimizer, "scheduler": Scheduler(),
        "loss": lesson.loss, **lesson.loaders, "epochs": EPOCHS, "epoch": 1,
        "device": torch.device("cpu"), "rate": 0.01, "accumulate": 2, "clip": 1.0, "interval": 1,
        "loaders": lesson.loaders, "scaler": torch.amp.GradScaler("cpu", enabled=False),
        "classes": CLASSES, "patience": 10, "quiet": False, "decay": 0.0, "sizes": 4,
        **{f"{n}_set": loader.dataset for n, loader in lesson.loaders.items()}, "none": None,
        "many": BATCHES * EPOCHS, "path": "out", "sink": Sink(), "number": 1,
    }  # fmt: skip
    return {**known, "settings": Settings(known)}


METHODS = ("fit", "train", "train_model", "run", "learn", "train_loop", "training_loop", "loop",
           "train_epoch", "train_one_epoch", "run_epoch", "__call__")  # fmt: skip


class Trainer:
    """A class that is made and then trains, as a function of all that either takes."""

    def __init__(self, made: type) -> None:
        name = method_in(made)
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


def method_in(made: type) -> str:
    """The method that trains: it has the backwards, and no other one calls it."""
    node, functions = syntax(made)
    own = functions_in(node) if node else {}
    learning = [n for n, f in own.items() if backwards(f, functions)]
    outer = [n for n in learning if not any(calls(own[o], n) for o in learning if o != n)]
    ordered = sorted(outer, key=lambda n: METHODS.index(n) if n in METHODS else len(METHODS))
    return next(iter(ordered), next((n for n in METHODS if n in dir(made)), ""))


def calls(node: ast.AST, name: str) -> bool:
    """Whether a function calls another of this name."""
    return any(
        isinstance(n, ast.Call) and name in (getattr(n.func, "id", ""), getattr(n.func, "attr", ""))
        for n in ast.walk(node)
    )


def syntax(it: Any) -> tuple[ast.AST | None, Functions]:
    """The syntax of a function or class, and the functions of its file."""
    code = getattr(inspect.unwrap(it), "__code__", None) if not inspect.isclass(it) else None
    module = sys.modules.get(getattr(it, "__module__", ""))
    file = code.co_filename if code else getattr(module, "__file__", "") or ""
    root = parsed("".join(linecache.getlines(file)))
    name = getattr(it, "__name__", "")
    found = [n for n in ast.walk(root) if getattr(n, "name", "") == name
             and isinstance(n, ast.ClassDef | ast.FunctionDef)]  # fmt: skip
    if code:
        found = [n for n in found if abs(n.lineno - code.co_firstlineno) < 10] or found
    return (found[0] if found else None), functions_in(root)


def uses_of(call: Any) -> dict[str, Use]:
    """What is done with each parameter of a function, or of a class that trains."""
    if not isinstance(call, Trainer):
        node, functions = syntax(call)
        return {name: use_of(node, name, functions) if node else Use() for name in takes(call)}
    node, functions = syntax(call.made)
    assert isinstance(node, ast.ClassDef)
    found = {name: use_in_class(node, name, functions) for name in call.first}
    method = functions_in(node).get(call.name)
    for name in parameters(method)[1:] if method else ():
        found[name] = use_of(method, name, functions)  # type: ignore[arg-type]
    return {name: found.get(name, Use()) for name in takes(call)}


def meanings(call: Callable[..., Any]) -> dict[str, str]:
    """What each parameter of a function means: of those that it needs what their use shows, else
    what their names say."""
    found: dict[str, str] = {}
    used, must = uses_of(call), needed(call)
    for name in must:
        means = by_use(name, used[name])
        if means == "loader":
            loaders = ("val", "test", "train")
            told = [m for m in loaders if re.fullmatch(CALLED[m], name, re.I)]
            means = next(iter(told), "train")
            means = means if means not in found.values() else ""
        if means:
            found[name] = means
    for name in (n for n in takes(call) if n not in found):
        hits = [m for m, pattern in CALLED.items() if re.fullmatch(pattern, name, re.IGNORECASE)]
        hits = [m for m in hits if m not in found.values() or m in FREE]
        if hits and hits[0] in ("train", "val", "test") and "DataLoader" in used[name].told:
            found[name] = f"{hits[0]}_set"
        elif hits:
            found[name] = hits[0]
        elif name in must:
            found[name] = other(name, used[name], found)
    return {name: means for name, means in found.items() if means}


FREE = ("epochs", "quiet", "path", "many", "interval", "decay")
"""What several parameters may mean."""


def by_use(name: str, use: Use) -> str:
    """What a parameter of any name means, by what is done with it; "" if that does not say."""
    named = {m for m, pattern in CALLED.items() if re.fullmatch(pattern, name, re.IGNORECASE)}
    if "zero_grad" in use.attributes and "step" in use.attributes and not use.called:
        return "optimizer"
    if use.attributes & {"train", "eval", "parameters", "state_dict"} and use.attributes.isdisjoint(
        {"step"}
    ):
        return "model"
    if use.iterated:
        return "loader"
    if use.called and not named & {"loss", "x", "y"}:
        return "loss" if max(use.called) > 1 and "model" not in named else "model"
    if use.called:
        return "loss" if "loss" in named else ""
    if "step" in use.attributes and not named - {"scheduler", "optimizer"}:
        return "scheduler" if "scheduler" in named else "optimizer" if "optimizer" in named else ""
    return ""


def other(name: str, use: Use, found: Mapping[str, str]) -> str:
    """What a parameter whose name says nothing may be: on or off, a number, a thing that is only
    told; or what goes into the network, or is compared with what comes out."""
    models = [n for n, means in found.items() if means == "model"]
    losses = [n for n, means in found.items() if means == "loss"]
    if use.told & {*models, "model"} and "x" not in found.values():
        return "x"
    if use.told & {*losses, "cross_entropy", "mse_loss", "nll_loss"} and "y" not in found.values():
        return "y"
    if use.tested:
        return "quiet"
    if use.counted:
        return "number"
    return "sink" if use.attributes else "none" if not (use.told or use.keys) else ""


def callers(call: Callable[..., Any]) -> Sequence[Callable[..., Any]]:
    """Functions of the same file that call this one and no other that trains calls, outermost."""
    name = getattr(call, "__name__", "")
    module = names_beside(call)
    found = []
    for other_name, it in module.items():
        if not inspect.isfunction(it) or it is call or it.__module__ != call.__module__:
            continue
        node, _ = syntax(it)
        if node is not None and calls(node, name) and other_name not in ("main", "cli"):
            found.append(it)
    return found
