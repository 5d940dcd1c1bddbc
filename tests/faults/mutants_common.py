"""A mutant, and the short form for many mutants of one source file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """What is wrong, where, the words and what they become, and the check that must notice.

    file: below src/etude. old: occurs once in it. check: the id of a pytest test, or the name of a
    part of the fault proofs.
    """

    fault: str
    file: str
    old: str
    new: str
    check: str


def mutants(file: str, tests: str, *rows: tuple[str, str, str, str]) -> tuple[Mutant, ...]:
    """Mutants of `file`, each caught by a test of the file `tests`: (fault, old, new, test)."""
    return tuple(
        Mutant(fault, file, old, new, f"{tests}::{test}") for fault, old, new, test in rows
    )
