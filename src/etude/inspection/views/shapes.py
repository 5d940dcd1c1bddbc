"""A table of the forward pass: for each step its output shape, statistics and cost."""

from numpy.typing import ArrayLike
from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.trace import Call
from etude.inspection.view import View, ViewPicture, notice, with_arrays
from etude.layers import LSTM, PatchEmbedding
from etude.locale.texts import say, text
from etude.render.table import table_picture

LETTERS = {4: "N C H W", 3: "N L D", 2: "N D"}
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Sigmoid, nn.Tanh)
INACTIVE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
"""Modules that do nothing in eval mode."""


def letters(call: Call) -> str:
    """The axes of an output in the notation of the package: "N C H W"."""
    if isinstance(call.module, PatchEmbedding):
        return "N P D"
    return LETTERS.get(len(call.output_shape), " ".join("?" * len(call.output_shape)))


def walk(calls: tuple[Call, ...]) -> list[Call]:
    """The calls that get a row: the first call of each module that computes something itself; the
    whole network comes last."""
    # Reversed, so that the first call of a name is the one that stays in the mapping.
    first = {c.name: c for c in reversed(calls)}
    own = [c for c in calls if first[c.name] is c]
    own = [c for c in own if not c.inner or c.multiply_adds or c.parameters]
    # sorted is stable, so only the whole network, whose name is empty, changes its place.
    return sorted((c for c in own if not isinstance(c.module, INACTIVE)), key=lambda c: not c.name)


def work_of(calls: tuple[Call, ...]) -> dict[str, int]:
    """Multiply-adds by module name, over all calls of one forward pass: a layer that the network
    calls twice costs twice."""
    work: dict[str, int] = {}
    for call in calls:
        work[call.name] = work.get(call.name, 0) + call.multiply_adds
    return work


def row(call: Call, work: int, whole: str) -> list[str]:
    """A row of the table. call: its statistics are over many samples; work: its multiply-adds for
    one sample; whole: the name of the whole network."""
    return [
        call.name or whole,
        call.kind,
        f"[{letters(call)}]",
        f"[{' '.join(['N', *map(str, call.output_shape[1:])])}]",
        f"{call.parameters:,}" if call.parameters else "",
        f"{work:,}" if work else "",
        f"{call.mean:.2f}",
        f"{call.std:.2f}",
        f"{call.zeros:.0%}" if isinstance(call.module, ACTIVATIONS) else "",
        _dead(call),
    ]


def _dead(call: Call) -> str:
    counts = call.dead is not None and isinstance(call.module, (*ACTIVATIONS, LSTM))
    return f"{call.dead}/{call.units}" if counts else ""


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the table."""
    # Statistics need many samples; costs are those of one sample.
    batch, count = subject.batch_trace
    calls, work = walk(batch.calls), work_of(subject.trace.calls)
    # The table is a picture, so its language must be one that an installed font can write.
    head, whole = (say(subject.figure_lang, f"shapes.{key}") for key in ("head", "whole"))
    rows = [head.split("|"), *(row(call, work[call.name], whole) for call in calls)]
    active = [c for c in calls if _dead(c)]
    dead, units = sum(c.dead or 0 for c in active), sum(c.units for c in active)
    sentence = (
        subject.say("shapes.dead", count=dead, units=units) if dead else subject.say("shapes.alive")
    )
    parameters = sum(c.parameters for c in batch.calls)
    total = sum(work.values())
    alt = subject.say(
        "shapes.alt", parameters=parameters, multiply_adds=total, count=count, dead=sentence
    )
    arrays: dict[str, ArrayLike] = {
        "step": [c.name for c in calls],
        "parameters": [c.parameters for c in calls],
        "multiply_adds": [work[c.name] for c in calls],
        "mean": [c.mean for c in calls],
        "std": [c.std for c in calls],
        "zeros": [c.zeros for c in calls],
        # An array of integers cannot hold None, and 0 would claim that no unit is dead.
        "dead": [-1 if c.dead is None else c.dead for c in calls],
    }
    table = table_picture("shapes", subject.say("shapes.title"), alt, rows, left=4)
    most = max((c for c in calls if c.parameters), key=lambda c: c.parameters)
    note = notice(
        subject, "shapes.notice", step=most.name or most.kind, kind=most.kind,
        share=most.parameters / parameters, count=most.parameters, total=parameters,
    )  # fmt: skip
    return [with_arrays(table, note, **arrays)]


VIEW = View(
    text("shapes.summary"),
    lambda subject: subject.sample_problem,
    draw,
)
