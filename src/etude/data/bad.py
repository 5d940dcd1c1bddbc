"""Bad samples: all named in one error; or, where the user asks for it, left out and told.

Only single samples are left out, and only where enough remains: never a whole class, never more
than half. What makes a source doubtful as a whole is an error, whatever the user asks.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from etude.errors import DataError

SHOWN = 5
DO = "Repair, move or remove what is named here."
HINT = "Or go on without them: --skip-bad (data.skip_bad=true)."


class Bad(NamedTuple):
    """One sample that cannot be used. group: its split and class as told ("" where unknown)."""

    group: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def settle(
    told: str,
    bad: Sequence[Bad],
    kept: Iterable[str],
    *,
    skip: bool,
    fatal: Sequence[str] = (),
) -> tuple[Bad, ...]:
    """The samples to leave out: all of `bad` if that was asked for and is safe, none if none is.

    told: what they are ("PATH: these pictures"); kept: the groups of the good samples; fatal: what
    is wrong and is no single sample. Raises DataError naming everything that stands in the way.
    """
    if fatal or (bad and not skip):
        items = [*fatal, *map(str, () if skip else bad)]
        raise DataError(f"{told} cannot be used.", items=items, do=DO if fatal else f"{DO} {HINT}")
    groups = Counter(kept)
    total = groups.total() + len(bad)
    if 2 * len(bad) > total:
        raise DataError(
            f"{told} cannot be used: more than half ({len(bad):,} of {total:,}) are bad, "
            "too many to leave out.",
            items=map(str, bad),
            do=DO,
        )
    lost = Counter(one.group for one in bad if one.group and one.group not in groups)
    if lost:
        raise DataError(
            f"{told} cannot be used: without what is bad, a class has no samples.",
            items=[f"{group}: none of its {n} can be used" for group, n in lost.items()]
            + [str(one) for one in bad if one.group in lost],
            do=DO,
        )
    return tuple(bad)


def note(left_out: Sequence[Bad], total: int) -> str:
    """What was left out, in words: the first few; a run's provenance has all."""
    some = ", ".join(f"{one.name} ({one.reason})" for one in left_out[:SHOWN])
    more = len(left_out) - SHOWN
    rest = f" and {more} more, all named in provenance.json" if more > 0 else ""
    return f"left out {len(left_out)} of {total:,}: {some}{rest}"
