"""Bad samples: one error lists them all; or, if the user asks for it, they are left out and a note
lists them.

Only single samples can be left out: never a whole class and never more than half of the data. A
fault of the source as a whole is always an error.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from etude.errors import DataError
from etude.locale.texts import Sentence, Text, render, text

SHOWN = 5


class Bad(NamedTuple):
    """One sample that cannot be used. group: its split and class ("" if unknown). reason: what is
    wrong with it, without a full stop."""

    group: str
    name: str
    reason: Sentence

    def __str__(self) -> str:
        return render("en", self.sentence)

    @property
    def sentence(self) -> Text:
        """The sample and its reason."""
        return text("data.at", where=self.name, what=self.reason)


def leave_out(
    what: Sentence,
    bad: Sequence[Bad],
    good_groups: Iterable[str],
    *,
    skip: bool,
    fatal: Sequence[Sentence] = (),
) -> tuple[Bad, ...]:
    """The samples to leave out: all of `bad`, if `skip` allows it and enough samples remain.

    what: the samples in words ("PATH: these pictures"). good_groups: the group of each good sample.
    fatal: problems of the source as a whole. Raises DataError with all problems.
    """
    if fatal or (bad and not skip):
        raise DataError(
            text("data.bad.unusable", what=what),
            items=[*fatal, *(one.sentence for one in (() if skip else bad))],
            do=text("data.bad.do") if fatal else text("data.bad.do.skip"),
        )
    groups = Counter(good_groups)
    total = groups.total() + len(bad)
    if 2 * len(bad) > total:
        raise DataError(
            text("data.bad.half", what=what, count=len(bad), total=total),
            items=[one.sentence for one in bad],
            do=text("data.bad.do"),
        )
    # Without this check the number of classes, and so of outputs, would change silently.
    lost = Counter(one.group for one in bad if one.group and one.group not in groups)
    if lost:
        raise DataError(
            text("data.bad.lost", what=what),
            items=[text("data.bad.lost.class", group=g, count=n) for g, n in lost.items()]
            + [one.sentence for one in bad if one.group in lost],
            do=text("data.bad.do"),
        )
    return tuple(bad)


def note(left_out: Sequence[Bad], total: int) -> Text:
    """A note that lists the first few samples left out; provenance.json lists them all."""
    samples = tuple(
        text("data.note.bad.sample", name=one.name, reason=one.reason) for one in left_out[:SHOWN]
    )
    count, more = len(left_out), len(left_out) - SHOWN
    if more <= 0:
        return text("data.note.bad", count=count, total=total, samples=samples)
    return text("data.note.bad.more", count=count, total=total, samples=samples, more=more)
