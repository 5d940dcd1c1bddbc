"""Each mutant still fits the source and the tests, checked here in a second: the proof that each is
caught takes minutes."""

import ast
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

import etude
from tests.faults.common import REPOSITORY
from tests.faults.mutants import MUTANTS, PARTS
from tests.faults.mutants_common import Mutant

HOME = Path(etude.__file__).parent


@lru_cache
def names_of_tests(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return frozenset(part.name for part in tree.body if isinstance(part, ast.FunctionDef))


def problems(mutant: Mutant) -> list[str]:
    """Why a mutant cannot be tried: its words, its replacement or its check; empty if it can."""
    text = (HOME / mutant.file).read_text(encoding="utf-8")
    reasons = []
    if text.count(mutant.old) != 1:
        reasons.append(f"its words occur {text.count(mutant.old)} times in {mutant.file}")
    if mutant.new == mutant.old:
        reasons.append("it changes nothing")
    try:
        ast.parse(text.replace(mutant.old, mutant.new))
    except SyntaxError as error:
        reasons.append(f"the changed source is not Python: {error}")
    file, _, test = mutant.check.partition("::")
    if file not in PARTS and not (REPOSITORY / file).is_file():
        reasons.append(f"there is no file {file}")
    elif test and test.partition("[")[0] not in names_of_tests(file):
        reasons.append(f"{file} has no {test}")
    return reasons


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.fault)
def test_a_mutant_can_be_tried(mutant):
    assert problems(mutant) == []


def test_every_fault_has_a_name_of_its_own():
    assert [name for name, count in Counter(m.fault for m in MUTANTS).items() if count > 1] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"old": "no such words"}, "occur 0 times"),
        ({"old": "step", "new": "stage"}, "occur [0-9]+ times"),
        ({"new": "peak = max(rise - 1, 0)"}, "changes nothing"),
        ({"new": "peak = max(rise"}, "not Python"),
        ({"check": "tests/training/test_schedule.py::test_nothing"}, "has no test_nothing"),
        ({"check": "tests/test_nothing.py"}, "no file"),
    ],
)
def test_a_mutant_that_cannot_be_tried_is_noticed(change, problem):
    """The saboteur: of a mutant that can be tried, one field is spoiled."""
    sound = next(m for m in MUTANTS if m.old == "peak = max(rise - 1, 0)")
    assert problems(sound) == []
    with pytest.raises(AssertionError, match=problem):
        test_a_mutant_can_be_tried(replace(sound, **change))
