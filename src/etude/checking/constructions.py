"""Objects of a user's class, made by trying: with what the names of its parameters say, then with
what runs. Names order the tries and prove nothing; torch says what fits."""

import ast
import inspect
import itertools
import linecache
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from torch import nn

from etude.checking.build import READ, Built, Sizes, construct, seen
from etude.checking.settings import Settings, settings_for
from etude.checking.source import CannotJudge, Thing, is_module, names_beside, theirs
from etude.checking.usage import Use

MOST = 24
"""Combinations of arguments that are tried."""
FLOAT = re.compile(r"eps|epsilon|std|range|init\w*|scale|gain", re.IGNORECASE)
LARGE = 64
"""A size that can be divided by what is usual."""
ASKS = 12
"""Attributes of a configuration that are given values of no meaning."""


def constructions(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None,
    uses: Sequence[Use], errors: Sequence[str],
) -> Iterator[Built]:  # fmt: skip
    """Objects of a class, the likeliest first. given: values the user gave by name; how: makes it,
    an adapter's; uses: how the file's own whole makes it; errors: what calls of those so far
    raised, for sizes that differ say which would fit.

    Raises CannotJudge, with an example of the call, where there is none.
    """
    count, trouble = 0, None
    named = by_name(thing, sizes, given, how)
    if isinstance(named, CannotJudge) and named.code == "check_no_such":
        raise named  # what the user gives is not left out
    for built in itertools.chain([named], others(thing, sizes, given, how, uses)):
        for each in (built, *fitting(thing, sizes, given, built, errors)):
            if isinstance(each, CannotJudge):
                trouble = trouble or each
                continue
            count += 1
            yield each
    if not count and trouble:
        raise trouble


def first(thing: Thing, sizes: Sizes, given: Mapping[str, Any]) -> Built:
    """The likeliest object of a class. Raises CannotJudge where it cannot be made."""
    built = by_name(thing, sizes, given, None)
    if isinstance(built, CannotJudge):
        raise built
    return built


def by_name(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None
) -> Built | CannotJudge:
    """What the names of the parameters say; attributes of a configuration whose names say nothing
    get values as they are asked for."""
    more: dict[str, Any] = {}
    for _ in range(ASKS):
        asked: list[str] = []

        def settings(parameter: inspect.Parameter, asked: list[str] = asked) -> Any:
            made = settings_for(thing, sizes, more)(parameter)
            if made and isinstance(made[0], Settings):
                made[0].__dict__["_asked"] = asked
            return made

        try:
            return construct(thing, sizes, given, how, settings)
        except CannotJudge as error:
            unknown = [name for name in asked if name not in more]
            if not unknown:
                return error
            more[unknown[-1]] = _plain(unknown[-1])
    return CannotJudge("check_ask", parameter=next(iter(more)), call=thing.name)


def _plain(name: str) -> Any:
    """A value of no meaning for an attribute of this name."""
    if FLOAT.fullmatch(name):
        return 1e-5
    return None if re.search("dtype|device", name, re.IGNORECASE) else False


def others(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None,
    uses: Sequence[Use],
) -> Iterator[Built | CannotJudge]:  # fmt: skip
    """Objects made in other ways: as the file's own whole makes it, by its defaults, and with other
    sizes for the parameters whose names do not say which."""
    if how or not thing.is_class or isinstance(thing.it, nn.Module):
        return
    known = [use.made for use in uses if use.made]
    for placed, named in [*known, *call_sites(thing)]:
        try:
            values = inspect.signature(thing.it).bind(*placed, **named)
        except TypeError:  # a call in the file that would fail there too
            continue
        yield made(thing, sizes, values if not given else {**values.arguments, **given})
    for chosen in choices(thing, sizes, given):
        yield made(thing, sizes, chosen)


