"""Which formula a user's optimizer is: the forms in which it can be called, against
the formulas, right ones first, then those with one fault or two."""

import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from etude.checking import formulas
from etude.checking.formulas import (
    ADAM,
    DECAY_FAULTS,
    DECAYS,
    MOMENTUM,
    NEAR,
    NONE,
    RULES,
    SGD,
    Rule,
    difference,
    problem,
    reference,
)
from etude.checking.optimizer_facts import Facts, meanings
from etude.checking.optimizer_trace import Form, Played, forms, method_of, play, takes_of
from etude.checking.program import Change
from etude.checking.source import CannotJudge, Thing
from etude.checking.subject import Subject
from etude.shapes import Tensor

MOST = 8
"""Forms that are compared with formulas."""
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Fit:
    """A formula that the user's steps equal. changes: its variant and its decay; faults: none of a
    right one; played: how."""

    rule: Rule
    changes: tuple[Change, ...]
    faults: tuple[Change, ...]
    error: float
    facts: Mapping[str, float]
    played: Played

    def log(self, *faults: Change) -> list[tuple[str, Tensor]]:
        """All values of the formula, by name."""
        params, grads = self.played.problem
        return reference(self.rule, params, grads, self.facts, *self.changes, *faults)[1]


@dataclass(frozen=True)
class Declared:
    """What a thing says that it is. rules: by its name, none where that says nothing; of_faults:
    those whose faults it may have; known: whether its name is of none that is not known here."""

    rules: tuple[Rule, ...]
    of_faults: tuple[Rule, ...]
    known: bool


def declared(thing: Thing, options: Options) -> Declared:
    """By the name, then by the parameters."""
    by_name = next((r for r in (*RULES[2:], MOMENTUM, SGD)
                    if re.search(r.called, thing.name, re.IGNORECASE)), None)  # fmt: skip
    rules = (SGD, MOMENTUM) if by_name is SGD else (by_name,) if by_name else ()
    said = signature(thing)
    taken = {m for n, m in meanings(list(said)).items() if options.get(n, said[n])}
    more = (ADAM,) if taken & {"betas", "beta2"} else (MOMENTUM,) if "momentum" in taken else ()
    if by_name is SGD and more == (MOMENTUM,):
        rules = more
    known = not formulas.OTHERS.search(thing.name)
    return Declared(rules, rules or more, known)


def signature(thing: Thing) -> dict[str, Any]:
    """The parameters of a class and of its step, or of a function: their defaults, True where they
    have none."""
    calls = [thing.it, method_of(thing.it)] if thing.is_class else [thing.it]
    found: dict[str, Any] = {}
    for call in calls:
        for name in takes_of(call):
            default = inspect.signature(call).parameters[name].default
            found.setdefault(name, True if default is inspect.Parameter.empty else default)
    return found


def facts_for(rule: Rule, facts: Facts, wide: bool = False) -> Iterator[dict[str, float]]:
    """What a formula may be played with. wide: also with any constants of the code."""
    rates = facts.of(("rate",))[:2] or [*facts.constants, 0.01, 0.001, 0.1, 1.0]
    names, lists = ["lr"], [rates]
    for name, meanings_of in rule.reads.items():
        values = facts.of(meanings_of)
        if wide and not any(m in facts.named for m in meanings_of):
            small = name == "eps"
            values += [c for c in facts.constants if (c < 1e-3 if small else c > 0.3)]
        if values:
            names.append(name)
            lists.append(list(dict.fromkeys(values)))
    for chosen in itertools.product(*lists):
        yield dict(zip(names, chosen))


