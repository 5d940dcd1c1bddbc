"""How a sequence model, or a block, is called: tried until it runs.

N batch · L length
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from etude.checking import masks
from etude.checking.build import needed
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.shapes import Tensor


def called(subject: Subject, tries: Sequence[Tensor]) -> tuple[list[Tensor], dict[str, Any]]:
    """Inputs and named arguments with which a thing runs. tries: what it may read, the likeliest
    first. What the file's own whole calls it with comes before; what else it needs is a mask that
    hides nothing, or more of the same."""
    trouble: CannotJudge | None = None
    unsound: tuple[list[Tensor], dict[str, Any]] | None = None
    for inputs, named in _ways(subject, tries):
        try:
            if torch.isfinite(first(subject.run(*inputs, named=named))).all():
                return inputs, named
        except CannotJudge as error:
            trouble = trouble or error
            continue
        unsound = unsound or (inputs, named)
    if unsound is None:
        raise trouble or CannotJudge("check_no_tensor")
    return unsound


def _ways(
    subject: Subject, tries: Sequence[Tensor]
) -> Iterator[tuple[list[Tensor], dict[str, Any]]]:
    for use in subject.samples:
        tensors = [v for v in use.arguments if isinstance(v, torch.Tensor)]
        if (
            tensors
            and len(tensors[0].shape) > 1
            and tensors[0].shape[0] > 1
            and tensors[0].shape[1] > 2
        ):
            torch.manual_seed(7)
            yield (
                [_other(v) if isinstance(v, torch.Tensor) else v for v in use.arguments],
                dict(use.options),
            )
    must = needed(subject.forward)
    masked = [name for name in must[1:] if masks.MASK.fullmatch(name)]
    open_ = [name for name in must[1:] if name not in masked]
    for x in tries:
        more = [_other(x) for _ in open_]
        if not masked:
            yield [x, *more], {}
            continue
        rest = dict(zip(open_, more))
        yield [x], {**rest, **dict.fromkeys(masked)}
        n, length = x.shape[:2]
        for shape in [(length, length), *masks.shapes(n, length, length)]:
            for made in (
                torch.zeros(shape),
                torch.ones(shape),
                torch.ones(shape).bool(),
                torch.zeros(shape).bool(),
            ):
                yield [x], {**rest, **dict.fromkeys(masked, made)}


def _other(x: Tensor) -> Tensor:
    """Other numbers of the same kind: ids stay what they are, masks too."""
    if not x.is_floating_point():
        return x.clone()
    return torch.randn(x.shape, dtype=torch.get_default_dtype(), requires_grad=True)
