"""What the names of an optimizer's parameters may mean, and which values it works with."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from etude.checking.build import READ
from etude.checking.source import Thing, names_beside, tree

CALLED = {
    "params": r"(model_)?param(eter)?s?|ps?|ws?|weights?|thetas?|variables|vars?|x|layers?|model"
    r"|net|w_?(t|old)",
    "grads": r"grad(ient)?s?|gs?|d_?(w|p|x|params?|theta)s?|grads?_\w+|\w*_?grad(ient)?s?|dl_?d\w+"
    r"|nabla\w*",
    "rate": READ["rate"].pattern,
    "first": r"ms?|m_?list|first(_moments?)?|exp_avgs?|means?|moments?_?1|m_prev|m_t",
    "second": r"vs?|v_?list|second(_moments?)?|exp_avg_sqs?|squares?|moments?_?2|s|v_prev|v_t"
    r"|sqrs?|sq\w*|cache",
    "velocity": r"velocit(y|ies)|vels?|buf\w*|momentum_?buf\w*|momentums|moments|v_prev",
    "time": r"t|step|steps|step_?(count|num|number|t|idx)|i|it|iter|iterations?|n_?steps?|k"
    r"|timestep|epoch",
    "state": r"states?|cache|caches|opt(im(izer)?)?_?state|memory|history|config",
    "settings": r"hyper_?param(eter)?s|config|cfg|hps?|options|opts|hyper",
    "decay": r"weight_?decay(_rate)?|wd|l2(_?reg(ulari[sz]ation)?)?|lambda_?|lambd"
    r"|reg(ulari[sz]ation)?",
    "dampening": r"dampening|damp(ing)?",
    "beta1": READ["beta1"].pattern,
    "beta2": READ["beta2"].pattern,
    "betas": READ["betas"].pattern,
    "momentum": READ["momentum"].pattern,
    "smooth": r"rho|decay|decay_?rate|alpha|beta|gamma|forget\w*|smooth\w*",
    "epsilon": READ["epsilon"].pattern + r"|delta|eps\w*",
    "batch": r"batch_?size",
    "key": r"key|name|idx|index|param_?(name|id)|layer_?(name|id|idx)",
}  # fmt: skip
"""What a name may mean, the likeliest meaning first."""
SETTINGS = ("rate", "decay", "dampening", "beta1", "beta2", "momentum", "smooth", "epsilon")


@dataclass(frozen=True)
class Facts:
    """Numbers that an optimizer works with: by meaning, the likeliest first; constants: all that
    its code has."""

    named: Mapping[str, Sequence[float]] = field(default_factory=dict)
    constants: Sequence[float] = ()

    def of(self, meanings: Sequence[str | float]) -> list[float]:
        """Values that something of these meanings may have; a number stands for itself."""
        found: list[float] = []
        for each in meanings:
            found += self.named.get(each, ()) if isinstance(each, str) else [each]
        return list(dict.fromkeys(found))


@cache
def hits(name: str) -> list[str]:
    """All that a name may mean."""
    name = name.strip("_")
    return [m for m, pattern in CALLED.items() if re.fullmatch(pattern, name, re.IGNORECASE)]


def meanings(names: Sequence[str]) -> dict[str, str]:
    """What parameters mean, by name, each another thing: the plain ones first. A `v` without an `m`
    is a velocity."""
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda name: len(hits(name)) > 1):
        free = [m for m in hits(name) if m not in found.values()]
        if free:
            found[name] = free[0]
    for name in names:  # two moments that are both called as second ones
        if name not in found and "second" in hits(name) and "first" not in found.values():
            found[name] = "first"
    if "second" in found.values() and "first" not in found.values():
        found = {n: "velocity" if m == "second" else m for n, m in found.items()}
    return {name: found[name] for name in names if name in found}


def facts_of(thing: Thing, it: Any, handed: Mapping[str, Any]) -> Facts:
    """handed: values by name, before all others; it: the object, None of a function."""
    named: dict[str, list[float]] = {}
    for name, value in (*handed.items(), *_values(thing, it, set(handed))):
        for meaning, number in _numbers(name, value):
            if number not in named.setdefault(meaning, []):
                named[meaning].append(number)
    return Facts(named, sorted(set(constants(thing))))


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """The meanings of a value, where it is a number or two betas."""
    both = isinstance(value, tuple | list) and len(value) == 2
    if both and all(isinstance(v, int | float) for v in value):
        yield from (("beta1", float(value[0])), ("beta2", float(value[1])))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from ((m, float(value)) for m in hits(name) if m in SETTINGS)


def _values(thing: Thing, it: Any, known: set[str]) -> Iterator[tuple[str, Any]]:
    """Defaults of the signatures, attributes of the object and its class, and of the settings that
    it holds; names that the code gives to constants."""
    for call in (thing.it, *_methods(thing)):
        try:
            parameters = inspect.signature(call).parameters
        except (TypeError, ValueError):
            continue
        for name, p in parameters.items():
            if name not in known and p.default is not p.empty:
                yield name, p.default
    own = dict(vars(it)) if hasattr(it, "__dict__") else {}
    groups = [v[0] for v in own.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
    for held in (*groups, *own.values()):
        more = held if isinstance(held, dict) else getattr(held, "__dict__", {})
        yield from ((k, v) for k, v in more.items() if isinstance(k, str))
    yield from own.items()
    if it is not None:
        yield from ((k, v) for each in type(it).__mro__ for k, v in vars(each).items())
    yield from names_beside(thing.it).items()
    yield from assigned(thing)


def _methods(thing: Thing) -> list[Any]:
    own = vars(thing.it).values() if thing.is_class else ()
    return [each for each in own if inspect.isfunction(each)]


def assigned(thing: Thing) -> Iterator[tuple[str, Any]]:
    """Names, and what is written as their constant, anywhere in the code."""
    parsed = tree(thing.it)
    for node in ast.walk(parsed) if parsed else ():
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            names = target.elts if both else [target]  # type: ignore[attr-defined]
            values = node.value.elts if both else [node.value]  # type: ignore[attr-defined]
            for name, value in zip(names, values):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                    yield name.id, value.value


def constants(thing: Thing) -> Iterator[float]:
    """Numbers between 0 and 1 in the code, and those that make 1 with them."""
    parsed = tree(thing.it)
    for node in ast.walk(parsed) if parsed else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < 1:
            yield from (node.value, round(1 - node.value, 12))
