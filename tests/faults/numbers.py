"""Numbers gone bad: in the data, the loss, a gradient, a buffer; for every family.

From one step on, the poison is there. No step may be taken with it: the weights stay those of the
step before, no checkpoint holds a number that is not finite, and the message names the phase, the
first bad parameter and the samples.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from etude import assembly, pipeline
from etude.errors import NumericsError
from etude.recipe import draft
from etude.runs.folder import RunFolder
from etude.training.distributed import ALONE
from etude.training.loop import Loop
from tests.faults.common import COMMON, FAMILIES, Row

FROM = 23
"""The step from which on it is poisoned: in the middle of the second epoch."""
SAMPLE = 5
"""Which sample of its batch, where one alone is."""


class Poisoned:
    """Training data in which one sample of every batch is NaN, from one step on."""

    def __init__(self, held: Any) -> None:
        self.held, self.taken, self.bad = held, 0, set()  # type: ignore[var-annotated]

    def __len__(self) -> int:
        return len(self.held)

    def take(self, samples: np.ndarray, key: int | None = None) -> Any:
        """The batch; the sample that is bad stays so when it is looked at again."""
        found = self.held.take(samples, key)
        if self.taken == FROM:
            self.bad = {int(found.samples[SAMPLE])}
        self.taken += 1
        x = found.x.clone()
        x[[i for i, s in enumerate(found.samples) if int(s) in self.bad]] = float("nan")
        return found._replace(x=x)


def spoil_loss(parts: Any, factor: float) -> None:
    """Every phase's loss is multiplied by `factor`, from one step on."""
    task = parts.task
    phases = task.phases()
    calls = {phase.name: 0 for phase in phases}

    def wrapped(phase: Any) -> Callable[[nn.Module, Any, Any], Any]:
        def loss(model: nn.Module, batch: Any, noise: Any) -> Any:
            calls[phase.name] += model.training  # moments look on in eval mode
            found = phase.loss(model, batch, noise)
            return found * factor if calls[phase.name] > FROM else found

        return loss

    spoiled = tuple(replace(phase, loss=wrapped(phase)) for phase in phases)
    task.phases = lambda: spoiled


def spoil_gradient(parts: Any, _: float) -> None:
    """The gradient of one parameter is infinite, from one step on."""
    name, _ = next(iter(parts.model.named_parameters()))
    trained = sum(name.startswith(phase.owns) for phase in parts.task.phases())
    calls = {name: 0}

    def hook(gradient: torch.Tensor) -> torch.Tensor:
        calls[name] += parts.model.training
        return gradient * (float("inf") if calls[name] > FROM * trained else 1.0)

    parts.model.get_parameter(name).register_hook(hook)


def spoil_buffer(parts: Any, _: float) -> None:
    """A running variance overflows, while the loss stays fine."""
    norms = [m for m in parts.model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]

    calls = {"training": 0}

    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        calls["training"] += module.training
        if calls["training"] <= FROM:
            return
        module.running_var.data[0] = float("inf")  # type: ignore[union-attr,index]

    norms[0].register_forward_hook(hook)


POISONS: dict[str, tuple[Callable[[Any, float], None] | None, float]] = {
    "NaN in the data": (None, 0.0),
    "NaN in the loss": (spoil_loss, float("nan")),
    "Inf in the loss": (spoil_loss, float("inf")),
    "Inf in a gradient": (spoil_gradient, 0.0),
    "Inf in a buffer": (spoil_buffer, 0.0),
}


def poison(family: str, kind: str, folder: Path) -> Row:
    """One family's run with one poison."""
    fields: dict[str, Any] = {}
    for word in f"{COMMON} {FAMILIES[family]}".split():
        key, text = word.split("=")
        value: Any = text.split(",") if "," in text else text
        value = [int(v) for v in value] if isinstance(value, list) else number(value)
        fields[key if "." in key else f"train.{key}"] = value
    fields["train.save_seconds"] = 0.0
    run = RunFolder.create(folder / f"{family}-{kind}".replace(" ", "-"))
    run, parts = pipeline.begin(
        run, assembly.read_draft(draft(family, "digits", fields=fields)), quiet=True, lang="en"
    )
    spoil, factor = POISONS[kind]
    train, val = pipeline.training_data(parts)
    if spoil:
        spoil(parts, factor)
    held = Poisoned(train) if spoil is None else train
    live = Loop(parts.model, parts.task, parts.recipe, held, val, run,
                parts.dataset.card.plain(), lambda *_: None, ALONE)  # fmt: skip
    problems = []
    try:
        live.fit()
        problems.append("nothing was said")
    except NumericsError as error:
        problems += unclear(str(error), kind, held)
    run.release()
    newest, _ = run.newest()
    if newest is None or not 0 < newest.step <= FROM:
        problems.append(f"the newest checkpoint is {newest and newest.step}")
    elif kind != "Inf in a buffer":
        names = dict(parts.model.named_parameters())
        moved = [k for k, p in names.items() if not np.array_equal(p.detach(), newest.model[k])]
        if newest.step == FROM and moved:
            problems.append(f"weights moved: {moved[:3]}")
    for name, x in newest.model.items() if newest else ():
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            problems.append(f"saved as not finite: {name}")
    return Row("numbers", f"{family}, {kind}", True, not problems, "; ".join(problems))


def number(text: str) -> Any:
    """A word's number where it is one."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return [text] if text in ("noise", "translate") else text


def unclear(said: str, kind: str, held: Any) -> list[str]:
    """What a message leaves out."""
    wanted = ["train.lr"]
    if kind == "NaN in the data":
        wanted += [str(sorted(held.bad)), "first in", f"Step {FROM}"]
    elif kind == "Inf in a gradient":
        wanted += ["the gradient is not finite", "first in", f"Step {FROM}", "Samples"]
    elif "loss" in kind:
        wanted += ["the loss is not finite", "first in", f"Step {FROM}", "Samples"]
    else:
        wanted += ["running_var"]
    return [f"{word!r} is not in: {said}" for word in wanted if word not in said]


def check(folder: Path, families: tuple[str, ...] = tuple(FAMILIES)) -> list[Row]:
    """Every family with every poison that concerns it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return [
            poison(family, kind, Path(place))
            for family in families
            for kind in POISONS
            if kind != "Inf in a buffer" or family in ("cnn", "aae")
        ]
