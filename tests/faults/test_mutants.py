"""The mutants' words are still in the code: else a proof that takes minutes would be the first to
say so."""

from pathlib import Path

import pytest

import etude
from tests.faults.mutants import MUTANTS

HOME = Path(etude.__file__).parent


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.fault)
def test_the_words_of_a_mutant_are_in_its_file(mutant):
    assert mutant.old in (HOME / mutant.file).read_text(encoding="utf-8")
