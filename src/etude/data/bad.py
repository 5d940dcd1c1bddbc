"""Bad samples: one error lists them all; or, if the user asks for it, they are left out and a note
lists them.

Only single samples can be left out: never a whole class and never more than half of the data. A
fault of the source as a whole is always an error.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from etude.errors import DataError
from etude.locale.texts import Text, text

SHOWN = 5
DO = "Repair, move or remove what is named here."
HINT = "Or go on without them: --skip-bad (data.skip_bad=true)."


class Bad(NamedTuple):
    """One sample that cannot be used. group: its split and class in words ("" if unknown)."""

    group: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def leave_out(
    what: str,
    bad: Sequence[Bad],
    good_groups: Iterable[str],
    *,
    skip: bool,
    fatal: Sequence[str] = (),
) -> tuple[Bad, ...]:
    """The samples to leave out: all of `bad`, if `skip` allows it and enough samples remain.

    what: the samples in words ("PATH: these pictures"). good_groups: the group of each good sample.
    fatal: problems of the source as a whole. Raises DataError with all problems.
    """
    if fatal or (bad and not skip):
        items = [*fatal, *map(str, () if skip else bad)]
        raise DataError(f"{what} cannot be used.", items=items, do=DO if fatal else f"{DO} {HINT}")
    groups = Counter(good_groups)
    total = groups.total() + len(bad)
    if 2 * len(bad) > total:
        raise DataError(
            f"{what} cannot be used: more than half ({len(bad):,} of {total:,}) are bad, "
            "too many to leave out.",
            items=map(str, bad),
            do=DO,
        )
    # Without this check the number of classes, and so of outputs, would change silently.
    lost = Counter(one.group for one in bad if one.group and one.group not in groups)
    if lost:
        raise DataError(
            f"{what} cannot be used: without its bad samples, a class has no samples.",
            items=[f"{group}: none of its {n} can be used" for group, n in lost.items()]
            + [str(one) for one in bad if one.group in lost],
            do=DO,
        )
    return tuple(bad)


def note(left_out: Sequence[Bad], total: int) -> Text:
    """A note that lists the first few samples left out; provenance.json lists them all."""
    samples = tuple(f"{one.name} ({one.reason})" for one in left_out[:SHOWN])
    count, more = len(left_out), len(left_out) - SHOWN
    if more <= 0:
        return text("data.note.bad", count=count, total=total, samples=samples)
    return text("data.note.bad.more", count=count, total=total, samples=samples, more=more)
