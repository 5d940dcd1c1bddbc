"""The walk of shapes: each step of the forward pass, what it gives and what it costs."""

from torch import nn

from etude.inspection.subject import Subject
from etude.inspection.trace import Call
from etude.inspection.view import Shown, View, notice, with_arrays
from etude.layers import LSTM, PatchEmbedding
from etude.render.table import table_picture

LETTERS = {4: "N C H W", 3: "N L D", 2: "N D"}
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.Sigmoid, nn.Tanh)
PASSED = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
"""They do nothing when a network is looked at."""
HEAD = [
    "step", "what", "gives", "size", "parameters", "mult-adds", "mean", "std", "zeros", "dead",
]  # fmt: skip


def letters(call: Call) -> str:
    """A shape in the house notation."""
    if isinstance(call.module, PatchEmbedding):
        return "N P D"
    return LETTERS.get(len(call.made), " ".join("?" * len(call.made)))


def walk(calls: tuple[Call, ...]) -> list[Call]:
    """The steps worth a line, those that compute something themselves, at their first call; the
    whole comes last."""
    first = {c.name: c for c in reversed(calls)}
    own = [c for c in calls if first[c.name] is c]
    own = [c for c in own if not c.inner or c.multiply_adds or c.parameters]
    return sorted((c for c in own if not isinstance(c.module, PASSED)), key=lambda c: not c.name)


def work_of(calls: tuple[Call, ...]) -> dict[str, int]:
    """Multiply-adds by module name: of all calls of one pass, so that a layer that a network uses
    twice costs twice."""
    found: dict[str, int] = {}
    for call in calls:
        found[call.name] = found.get(call.name, 0) + call.multiply_adds
    return found


def row(call: Call, work: int) -> list[str]:
    """A line of the table. call: over many samples; work: its multiply-adds for one sample."""
    return [
        call.name or "(its own)",
        call.kind,
        f"[{letters(call)}]",
        f"[{' '.join(['N', *map(str, call.made[1:])])}]",
        f"{call.parameters:,}" if call.parameters else "",
        f"{work:,}" if work else "",
        f"{call.mean:.2f}",
        f"{call.std:.2f}",
        f"{call.zeros:.0%}" if isinstance(call.module, ACTIVATIONS) else "",
        _dead(call),
    ]


def _dead(call: Call) -> str:
    told = call.dead is not None and isinstance(call.module, (*ACTIVATIONS, LSTM))
    return f"{call.dead}/{call.units}" if told else ""


def draw(subject: Subject) -> list[Shown]:
    """One table."""
    crowd, count = subject.crowd
    calls, work = walk(crowd.calls), work_of(subject.trace.calls)
    rows = [HEAD, *(row(call, work[call.name]) for call in calls)]
    told = [c for c in calls if _dead(c)]
    dead, units = sum(c.dead or 0 for c in told), sum(c.units for c in told)
    said = (
        subject.say("shapes.dead", count=dead, units=units) if dead else subject.say("shapes.alive")
    )
    parameters = sum(c.parameters for c in crowd.calls)
    total = sum(work.values())
    alt = subject.say(
        "shapes.alt", parameters=parameters, multiply_adds=total, count=count, dead=said
    )
    arrays = {
        "step": [c.name for c in calls],
        "parameters": [c.parameters for c in calls],
        "multiply_adds": [work[c.name] for c in calls],
        "mean": [c.mean for c in calls],
        "std": [c.std for c in calls],
        "zeros": [c.zeros for c in calls],
        "dead": [-1 if c.dead is None else c.dead for c in calls],
    }
    drawn = table_picture("shapes", subject.say("shapes.title"), alt, rows, left=4)
    most = max((c for c in calls if c.parameters), key=lambda c: c.parameters)
    noticed = notice(
        subject, "shapes.notice", step=most.name or most.kind, kind=most.kind,
        share=most.parameters / parameters, count=most.parameters, total=parameters,
    )  # fmt: skip
    return [with_arrays(drawn, noticed, **arrays)]


VIEW = View(
    "each step of the forward pass: shape, parameters, multiply-adds, statistics, dead units",
    lambda subject: subject.no_sample,
    draw,
)