def call_sites(thing: Thing) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Arguments with which the file itself makes a class, where they are values that are written
    out, or names of the file."""
    module = names_beside(thing.it)
    try:
        parsed = ast.parse("".join(linecache.getlines(thing.file)))
    except SyntaxError:  # a cell of a notebook with commands that are not Python
        return
    for node in ast.walk(parsed):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != thing.it.__name__:
            continue
        with suppress(LookupError, ValueError):  # a name that exists only where the call is
            placed = [_written(each, module) for each in node.args]
            yield placed, {k.arg: _written(k.value, module) for k in node.keywords if k.arg}


def _written(node: ast.expr, module: Mapping[str, Any]) -> Any:
    """The value of an argument. Raises KeyError for an unknown name, ValueError for an expression
    that would have to be run."""
    if isinstance(node, ast.Name):
        return module[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        values = [_written(each, module) for each in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    return ast.literal_eval(node)


def fitting(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], built: Built | CannotJudge,
    errors: Sequence[str],
) -> Iterator[Built | CannotJudge]:  # fmt: skip
    """After a call failed because two sizes differ, and one is an argument: the object with the
    other size in its place."""
    if isinstance(built, CannotJudge) or not errors:
        return
    numbers = [int(n) for n in re.findall(r"\b\d{1,4}\b", errors[-1])]
    for name, value in built.values.items():
        if name in given or isinstance(value, bool) or value not in numbers:
            continue
        for other in dict.fromkeys(numbers):
            if other != value and other > 1:
                yield made(thing, sizes, {**built.values, name: other})


def made(
    thing: Thing, sizes: Sizes, values: "inspect.BoundArguments | Mapping[str, Any]"
) -> Built | CannotJudge:
    """An object with these arguments, its sizes by the meaning of its attributes and parameters."""
    named = values.arguments if isinstance(values, inspect.BoundArguments) else values
    said = ", ".join(f"{name}={value!r}" for name, value in named.items())
    try:
        with theirs(thing.file, "check_construct", call=f"{thing.name}({said})"):
            if isinstance(values, inspect.BoundArguments):
                it = thing.it(*values.args, **values.kwargs)
            else:
                it = thing.it(**values)
    except CannotJudge as error:
        return error
    used = seen(it, sizes, named) if isinstance(it, nn.Module) else {}
    return Built(it, used, f"{thing.name}({said})", dict(named))


def choices(thing: Thing, sizes: Sizes, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Values of the parameters, nearest to what their names say first."""
    try:
        parameters = inspect.signature(thing.it).parameters
    except (TypeError, ValueError):
        return
    named = {
        n: p for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    free = {
        name: [given[name]] if name in given else candidates(parameter, sizes, thing)
        for name, parameter in named.items()
        if name in given or parameter.default is parameter.empty
    }
    sized = [range(len(values)) for values in free.values()]
    ranked = sorted(itertools.islice(itertools.product(*sized), 4096), key=sum)
    large = tuple(values.index(LARGE) if LARGE in values else 0 for values in free.values())
    for chosen in [*ranked[:1], large, *ranked[1:MOST]]:
        yield {name: values[i] for i, (name, values) in zip(chosen, free.items())}


BLOCKS = re.compile(r"(\w*_)?(block|cell|layer|bottleneck|module)(_?(type|cls|class|fn))?", re.I)
LISTS = re.compile(r"(num_?|n_?)?(layers|blocks|depths|stages|sizes|dims|widths|filters)\w*", re.I)


def candidates(parameter: inspect.Parameter, sizes: Sizes, thing: Thing) -> list[Any]:
    """Values that a required parameter may have: a class of the file, or a list, where its name
    says so; of all its name may mean; then of all sizes in the order of the role."""
    special: list[Any] = []
    if BLOCKS.fullmatch(parameter.name):
        module = names_beside(thing.it)
        own = [it for it in module.values() if is_module(it) and inspect.isclass(it)]
        special = [it for it in own if it is not thing.it and it.__module__ == thing.it.__module__]
    elif LISTS.fullmatch(parameter.name):
        special = [(1, 1, 1, 1), (12, 16, 5)]
    hits = [m for m in sizes.known if READ[m].fullmatch(parameter.name)]
    rest = [*sizes.order, *(m for m in sizes.known if m not in sizes.order)]
    whole = [sizes.known[m] for m in (*hits, *(m for m in rest if m not in hits))]
    plain: list[Any] = [value for value in whole if isinstance(value, int | float)]
    if isinstance(image := sizes.known.get("image"), tuple):
        plain.append((sizes.known.get("channels", 1), *image))
    return list(dict.fromkeys([*special, *plain, LARGE]))
