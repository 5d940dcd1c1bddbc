"""An LSTM cell as a program of named steps, its forms and its faults.

N batch · D hidden width · gates i input, f forget, g candidate, o output
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F

from etude.checking import common
from etude.checking.program import Change, Steps
from etude.shapes import Tensor


def gate(s: Steps, name: str, c: Tensor) -> Tensor:
    """What a gate's function gets: from s.x and s.h, and c where it has a peephole."""
    made: Tensor = s.x @ s.Wx[name].mT + s.h @ s.Wh[name].mT + s.b[name]
    if name in s.peep:
        weight = s.peep[name]
        made = made + (c * weight if weight.ndim == 1 else c @ weight.mT)
    return made


def closed(s: Steps, x: Tensor) -> Tensor:
    """By a gate's function: the sigmoid, or what it was exchanged for."""
    made: Tensor = s.other("gate", torch.sigmoid)(x)
    return made


def cell(s: Steps) -> Tensor:
    """From s.x [N E], s.h, s.c [N D] to the next h and c side by side [N 2D]; weights by gate."""
    s.step("pre_i", lambda s: gate(s, "i", s.c))
    s.step("pre_f", lambda s: gate(s, "f", s.c))
    s.step("pre_g", lambda s: gate(s, "g", s.c))
    s.step("f", lambda s: closed(s, s.pre_f))
    s.step("i", lambda s: closed(s, s.pre_i))
    s.step("g", lambda s: torch.tanh(s.pre_g))
    s.step("kept", lambda s: s.f * s.c)
    s.step("added", lambda s: s.i * s.g)
    s.step("c_new", lambda s: s.kept + s.added)
    s.step("pre_o", lambda s: gate(s, "o", s.c_new))
    s.step("o", lambda s: closed(s, s.pre_o))
    s.step("squashed", lambda s: torch.tanh(s.c_new))
    s.step("h_new", lambda s: s.o * s.squashed)
    joined: Tensor = s.step("joined", lambda s: torch.cat([s.h_new, s.c_new], -1))
    return joined


FORMS = (
    common.plain("lstm"),
    Change("forget_bias", {"f": lambda s: closed(s, s.pre_f + 1)}),
    Change("coupled_gates", {"i": lambda s: 1 - s.f}),
    Change("hard_sigmoid", {"gate": F.hardsigmoid}),
    Change("hard_sigmoid", {"gate": lambda x: (0.2 * x + 0.5).clamp(0, 1)}),
)
LONG = {"i": "input", "f": "forget", "o": "output", "g": "candidate"}


def _gates() -> Iterator[Change]:
    """The same slip at each gate."""

    def pre(name: str) -> Callable[[Steps], Tensor]:
        return lambda s: getattr(s, f"pre_{name}")

    def without(name: str) -> Callable[[Steps], Tensor]:
        return lambda s: s.x @ s.Wx[name].mT + s.b[name]

    def of(name: str, x: str, h: str) -> Callable[[Steps], Tensor]:
        return lambda s: s.x @ s.Wx[x].mT + s.h @ s.Wh[h].mT + s.b[name]

    for name in "ifo":
        said = {"gate": LONG[name]}
        raw = pre(name)
        yield Change("gate_tanh", {name: lambda s, raw=raw: raw(s).tanh()}, said)
        yield Change("gate_not_squashed", {name: raw}, said)
        yield Change(
            "gate_squashed_twice", {name: lambda s, raw=raw: raw(s).sigmoid().sigmoid()}, said
        )
    for name in LONG:
        yield Change("recurrent_input_missing", {f"pre_{name}": without(name)})
    for name in LONG:
        for other in LONG:
            if other != name:
                facts = {"gate": LONG[name], "other": LONG[other]}
                for b, x, h in ((other,) * 3, (name, other, name), (name, name, other)):
                    yield Change("gate_reused", {f"pre_{name}": of(b, x, h)}, facts)


FAULTS = (
    Change("gates_added", {"added": lambda s: s.i + s.g}, {"gate": "input"}),
    Change("gates_added", {"kept": lambda s: s.f + s.c}, {"gate": "forget"}),
    Change("gates_added", {"h_new": lambda s: s.o + s.squashed}, {"gate": "output"}),
    Change("candidate_sigmoid", {"g": lambda s: torch.sigmoid(s.pre_g)}),
    Change("candidate_sigmoid", {"g": lambda s: torch.sigmoid(s.pre_g).tanh()}),
    Change("candidate_relu", {"g": lambda s: torch.relu(s.pre_g)}),
    Change("candidate_unused", {"added": lambda s: s.i * s.c}),
    Change("candidate_unused", {"added": lambda s: s.i}),
    Change("cell_squashed_by_sigmoid", {"squashed": lambda s: torch.sigmoid(s.c_new)}),
    Change("forget_inverted", {"kept": lambda s: (1 - s.f) * s.c}),
    Change("hidden_from_candidate", {"squashed": lambda s: torch.tanh(s.g)}),
    Change("hidden_from_candidate", {"squashed": lambda s: s.g}),
    Change(
        "cell_not_squashed", {"squashed": lambda s: s.c_new, "h_new": lambda s: s.o * s.c_new}
    ),
    Change("hidden_from_old_cell", {"squashed": lambda s: torch.tanh(s.c)}),
    Change("hidden_from_old_cell", {"squashed": lambda s: s.c}),
    Change("forget_gate_unused", {"kept": lambda s: s.c}),
    Change("cell_state_dropped", {"kept": lambda s: torch.zeros_like(s.c)}),
    Change("cell_state_dropped", {"kept": lambda s: s.f}),
    Change("input_gate_unused", {"added": lambda s: s.g}),
    Change("output_gate_unused", {"h_new": lambda s: s.squashed}),
    Change("candidate_not_squashed", {"g": lambda s: s.pre_g}),
    Change(
        "cell_state_squashed",
        {"c_new": lambda s: torch.tanh(s.kept + s.added), "squashed": lambda s: s.c_new},
    ),
    Change("cell_state_squashed", {"c_new": lambda s: torch.tanh(s.kept + s.added)}),
    Change(
        "cell_state_squashed", {"joined": lambda s: torch.cat([s.h_new, s.squashed], -1)}
    ),
    Change("forgets_hidden", {"kept": lambda s: s.f * s.h}),
    *_gates(),
    Change(
        "recurrent_input_missing",
        {f"pre_{g}": lambda s, g=g: s.x @ s.Wx[g].mT + s.b[g] for g in LONG},
    ),
)  # fmt: skip


def _returns(code: str, first: str, second: str, **facts: str) -> Change:
    """Others than the next h and c come back."""
    return Change(
        code, {"joined": lambda s: torch.cat([getattr(s, first), getattr(s, second)], -1)}, facts
    )


RETURNS = (
    _returns("states_returned_swapped", "c_new", "h_new"),
    _returns("old_state_returned", "h_new", "c", state="c"),
    _returns("old_state_returned", "h", "c_new", state="h"),
    _returns("hidden_returned_twice", "h_new", "h_new"),
)