def flat(values: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
    """All parameters as one."""
    return [[torch.cat([v.flatten() for v in each])] for each in values]


def equals(
    played: Played, rule: Rule, facts: Mapping[str, float], changes: Sequence[Change],
    faults: Sequence[Change] = (),
) -> Fit | None:  # fmt: skip
    """Whether the user's steps are those of this formula."""
    used = [name for change in (*changes, *faults) for name in change.steps]
    if len(set(used)) < len(used):
        return None
    params, grads = played.problem
    path = played.path
    if not {"slot", "clock"} & set(used):  # each number for itself: all at once
        (params,), grads, path = flat([params]), flat(grads), flat(path)
    try:
        with torch._C.DisableTorchFunction():  # nothing of ours needs a mode, which takes time
            expected, _ = reference(rule, params, grads, facts, *changes, *faults, like=path)
    except (RuntimeError, ZeroDivisionError, AttributeError):  # unlike shapes; t of 0; not given
        return None
    error = difference(path, expected)
    if len(expected) == len(path) and error < NEAR:
        return Fit(rule, tuple(changes), tuple(faults), error, facts, played)
    return None


def right(played: Played, rules: Sequence[Rule], wide: bool = False) -> Fit | None:
    """The first right formula that fits, without decay of the weights, else with it."""
    decays = [w for w in played.facts.of(("decay",)) if w][:2]
    for rule in rules:
        for facts in facts_for(rule, played.facts, wide):
            for variant in rule.variants:
                if found := equals(played, rule, facts, (variant,)):
                    return found
                for wd, decay in itertools.product(decays, DECAYS):
                    if found := equals(played, rule, {**facts, "wd": wd}, (variant, decay)):
                        return found
    return None


def wrong(played: Played, rules: Sequence[Rule], sure: bool) -> Fit | None:
    """The first formula with one fault that fits, else with two. sure: whether it is known what it
    should be; if not, only faults of any optimizer count."""
    decays = [w for w in played.facts.of(("decay",)) if w][:1]
    for rule in rules:
        known = list(itertools.islice(facts_for(rule, played.facts), 2))
        faults = rule.faults if sure else [f for f in rule.faults if f.name in ALWAYS]
        for facts, fault in itertools.product(known, faults):
            for variant in rule.variants:
                found = equals(played, rule, facts, (variant,), (fault,))
                if found and not equals(
                    played, rule, facts, (variant,)
                ):  # the fault does something
                    return found
            for wd, decay in itertools.product(decays, DECAYS[:2]):
                more = {**facts, "wd": wd}
                if found := equals(played, rule, more, (NONE, decay), (fault,)):
                    return found
        for wd, fault in itertools.product(decays, DECAY_FAULTS):
            for variant in rule.variants:
                more = {**known[0], "wd": wd}
                if found := equals(played, rule, more, (variant,), (fault,)):
                    return found
        if sure and not decays:
            for pair in itertools.combinations(faults, 2):
                if found := equals(played, rule, known[0], (NONE,), pair):
                    return found
    return None


ALWAYS = ("ascent", "not_in_place", "lr_applied_twice", "state_shared_between_parameters")


def settled(subject: Subject, options: Options, known: Form | None = None) -> Fit:
    """The formula that it is in the first form that is right, else in the first with known faults.
    known: the form, where it is. Raises CannotJudge where there is none."""
    said = declared(subject.thing, options)
    rules = said.rules or RULES
    played, found = workable(subject, options, known, rules)
    if found is None or unused_switch(found, subject.thing, options):
        faults = said.of_faults or RULES
        tried = [found.played] if found else sorted(played, key=lambda each: not each.moves)
        found = next((fit for each in tried if each.understood and said.known
                      and (fit := wrong(each, faults, bool(said.of_faults)))), None)  # fmt: skip
    if found is None:
        found = next((fit for each in played[:2] if (fit := right(each, rules, True))), None)
    if found is None:
        other = next((fit for each in played if (fit := right(each, RULES))), None)
        if other and said.rules:
            raise CannotJudge(
                "check_optimizer_other", torch=other.rule.torch, wanted=said.rules[0].torch
            )
        raise CannotJudge("check_optimizer_unknown")
    return found


def unused_switch(found: Fit, thing: Thing, options: Options) -> bool:
    """Whether it is handed a momentum, or a decay, that its steps do not have."""
    said = signature(thing)
    taken = {m for n, m in meanings(list(said)).items()
             if isinstance(value := options.get(n, said[n]), int | float) and value}  # fmt: skip
    still = found.rule is SGD and bool(taken & {"momentum", "beta1"})
    return still or ("decay" in taken and not any(c in DECAYS for c in found.changes))


def workable(
    subject: Subject, options: Options, known: Form | None, rules: Sequence[Rule]
) -> tuple[list[Played], Fit | None]:
    """The forms in which it plays all its steps, each that answers otherwise, until one is right;
    that one. Raises CannotJudge where there is none."""
    trouble: CannotJudge | None = None
    works: list[Played] = []
    for same in (False, True):
        for form in [known] if known else forms(subject):
            try:
                played = play(subject, replace(form, same=same or form.same), problem, options)
            except CannotJudge as error:
                if trouble is None or (error.code, trouble.code) == ("check_crashed", "check_ask"):
                    trouble = error
                continue
            if any(difference(played.path, each.path) == 0 for each in works):
                continue
            works.append(played)
            found = right(played, rules)
            if found or len(works) == MOST:
                return works, found
        if works:
            return works, None
    raise trouble or CannotJudge("check_call", call=subject.thing.name, wanted="step()")
