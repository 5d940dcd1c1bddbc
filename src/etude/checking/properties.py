"""What holds for every right network, whatever its form: judged by running it, without a reference.

its parts are registered · evaluation is fixed · samples stay apart · every parameter learns
a network of several layers is not linear · a residual block passes its input on
"""

import re
from collections.abc import Callable, Iterator

import torch
from torch import nn

from etude.checking import common
from etude.checking.fit import difference
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.checking.trace import TOLERANCE, Trace
from etude.shapes import Tensor

N = 4
PRODUCTS = (
    "linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "bilinear", "lstm", "gru",
)  # fmt: skip
SIDES = (8, 28, 32, 64, 16, 96, 128, 224)
"""Heights and widths of images that are tried."""


def judge(subject: Subject) -> None:
    """All of it. What holds makes it right only if it consists of torch's own layers: of a formula
    of its own nothing is known here. Faults: layers_in_python_list, weight_not_registered,
    dropout_in_eval, layer_made_in_forward, random_forward, batch_mixed, network_is_linear,
    unused_parameters, detached, residual_without_skip."""
    if not common.registered(subject):
        return
    x = inputs(subject)
    if not common.same_twice(subject, x):
        return

    def call(x: Tensor) -> Tensor:
        return first(subject.run(x))

    if x.is_floating_point() and not common.batch_apart(subject, call, x.detach()):
        return
    common.spread(subject)
    out, trace = subject.record(x)
    if not not_linear(subject, call, x, trace):
        return
    if not common.learns(subject, first(out), trace):
        return
    for check in (trains, residual, own_formulas):
        check(subject, x.detach())


def inputs(subject: Subject) -> Tensor:
    """An input that the network takes, found by trying: its first layer says of which kind.

    Raises CannotJudge, with what was tried, where none runs."""
    trouble: CannotJudge | None = None
    told: set[tuple[int, str]] = set()
    for x in candidates(subject.it):
        if (x.ndim, "again") in told:  # another size of the same kind does not help
            continue
        try:
            subject.run(x)
        except CannotJudge as error:
            trouble = trouble or error
            same = (x.ndim, str(error.values.get("error", "")))
            told |= {(x.ndim, "again")} if same in told else {same}
            continue
        return x.requires_grad_(x.is_floating_point())
    wanted = "forward(x), x a batch of vectors, images, sequences or tokens"
    raise trouble or CannotJudge("check_call", call=type(subject.it).__name__, wanted=wanted)


def candidates(it: nn.Module) -> Iterator[Tensor]:
    """Batches of every kind that a network may read, the likeliest first."""
    torch.manual_seed(7)
    layers = [m for m in it.modules() if isinstance(m, KINDS)]
    for layer in layers[:1]:
        yield from of_layer(layer)
    widths = [m.in_features for m in layers if isinstance(m, nn.Linear)]
    for width in widths[:1]:
        for channels in (1, 3):
            side = round((width / channels) ** 0.5)
            if side > 1 and side * side * channels == width:
                yield torch.randn(N, channels, side, side)
    for channels in (1, 3):
        for side in SIDES:
            yield torch.randn(N, channels, side, side)


KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding, nn.RNNBase,
         nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)  # fmt: skip


def of_layer(layer: nn.Module) -> Iterator[Tensor]:
    """Batches for a network that begins with this layer."""
    match layer:
        case nn.Linear():
            yield torch.randn(N, layer.in_features)
            yield torch.randn(N, 5, layer.in_features)
            yield torch.randn(N, layer.in_features, 8, 8)  # a gate for each channel
        case nn.Conv2d() | nn.ConvTranspose2d():
            for side in SIDES:
                yield torch.randn(N, layer.in_channels, side, side)
        case nn.Conv1d():
            for length in (16, 64, 128):
                yield torch.randn(N, layer.in_channels, length)
        case nn.Embedding():
            yield torch.randint(layer.num_embeddings, (N, 7))
        case nn.RNNBase():
            yield torch.randn(N, 7, layer.input_size)
        case nn.BatchNorm1d():
            yield torch.randn(N, layer.num_features)
        case nn.BatchNorm2d():
            yield torch.randn(N, layer.num_features, 8, 8)
        case nn.LayerNorm():
            yield torch.randn(N, 5, *layer.normalized_shape)


def not_linear(
    subject: Subject, call: Callable[[Tensor], Tensor], x: Tensor, trace: Trace
) -> bool:  # fmt: skip
    """Several layers with weights are more than one affine map. Fault: network_is_linear."""
    products = [c for c in trace.named(*PRODUCTS) if c.names]
    if len(products) < 2 or not x.is_floating_point():
        return True
    a, b = x.detach(), torch.randn_like(x)
    outs = [call(each).detach() for each in (a, b, a + b, torch.zeros_like(a))]
    if difference(outs[0] + outs[1] - outs[3], outs[2]) > TOLERANCE * 1e3:
        subject.hold("not_linear")
        return True
    evidence = ("f(a) + f(b) - f(0)", "another value than f(a + b)", "equal to f(a + b)")
    subject.fault("network_is_linear", products[-1].line, evidence, count=len(products))
    return False


def trains(subject: Subject, x: Tensor) -> None:
    """In train mode it runs, and its numbers are finite. Raises CannotJudge if not."""
    out = first(subject.run(x, train=True))
    if not torch.isfinite(out).all():
        raise CannotJudge("check_not_finite")
    subject.hold("trains")


def own_formulas(subject: Subject, x: Tensor) -> None:
    """Whether all of its weights belong to layers of torch; else it is not called right."""
    own = [
        f"{name}.{key}" if name else key
        for name, module in subject.it.named_modules()
        for key in module._parameters
        if not type(module).__module__.startswith("torch.")
    ]
    if own:
        subject.doubt = ("check_own_formula", {"names": ", ".join(own[:4])})
    else:
        subject.variants.append("by_properties")


def residual(subject: Subject, x: Tensor) -> None:
    """A block that is called residual passes its input on: with all weights zero, the output still
    depends on it. Fault: residual_without_skip."""
    if not re.search(r"res(idual|net|_?block)|skip|shortcut", subject.thing.name, re.IGNORECASE):
        return
    kept = {name: p.detach().clone() for name, p in subject.parameters.items()}
    with torch.no_grad():
        for name, p in subject.parameters.items():
            if not re.search(r"short_?cut|skip|down_?sample|identity|proj", name, re.IGNORECASE):
                p.zero_()
        outs = [first(subject.run(each)) for each in (x, x + 1 + x.abs())]
        for name, p in subject.parameters.items():
            p.copy_(kept[name])
    if outs[0].shape == outs[1].shape and difference(outs[0], outs[1]) > TOLERANCE:
        subject.hold("skip")
        subject.variants.append("residual")
        return
    evidence = ("output with all weights of the branch zero", "the input, passed on", "constant")
    subject.fault("residual_without_skip", subject.line_in("forward"), evidence)
