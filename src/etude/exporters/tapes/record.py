"""Record a module as a Tape: torch.export for one sample, then constants folded, operations that
change nothing removed, and the rest in the player's words.

Attention, linear layers and LSTMs stay whole, where torch would decompose them. So the tape is
short, its operations are those that a reader knows, and an LSTM costs one node, not twenty for each
step.
"""

import math
import operator
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from etude.errors import UsageError, cause
from etude.exporters.tapes.form import Node, Tape, Value
from etude.exporters.tapes.ops import OPS
from etude.locale.texts import Text, text
from etude.shapes import Tensor
from etude.system.limits import Plain

MOST = 4000
"""Nodes of a tape. Longer ones come from loops that were unrolled, and take a browser seconds."""
WHOLE = ("linear.default", "lstm.input", "scaled_dot_product_attention.default")
"""Operations that are not decomposed."""
SAME = {"clone", "alias", "detach", "lift_fresh_copy", "lift_fresh", "contiguous", "dropout"}
"""Operations whose result is their input."""
RESHAPES = {"view", "_unsafe_view", "reshape", "squeeze", "unsqueeze", "flatten", "unflatten"}
FILLS = {"full_like", "zeros_like", "ones_like", "new_zeros", "new_ones", "new_full"}
"""Operations that read only the shape of their input, which is fixed."""
CHECKS = {"_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_constrain_range"}
NAMES = {
    "_native_batch_norm_legit_no_training": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_to_copy": "cast",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "max_pool2d_with_indices": "max_pool2d",
    "split_with_sizes": "split",
    "constant_pad_nd": "pad",
    "linalg_vector_norm": "norm",
    "scaled_dot_product_attention": "attention",
    "bitwise_and": "logical_and", "bitwise_or": "logical_or", "bitwise_not": "logical_not",
    "bitwise_xor": "logical_xor",
}  # fmt: skip
"""The player's words for operations of ATen; all others keep their names."""
ON_TRUTH = {"bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor"}
"""Operations that the player has for truth values only."""
UNSAID = {"layout", "device", "pin_memory", "non_blocking", "memory_format", "generator", "dtype"}
"""Arguments that say where and how a value is stored; its type stands in the tape."""
UNTRACED = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What torch.export raises for a module that it cannot trace; most are subclasses."""
LARGE, GROWS = 1 << 16, 4
"""A constant of more numbers is folded only if that makes it at most GROWS times as large."""


def record(module: nn.Module, inputs: dict[str, Tensor]) -> Tape:
    """The tape of a module in eval mode for inputs of one sample, by the names of its parameters.

    Raises UsageError if torch cannot export it, if the player lacks one of its operations, or if it
    has more than MOST nodes.
    """
    program = _exported(module, tuple(inputs.values()))
    return _Recorder(program, tuple(inputs)).tape()


def _exported(module: nn.Module, inputs: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    kept = torch.export.default_decompositions()
    for name in WHOLE:
        packet, overload = name.split(".")
        kept.pop(getattr(getattr(torch.ops.aten, packet), overload), None)  # type: ignore[no-untyped-call]
    try:
        # torch warns of its own internals, and of what it traces; the comparison is the proof.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(module, inputs)
            whole: torch.export.ExportedProgram = program.run_decompositions(kept)
            return whole
    # torch.export raises errors of many kinds for what it cannot trace, and the user must know.
    except UNTRACED as error:
        lines = str(cause(error)).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            text("export.tape.trace", why=lines[0][:300]), do=text("export.tape.do")
        ) from error


class _Recorder:
    """Walks over an exported program once and collects values, nodes and constants."""

    def __init__(self, program: torch.export.ExportedProgram, names: tuple[str, ...]) -> None:
        self.program, self.names = program, names
        self.values: list[Value] = []
        self.number: dict[fx.Node, int | list[int] | None] = {}
        self.constant: dict[fx.Node, Any] = {}
        self.named: dict[fx.Node, str] = {}
        self.held: dict[fx.Node, int] = {}
        self.inputs: dict[str, int] = {}
        self.nodes: list[Node] = []
        self.missing: dict[tuple[str, str], None] = {}

    def tape(self) -> Tape:
        """The whole tape. Raises UsageError as `record` does."""
        self._placeholders()
        for node in self.program.graph.nodes:
            if node.op == "call_function":
                self._call(node)
        if self.missing:
            items = [text("export.tape.op", op=op, module=m) for op, m in self.missing]
            raise UsageError(
                text("export.tape.missing"), items=items, do=text("export.tape.do")
            )  # fmt: skip
        [output] = [node for node in self.program.graph.nodes if node.op == "output"]
        names = self.program.call_spec.out_spec.context
        outputs = dict(zip(names, (self._value(each) for each in output.args[0]), strict=True))
        return self._without_dead(outputs)

    def _placeholders(self) -> None:
        """Inputs get values; parameters, buffers and lifted tensors are constants."""
        signature, state = self.program.graph_signature, self.program.state_dict
        tensors = {**self.program.constants, **state}
        targets = {spec.arg.name: spec.target for spec in signature.input_specs}
        free = iter(self.names)
        for node in self.program.graph.nodes:
            if node.op != "placeholder":
                continue
            target = targets.get(node.name)
            if target is None:
                self.inputs[next(free)] = self._new(node, node.meta["val"])
            else:
                self.constant[node] = tensors[target].detach()
                self.named[node] = target

    def _new(self, node: fx.Node, like: Tensor) -> int:
        self.values.append(_value_of(like))
        self.number[node] = len(self.values) - 1
        return len(self.values) - 1

    def _value(self, node: fx.Node) -> int:
        """The number of the value of a node; a constant gets one when it is first read."""
        if node in self.constant:
            if node not in self.held:
                tensor = self.constant[node]
                self.values.append(_value_of(tensor))
                self.held[node] = len(self.values) - 1
            return self.held[node]
        number = self.number[node]
        assert isinstance(number, int)
        return number

    def _call(self, node: fx.Node) -> None:
        if node.target is operator.getitem:
            self._item(node)
            return
        name = _packet(node)
        if name in CHECKS:
            return
        if name in SAME or (name in ("expand", "_to_copy", "permute") and _same(node)):
            self._alias(node, node.args[0])
        elif self._folds(node, name):
            self._fold(node)
        elif not _whole_numbers(node) or (name in ON_TRUTH and not _truth(node)):
            self._lacks(f"{name} ({node.meta['val']})"[:80], node)
        else:
            self._add(node, name)

    def _alias(self, node: fx.Node, source: Any) -> None:
        if source in self.constant:
            self.constant[node] = self.constant[source]
            if source in self.named:
                self.named[node] = self.named[source]
                # One value for a parameter, however often it is copied.
                self.held[node] = self._value(source)
        else:
            self.number[node] = self.number[source]

    def _item(self, node: fx.Node) -> None:
        source, index = node.all_input_nodes[0], node.args[1]
        if source in self.constant:
            self.constant[node] = self.constant[source][index]
            return
        numbers = self.number[source]
        assert isinstance(numbers, list)
        self.number[node] = numbers[index]  # type: ignore[index]

    def _folds(self, node: fx.Node, name: str) -> bool:
        """Whether a node is computed now: from constants alone, and not to a much larger one."""
        if name in FILLS:
            return True
        sources = node.all_input_nodes
        if not all(source in self.constant for source in sources):
            return False
        tensors = [x for s in sources for x in _tensors(self.constant[s])]
        made = sum(x.numel() for x in _tensors(node.meta["val"]))
        return made <= LARGE or made <= GROWS * sum(x.numel() for x in tensors)

    def _fold(self, node: fx.Node) -> None:
        def real(source: fx.Node) -> Any:
            if source in self.constant:
                return self.constant[source]
            like = source.meta["val"]  # has no numbers, and what is made like it would have none
            return torch.zeros(like.shape, dtype=like.dtype)

        target: Callable[..., Any] = node.target  # type: ignore[assignment]
        made = target(*fx.map_arg(node.args, real), **fx.map_arg(node.kwargs, real))
        self.constant[node] = made

    def _add(self, node: fx.Node, name: str) -> None:
        op = "reshape" if name in RESHAPES or _dense(node, name) else NAMES.get(name, name)
        if op not in OPS:
            self._lacks(name, node)
            op = "reshape"  # to go on: all that is missing is said at once
        args = {} if op == "reshape" else self._arguments(node)
        if op == "reshape":
            args = {"self": {"value": self._value(node.all_input_nodes[0])}}
        made = node.meta["val"]
        if isinstance(made, list | tuple):
            used = {user.args[1] for user in node.users}
            numbers: list[int | None] = []
            for place, each in enumerate(made):
                if place in used:
                    self.values.append(_value_of(each))
                numbers.append(len(self.values) - 1 if place in used else None)
            self.number[node] = numbers  # type: ignore[assignment]
            outputs = tuple(numbers)
        else:
            outputs = (self._new(node, made),)
        self.nodes.append(Node(op, args, outputs, _module(node)))

    def _lacks(self, name: str, node: fx.Node) -> None:
        self.missing[name, _module(node) or "-"] = None

    def _arguments(self, node: fx.Node) -> Plain:
        """The arguments of a node by the names of its schema, with defaults filled in."""
        schema = node.target._schema  # type: ignore[union-attr]
        given = dict(zip((a.name for a in schema.arguments), node.args)) | dict(node.kwargs)
        args: Plain = {}
        for argument in schema.arguments:
            if argument.name not in UNSAID:
                value = given.get(argument.name, argument.default_value)
                args[argument.name] = self._plain(value)
        return args

    def _plain(self, value: Any) -> Any:
        if isinstance(value, fx.Node):
            return {"value": self._value(value)}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in value]
        if isinstance(value, float) and not math.isfinite(value):
            # JSON has no infinity, and JavaScript's words for it are these.
            return {"number": "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"}
        return value

    def _without_dead(self, outputs: dict[str, int]) -> Tape:
        """The tape of the nodes that an output needs, its values numbered anew."""
        needed, kept = set(outputs.values()), []
        for node in reversed(self.nodes):
            if needed & set(node.outputs):
                kept.append(node)
                needed |= set(node.reads())
        if len(kept) > MOST:
            raise UsageError(
                text("export.tape.long", count=len(kept), most=MOST), do=text("export.tape.do")
            )
        needed |= set(self.inputs.values())
        place = {number: i for i, number in enumerate(sorted(needed))}
        held: dict[str, int] = {}
        constants: dict[str, np.ndarray] = {}
        for source, number in self.held.items():
            if number in place and place[number] not in held.values():
                name = self.named.get(source, f"constant.{place[number]}")
                held[name], constants[name] = place[number], _array(self.constant[source])
        return Tape(
            tuple(self.values[number] for number in sorted(needed)),
            {name: place[number] for name, number in self.inputs.items()},
            {name: place[number] for name, number in outputs.items()},
            tuple(_renumbered(node, place) for node in reversed(kept)),
            held,
            constants,
        )


def _renumbered(node: Node, place: dict[int, int]) -> Node:
    def moved(argument: Any) -> Any:
        if isinstance(argument, list):
            return [moved(each) for each in argument]
        if isinstance(argument, dict) and "value" in argument:
            return {"value": place[argument["value"]]}
        return argument

    outputs = tuple(None if n is None else place.get(n) for n in node.outputs)
    return Node(node.op, {k: moved(v) for k, v in node.args.items()}, outputs, node.module)


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _value_of(tensor: Tensor) -> Value:
    return Value(str(tensor.dtype).removeprefix("torch."), tuple(map(int, tensor.shape)))


def _packet(node: fx.Node) -> str:
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet).removeprefix("aten.") if packet else str(node.target)


def _tensors(made: Any) -> Iterable[Tensor]:
    if isinstance(made, list | tuple):
        return [x for x in made if isinstance(x, Tensor)]
    return [made] if isinstance(made, Tensor) else []


def _whole_numbers(node: fx.Node) -> bool:
    """Whether all shapes are numbers; a shape that depends on values is none."""
    return all(isinstance(n, int) for x in _tensors(node.meta.get("val")) for n in x.shape)


def _dense(node: fx.Node, name: str) -> bool:
    """Whether a node reads all numbers in their order, by strides that are those of its shape."""
    if name != "as_strided":
        return False
    before, after = node.args[0].meta["val"], node.meta["val"]  # type: ignore[union-attr]
    whole = before.numel() == after.numel() and len(node.args) < 4
    return bool(whole and before.is_contiguous() and after.is_contiguous())


def _truth(node: fx.Node) -> bool:
    return bool(node.meta["val"].dtype == torch.bool)


def _same(node: fx.Node) -> bool:
    """Whether a node leaves its input as it is: in type, in shape, and in the order of axes."""
    before, after = node.args[0].meta["val"], node.meta["val"]  # type: ignore[union-attr]
    if _packet(node) == "permute":
        return list(node.args[1]) == sorted(d % before.ndim for d in node.args[1])  # type: ignore[arg-type, union-attr]
    return bool(before.dtype == after.dtype and before.shape == after.shape)


def _module(node: fx.Node) -> str:
    stack = node.meta.get("nn_module_stack") or {}
    return str(list(stack.values())[-1][0]) if stack else ""


def said(tape: Tape) -> Text:
    """The length of a tape for the user."""
    return text("export.tape.nodes", count=len(tape.nodes), ops=len({n.op for n in tape.nodes}))
