"""What of an LSTM's outputs is read by the layer on top, or returned: right and wrong choices.

N batch · L steps · D hidden width · E of Y, all directions · hn, cn [K N D]
"""

import inspect
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from etude.checking.products import Use
from etude.checking.program import Change, Steps
from etude.checking.subject import Subject
from etude.checking.trace import Call, Trace, same_values
from etude.shapes import Tensor

THROUGH = (
    "relu", "tanh", "leaky_relu", "gelu", "layer_norm", "batch_norm", "dropout", "squeeze",
    "silu", "elu",
)  # fmt: skip
"""What may stand between the LSTM and the layer that reads it."""


def top(s: Steps, states: str = "hn") -> Tensor:
    """The last layer's states, both directions side by side [N E]."""
    return torch.cat(list(getattr(s, states)[-len(s.layers[-1]) :]), -1)


def halves(Y: Tensor) -> Tensor:
    """Forward's and backward's outputs, added."""
    one, other = Y.chunk(2, -1)
    return one + other


def only(s: Steps, index: int) -> Tensor:
    """One state of a bidirectional LSTM, where there are two."""
    made: Tensor = s.hn[index]
    return made if len(s.layers[-1]) == 2 else made.new_zeros(0)


def merged(states: Tensor) -> Tensor:
    """[K N D] -> [N (K D)], as it should be."""
    return states.transpose(0, 1).flatten(1)


VARIANTS = (
    Change("all_steps"),
    Change("last_step", {"read": lambda s: top(s)}),
    Change("mean_over_steps", {"read": lambda s: s.Y.mean(1)}),
    Change("max_over_steps", {"read": lambda s: s.Y.max(1).values}),
    Change("sum_over_steps", {"read": lambda s: s.Y.sum(1)}),
    Change("steps_side_by_side", {"read": lambda s: s.Y.flatten(1)}),
    Change("directions_added", {"read": lambda s: halves(s.Y)}),
    Change("directions_added", {"read": lambda s: halves(s.Y) / 2}),
    Change("directions_added", {"read": lambda s: halves(top(s))}),
    Change("directions_added", {"read": lambda s: halves(top(s)) / 2}),
    Change("all_layers", {"read": lambda s: merged(s.hn)}),
    Change("last_step", {"read": lambda s: s.hn.transpose(0, 1)}),
    Change("mean_of_layers", {"read": lambda s: s.hn.mean(0)}),
    Change("cell_state_read", {"read": lambda s: top(s, "cn")}),
    Change("cell_state_read", {"read": lambda s: torch.cat([top(s), top(s, "cn")], -1)}),
    Change("last_step", {"read": lambda s: torch.cat([s.hn[-1], s.hn[-2]], -1)}),
)  # fmt: skip
FAULTS = (
    Change("bidirectional_last_step", {"read": lambda s: s.Y[:, -1]}),
    Change("readout_first_step", {"read": lambda s: s.Y[:, 0]}),
    Change("hn_transposed", {"read": lambda s: s.hn.reshape(s.x.shape[0], -1)}),
    Change("hn_transposed", {"read": lambda s: s.hn[-2:].reshape(s.x.shape[0], -1)}),
    Change("hn_transposed", {"read": lambda s: s.cn.reshape(s.x.shape[0], -1)}),
    Change("readout_one_direction", {"read": lambda s: only(s, -1)}),
    Change("readout_one_direction", {"read": lambda s: only(s, -2)}),
    Change("readout_first_layer", {"read": lambda s: s.hn[0]}),
    Change("readout_first_layer", {"read": lambda s: torch.cat([s.hn[0], s.hn[1]], -1)}),
    Change("readout_first_layer", {"read": lambda s: s.hn[-2]}),
    Change("outputs_reversed", {"read": lambda s: s.Y.flip(1)}),
    Change("outputs_transposed", {"read": lambda s: s.Y.transpose(0, 1).reshape(s.Y.shape)}),
    Change("last_step_missed", {"read": lambda s: s.Y[:, -2]}),
)


def seen(trace: Trace, head: Sequence[Use]) -> Iterator[tuple[Tensor, int]]:
    """What the first layer on top reads, and at which line; then what it was before a norm or an
    activation. A layer called step by step reads all steps."""
    if not head:
        return
    calls = [use for use in head if use.names == head[0].names]
    alike = len({use.x.shape for use in calls}) == 1
    if len(calls) > 1 and alike and calls[0].x.ndim == 2:
        yield torch.stack([use.x for use in calls], 1), head[0].line
        return
    value = head[0].x
    for _ in range(5):
        yield value, _line(trace, value) or head[0].line
        before = _before(trace, value)
        if before is None:
            return
        value = before


def _line(trace: Trace, value: Tensor) -> int:
    return trace.line_of(value)


def _before(trace: Trace, value: Tensor) -> Tensor | None:
    """What a norm or an activation made this of."""
    made: Call | None = None
    for call in trace.calls:
        if call.name.strip("_") in THROUGH and any(same_values(value, out) for out in call.outs):
            made = call
            break
    if made is None or same_values(made.ins[0], value):
        return None
    return made.ins[0]


def squashed(subject: Subject, out: Tensor, trace: Trace) -> bool:
    """Whether a classifier's scores are left as they are. Faults: softmax_in_output,
    sigmoid_in_output."""
    classes = subject.sizes.get("classes")
    said = inspect.getsource(type(subject.it)) if isinstance(subject.it, nn.Module) else ""
    if out.shape[-1] != classes or "probab" in said.lower():
        return True
    for call in trace.named("softmax", "sigmoid"):
        if call.line and same_values(call.outs[0], out):
            low, high = float(out.min()), float(out.max())
            evidence = ("class scores", "any number", f"between {low:.2g} and {high:.2g}")
            code = f"{call.name.strip('_')}_in_output"
            subject.fault(code, call.line, evidence)
            return False
    return True


def depends(subject: Subject, call: Callable[[Tensor], Tensor], x: Tensor, other: Tensor) -> bool:
    """The output depends on the first step and on the last. x, other [N L Q]: differ everywhere.
    Faults: state_not_carried, readout_first_step."""
    before = call(x)
    for index, code in ((0, "state_not_carried"), (-1, "readout_first_step")):
        changed = x.clone()
        changed[:, index] = other[:, index]
        if torch.equal(call(changed), before):
            which = "first" if index == 0 else "last"
            evidence = (f"output when the {which} step changes", "another", "the same")
            facts = {"state": "h, c"} if index == 0 else {}
            subject.fault(code, subject.line_in("forward"), evidence, **facts)
            return False
    subject.hold("depends_on_steps", "exact")
    return True
