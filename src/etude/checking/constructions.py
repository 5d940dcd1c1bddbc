"""Objects of a user's class, made by trying: with what the names of its parameters say, then with
what runs. Names order the tries and prove nothing; torch says what fits."""

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from etude.checking.build import READ, Built, Sizes, construct, seen
from etude.checking.settings import Settings, settings_for
from etude.checking.source import CannotJudge, Thing, theirs
from etude.checking.usage import Use

MOST = 24
"""Combinations of arguments that are tried."""
FLOAT = re.compile(r"eps|epsilon|std|range|init\w*|scale|gain", re.IGNORECASE)
ASKS = 12
"""Attributes of a configuration that are given values of no meaning."""


def constructions(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None,
    uses: Sequence[Use],
) -> Iterator[Built]:  # fmt: skip
    """Objects of a class, the likeliest first. given: values the user gave by name; how: makes it,
    an adapter's; uses: how the file's own whole makes it.

    Raises CannotJudge, with an example of the call, where there is none.
    """
    count, trouble = 0, None
    named = by_name(thing, sizes, given, how)
    for built in itertools.chain([named], others(thing, sizes, given, how, uses)):
        if isinstance(built, CannotJudge):
            trouble = trouble or built
            continue
        count += 1
        yield built
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
            more[unknown[-1]] = 1e-5 if FLOAT.fullmatch(unknown[-1]) else False
    return CannotJudge("check_ask", parameter=next(iter(more)), call=thing.name)


def others(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None,
    uses: Sequence[Use],
) -> Iterator[Built | CannotJudge]:  # fmt: skip
    """Objects made in other ways: as the file's own whole makes it, by its defaults, and with other
    sizes for the parameters whose names do not say which."""
    if how or not thing.is_class or isinstance(thing.it, nn.Module):
        return
    for arguments, options in (use.made for use in uses):
        if not given:
            yield made(thing, sizes, inspect.signature(thing.it).bind(*arguments, **options))
    for values in choices(thing, sizes, given):
        yield made(thing, sizes, values)


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
    return Built(it, used, f"{thing.name}({said})")


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
        name: [given[name]] if name in given else candidates(parameter, sizes)
        for name, parameter in named.items()
        if name in given or parameter.default is parameter.empty
    }
    sized = [range(len(values)) for values in free.values()]
    ranked = sorted(itertools.islice(itertools.product(*sized), 4096), key=sum)
    for chosen in itertools.islice(ranked, MOST):
        yield {name: values[i] for i, (name, values) in zip(chosen, free.items())}


def candidates(parameter: inspect.Parameter, sizes: Sizes) -> list[Any]:
    """Values that a required parameter may have: of all its name may mean, then of all sizes in
    the order of the role."""
    hits = [m for m in sizes.known if READ[m].fullmatch(parameter.name)]
    rest = [*sizes.order, *(m for m in sizes.known if m not in sizes.order)]
    whole = [sizes.known[m] for m in (*hits, *(m for m in rest if m not in hits))]
    plain: list[Any] = [value for value in whole if isinstance(value, int | float)]
    if isinstance(image := sizes.known.get("image"), tuple):
        plain.append((sizes.known.get("channels", 1), *image))
    return list(dict.fromkeys(plain)) or [1]
