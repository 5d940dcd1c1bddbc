"""From a file, class, function or module to verdicts: guess the role, build, look, say."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from etude.checking import loading, roles, source
from etude.checking.build import Built
from etude.checking.constructions import constructions
from etude.checking.exactness import exactly
from etude.checking.loading import Loaded
from etude.checking.source import CannotJudge, Thing, crashed
from etude.checking.subject import Subject, is_lazy
from etude.checking.usage import Usage
from etude.checking.verdict import Verdict

UNFIT = ("check_ask", "check_call", "check_construct", "check_crashed", "check_empty_layer",
         "check_no_product", "check_no_tensor", "check_product", "check_shape",
         "check_transposed")  # fmt: skip
"""Reasons to try another way to make or to call a thing: this one does not fit it."""
UNPROVEN = ("differs", "update_differs")
"""Findings that say only that something is not the form that was tried. They accuse no one."""
SECONDS = 5.0
"""After so many, no further way to make a thing is tried."""
Progress = Callable[[str], None]


def judge(
    thing: Thing, role: str = "", given: Mapping[str, Any] | None = None,
    adapter: ModuleType | None = None, usage: Usage | None = None,
) -> Verdict:  # fmt: skip
    """One thing, by the first way to make it that fits. role: '' to guess it; given: values of its
    parameters by name; adapter: a module with `build()` and `call(it, *inputs)`, where signatures
    are not enough; usage: how other things of its file use it."""
    role, usage = role or _role_of(thing), usage or Usage()
    about = Verdict("unknown", thing.name, role, Path(thing.file).name, thing.line)
    if not role:
        return _shown(replace(about, why=("check_no_role", {})), thing)
    if line := source.hole(thing.it):
        return _shown(replace(about, why=("check_hole", {"line": line})), thing)
    return _shown(_judged(about, thing, given or {}, adapter, usage), thing)


def _shown(verdict: Verdict, thing: Thing) -> Verdict:
    return replace(verdict, excerpt=source.excerpt(thing.file, verdict.marked))


def _judged(
    about: Verdict, thing: Thing, given: Mapping[str, Any], adapter: ModuleType | None, usage: Usage
) -> Verdict:
    """By the first way to make it that fits."""
    first, until = None, time.monotonic() + SECONDS
    errors: list[str] = []
    try:
        for built in _built(about.role, thing, given, adapter, usage, errors):
            call, samples = getattr(adapter, "call", None), usage.of(thing.name)
            subject = Subject(thing, built, call, samples=samples)
            verdict = _examined(about, subject)
            if verdict.why is None or verdict.why[0] not in UNFIT:
                return verdict
            first = first or verdict  # the likeliest way says best what is in the way
            if time.monotonic() > until:
                break
            errors.append(str(verdict.why[1].get("error", "")))
    except CannotJudge as error:
        return first or replace(about, why=(error.code, error.values))
    except (Exception, SystemExit) as error:  # a form that the check was not made for
        told = crashed(error, thing.file, "check_unforeseen")
        return first or replace(about, why=(told.code, told.values))
    return first or replace(about, why=("check_unknown", {}))


def _built(
    role: str, thing: Thing, given: Mapping[str, Any], adapter: ModuleType | None, usage: Usage,
    errors: Sequence[str],
) -> Iterator[Built]:  # fmt: skip
    """The ways to make a thing, each in float64. errors: what was raised in those so far."""
    found, how = roles.role(role), getattr(adapter, "build", None)
    if not (found.made or how):
        yield Built(thing.it, {}, thing.name)
        return
    with exactly():
        uses = usage.of(thing.name)
        made = constructions(thing, found.sizes, given, how, uses, errors)
    while True:
        with exactly():
            built = next(made, None)
            if built is None:
                return
            if isinstance(built.it, torch.nn.Module):
                built.it.double()
        yield built


def _examined(about: Verdict, subject: Subject) -> Verdict:
    """What the role's judge says of one object."""
    try:
        with exactly():
            if any(not is_lazy(p) and not p.numel() for p in subject.parameters.values()):
                raise CannotJudge("check_empty_layer", call=subject.built.said)
            roles.role(about.role).judge(subject)
    except CannotJudge as error:
        return replace(about, why=(error.code, error.values))
    proven = [each for each in subject.found if each.code not in UNPROVEN]
    if not proven and (subject.found or subject.doubt):
        why = subject.doubt or ("check_no_match", _gap(subject))
        return replace(about, why=why, steps=subject.steps, checked=tuple(subject.held))
    return replace(
        about,
        status="wrong" if proven else "right",
        finding=proven[0] if proven else None,
        others=tuple(proven[1:]),
        checked=tuple(subject.held),
        variants=tuple(subject.variants),
        steps=subject.steps,
    )


def _gap(subject: Subject) -> dict[str, Any]:
    """The first step that an unproven finding names, and its line."""
    finding = subject.found[0]
    return {"step": finding.facts.get("step", "output"), "line": finding.line}


