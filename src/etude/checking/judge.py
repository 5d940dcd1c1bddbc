"""From a file, class, function or module to verdicts: guess the role, build, look, say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from etude.checking import roles, source
from etude.checking.build import Built, construct
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.checking.verdict import Verdict


@contextmanager
def exactly() -> Iterator[None]:
    """In float64 on one thread, noise from a fixed place; all as it was afterwards."""
    before, threads, state = (
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.get_rng_state(),
    )
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)
        torch.set_num_threads(threads)
        torch.set_rng_state(state)


def judge(
    thing: Thing, role: str = "", given: Mapping[str, Any] | None = None,
    adapter: ModuleType | None = None,
) -> Verdict:  # fmt: skip
    """One thing. role: '' to guess it; given: values of its parameters by name; adapter: a module
    with `build()` and `call(it, *inputs)`, where signatures are not enough."""
    role = role or roles.guess(thing)
    verdict = _judged(thing, role, given or {}, adapter)
    return replace(verdict, excerpt=source.excerpt(thing.file, verdict.marked))


def _judged(
    thing: Thing, role: str, given: Mapping[str, Any], adapter: ModuleType | None
) -> Verdict:
    about = Verdict("unknown", thing.name, role, Path(thing.file).name, thing.line)
    if not role:
        return replace(about, why=("check_no_role", {}))
    found = roles.role(role)
    try:
        with exactly():
            how = getattr(adapter, "build", None)
            late = not (found.made or how)
            built = (
                Built(thing.it, {}, thing.name)
                if late
                else construct(thing, found.sizes, given, how)
            )
            if isinstance(built.it, torch.nn.Module):
                built.it.double()
            subject = Subject(thing, built, getattr(adapter, "call", None))
            found.judge(subject)
    except CannotJudge as error:
        return replace(about, why=(error.code, error.values))
    if subject.doubt and not subject.found:
        return replace(about, why=subject.doubt, steps=subject.steps, checked=tuple(subject.held))
    return replace(
        about,
        status="wrong" if subject.found else "right",
        finding=subject.found[0] if subject.found else None,
        others=tuple(subject.found[1:]),
        checked=tuple(subject.held),
        variants=tuple(subject.variants),
        steps=subject.steps,
    )


def judge_file(
    path: Path, name: str = "", role: str = "", given: Mapping[str, Any] | None = None,
    adapter: Path | None = None,
) -> list[Verdict]:  # fmt: skip
    """All of a file that has a role, parts before wholes; or the one thing that is named.

    A whole whose own parts are wrong is wrong for their reason, so the first wrong one counts.
    """
    try:
        module = source.load(path)
        helper = source.load(adapter) if adapter else None
    except CannotJudge as error:
        about = Verdict("unknown", path.stem, role, path.name, why=(error.code, error.values))
        return [replace(about, excerpt=source.excerpt(str(path.resolve()), about.marked))]
    return judge_module(module, name, role, given, helper)


def judge_module(
    module: ModuleType, name: str = "", role: str = "", given: Mapping[str, Any] | None = None,
    helper: ModuleType | None = None,
) -> list[Verdict]:  # fmt: skip
    """The same of what has been imported. helper: an adapter."""
    path = Path(module.__file__ or "module")
    found = list(source.things(module))
    whole = Thing(path.stem, module, str(path.resolve()))
    if name:
        chosen = [each for each in found if each.name == name]
        if not chosen:
            names = ", ".join(each.name for each in found) or "-"
            return [
                Verdict("unknown", name, role, path.name, why=("check_no_name", {"names": names}))
            ]
        return [judge(chosen[0], role, given, helper)]
    if not found:
        return [Verdict("unknown", path.stem, role, path.name, why=("check_empty", {}))]
    if role and roles.role(role).whole:
        return [judge(whole, role, given, helper)]
    if role:
        found = [each for each in found if roles.guess(each) == role] or found[-1:]
        return [judge(each, role, given, helper) for each in found]
    guessed = [(roles.guess(each), each) for each in found]
    for wide in (each for each in roles.NAMES if roles.role(each).whole):
        if roles.fits(wide, whole):
            guessed = [(wide, whole)]
    known = [(r, each) for r, each in guessed if r]
    if not known:
        return [Verdict("unknown", path.stem, "", path.name, why=("check_no_role", {}))]
    known.sort(key=lambda pair: roles.NAMES.index(pair[0]))
    return [judge(each, r, given, helper) for r, each in known]
