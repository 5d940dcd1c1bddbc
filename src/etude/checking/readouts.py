"""What a whole reads of its last tokens, and what stands behind it.

N batch · T tokens · D width
"""

from collections.abc import Sequence

from etude.checking import blocks
from etude.checking.fit import difference
from etude.checking.graph import Graph, Node, core
from etude.checking.subject import Subject
from etude.checking.sublayers import Stream
from etude.checking.trace import TOLERANCE
from etude.shapes import Tensor

KNOWN = ("linear", "act", "norm", "pick", "layout", "drop", "part", "scale", "shift", "times")


def picked(graph: Graph, main: Stream) -> tuple[Node, Node] | None:
    """(the tokens, what is read of them) behind the last block; None where all are read on."""
    for node in reversed(main.tail):
        low = core(node.of[0]) if node.of else node
        fewer = node.of and node.value.numel() < node.of[0].value.numel()
        if node.of and node.of[0].value.ndim == 3 and fewer and node.kind != "linear":
            return (low if low.value.shape == node.of[0].value.shape else node.of[0]), node
    return None


def place(tokens: Tensor, read: Tensor) -> int | str:
    """Which token is read; "mean" or "max" of "all", or of all but the first ones; ""."""
    value = read.reshape(len(tokens), -1)
    if value.shape[-1] != tokens.shape[-1]:
        return ""
    for i in range(tokens.shape[1]):
        if difference(value, tokens[:, i]) < TOLERANCE:
            return i
    for first in range(min(tokens.shape[1], 8)):
        for said, made in (("mean", tokens[:, first:].mean(1)), ("max", tokens[:, first:].amax(1))):
            if difference(value, made) < TOLERANCE:
                return f"{said} {first}"
    return ""


def image(subject: Subject, graph: Graph, main: Stream, bare: Sequence[int]) -> None:
    """The class token is read, or a mean. bare: tokens that are no patches. Faults:
    readout_wrong_token, softmax_in_output."""
    squashed(subject, main)
    found = picked(graph, main)
    if found is None:
        blocks.note(subject, ["own_readout"] if main.tail else [])
        return
    tokens, read = found
    where = place(tokens.value, read.value)
    if isinstance(where, int):
        if where not in bare:
            evidence = ("token that is read", "the class token", str(where))
            subject.fault("readout_wrong_token", read.line, evidence)
    elif where.startswith("mean") or where.startswith("max"):
        said, start = where.split()
        if said == "max":
            blocks.note(subject, ["max_of_all"])
        elif bare:
            blocks.note(subject, ["mean_of_all" if start == "0" else "mean_of_patches"])
    else:
        blocks.note(subject, ["own_readout"])
    behind(subject, main)


def steps(subject: Subject, graph: Graph, main: Stream) -> None:
    """Which step is read, of a sequence. Faults: softmax_in_output."""
    squashed(subject, main)
    behind(subject, main)
    found = picked(graph, main)
    if found is None:
        return
    tokens, read = found
    where = place(tokens.value, read.value)
    if isinstance(where, int):
        last = where == tokens.value.shape[1] - 1
        blocks.note(
            subject,
            ["last_step" if last else "first_step"] if last or where == 0 else ["own_readout"],
        )
    else:
        said = {"mean 0": "mean_of_steps", "max 0": "max_of_steps"}.get(where, "own_readout")
        blocks.note(subject, [said])


def squashed(subject: Subject, main: Stream) -> None:
    """Logits are left as they are. Fault: softmax_in_output."""
    for node in main.tail:
        if node.kind in ("layout", "pick"):
            continue
        name = node.name
        if name == "log_softmax":
            blocks.note(subject, ["log_probabilities"])
        elif name in ("softmax", "sigmoid") and not subject.found:
            low, high = float(node.value.min()), float(node.value.max())
            evidence = ("class scores", "any number", f"between {low:.2g} and {high:.2g}")
            subject.fault("softmax_in_output", node.line, evidence)
        return


def behind(subject: Subject, main: Stream) -> None:
    """Name an activation between the products of a head."""
    linear = [i for i, node in enumerate(main.tail) if node.kind == "linear"]
    if len(linear) < 2:
        return
    names = {node.name for node in main.tail[linear[0] : linear[-1]] if node.kind == "act"}
    said = next((f"{name}_head" for name in ("gelu", "relu") if name in names), "")
    blocks.note(subject, [said] if said else [] if names else ["linear_head"])