def judge_file(
    path: Path, name: str = "", role: str = "", given: Mapping[str, Any] | None = None,
    adapter: Path | None = None, progress: Progress = lambda name: None,
) -> list[Verdict]:  # fmt: skip
    """All of a file that has a role, parts before wholes; or the one thing that is named. progress:
    called with the name of each thing before it is judged.

    A whole whose own parts are wrong is wrong for their reason, so the first wrong one counts.
    """
    try:
        with exactly():
            module = loading.load(path)
            helper = loading.load(adapter) if adapter else None
    except CannotJudge as error:
        about = Verdict("unknown", path.stem, role, path.name, why=(error.code, error.values))
        return [replace(about, excerpt=source.excerpt(str(path.resolve()), about.marked))]
    return judge_module(module, name, role, given, helper, progress)


def judge_module(
    module: ModuleType, name: str = "", role: str = "", given: Mapping[str, Any] | None = None,
    helper: ModuleType | None = None, progress: Progress = lambda name: None,
) -> list[Verdict]:  # fmt: skip
    """The same of what has been imported. helper: an adapter."""
    chosen = chosen_of(module, name, role)
    if isinstance(chosen, Verdict):
        return [_lost(module, chosen)]
    usage, found = Usage(), dict[str, Verdict]()
    # Wholes first: they show how their parts are made and called.
    for kind, thing in reversed(chosen):
        progress(thing.name)
        usage.whole = thing.name
        with usage.watching(module):
            found[thing.name] = judge(thing, kind, given, helper, usage)
    proven = {each for each, verdict in found.items() if proves(verdict)}
    for _, thing in chosen:
        used_by = sorted(usage.wholes.get(thing.name, set()) & proven)
        if used_by and not stands(found[thing.name]):
            found[thing.name] = as_used(found[thing.name], used_by[0])
    return [found[thing.name] for _, thing in chosen]


ELSEWHERE = re.compile(r"mask|drop|eval|mode|random|noise|state|padding|regist|list")
"""Faults of what a whole may leave unused, or does not show in its values: a right whole does not
disprove them."""


def proves(verdict: Verdict) -> bool:
    """Whether a verdict on a whole says that its parts are right: its outputs and gradients equal a
    reference's. What is right by its properties alone may hide a part that is wrong."""
    return verdict.status == "right" and {"outputs", "gradients"} <= dict(verdict.checked).keys()


def stands(verdict: Verdict) -> bool:
    """Whether a verdict on a part holds though a whole that is right, values and gradients, uses
    the part."""
    finding = verdict.finding
    return verdict.status == "right" or bool(finding and ELSEWHERE.search(finding.code))


def as_used(verdict: Verdict, whole: str) -> Verdict:
    """A part that is right in the way in which a right whole uses it: with its sizes, layout, scale
    and mask."""
    return Verdict(
        "right", verdict.name, verdict.role, verdict.file, verdict.line,
        checked=(*verdict.checked, ("as_used", whole)), variants=("as_used",),
    )  # fmt: skip


def chosen_of(module: ModuleType, name: str, role: str) -> list[tuple[str, Thing]] | Verdict:
    """What is judged, with its role, parts before wholes; or why nothing is."""
    file = module.__file__ or "module"
    about = Verdict("unknown", name or Path(file).stem, role, Path(file).name)
    found = list(source.things(module))
    whole = Thing(Path(file).stem, module, str(Path(file).resolve()))
    if name:
        named = [each for each in found if each.name == name]
        names = ", ".join(each.name for each in found) or "-"
        missing = replace(about, why=("check_no_name", {"names": names}))
        return [(role or _role_of(each), each) for each in named] or missing
    if not found:
        return replace(about, why=("check_empty", {}))
    if role and roles.role(role).whole:
        return [(role, whole)]
    if role:
        return [(role, each) for each in found if roles.guess(each) == role] or [(role, found[-1])]
    guessed = [(roles.guess(each), each) for each in found]
    for wide in (each for each in roles.NAMES if roles.role(each).whole):
        if roles.fits(wide, whole):
            guessed = [(wide, whole)]
    known = [(r, each) for r, each in guessed if r]
    if not known:
        known = [(r, each) for each in found if (r := _role_of(each))]
    known.sort(key=lambda pair: roles.NAMES.index(pair[0]))
    return known or replace(about, why=("check_no_role", {}))


def _role_of(thing: Thing) -> str:
    """The role of a thing; a module that is no known part is judged as any network is."""
    return roles.guess(thing) or ("network" if source.is_module(thing.it) else "")


def _lost(module: ModuleType, verdict: Verdict) -> Verdict:
    """Where nothing of a file can be judged because a statement of it failed, that is why."""
    if isinstance(module, Loaded) and (trouble := [*module.lost.values(), *module.skipped]):
        verdict = replace(verdict, why=(trouble[0].code, trouble[0].values))
    return replace(verdict, excerpt=source.excerpt(module.__file__ or "", verdict.marked))
