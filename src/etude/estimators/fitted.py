"""A trained network of an estimator: as arrays and text, and alive for predictions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from etude import assembly
from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.resident import Resident
from etude.errors import InvalidValue, NumericsError
from etude.locale.texts import text
from etude.recipe import Recipe
from etude.runs.checkpoint import Checkpoint
from etude.shapes import Batch, Tensor
from etude.tasks.protocol import Task
from etude.training.record import Progress

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Recipe and Card of a training; weights; the state tensors of its optimizers, as a checkpoint
    names them; and how many epochs and steps it has behind it."""

    recipe: Recipe
    card: Card
    weights: Arrays
    slots: Arrays
    epoch: int
    step: int

    def plain(self) -> dict[str, Any]:
        """Arrays, text and numbers: all that is pickled, and no type of torch or étude."""
        return {
            "recipe": self.recipe.model_dump_json(),
            "card": self.card.model_dump_json(),
            "weights": dict(self.weights),
            "slots": dict(self.slots),
            "epoch": self.epoch,
            "step": self.step,
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """What `plain` returned."""
        return cls(
            Recipe.model_validate_json(plain["recipe"]),
            Card.model_validate_json(plain["card"]),
            plain["weights"],
            plain["slots"],
            int(plain["epoch"]),
            int(plain["step"]),
        )

    def point(self, recipe: Recipe, phases: int, fresh: bool) -> Checkpoint:
        """The checkpoint at which training by `recipe` goes on. fresh: with new optimizers and a
        new schedule, so that only the weights stay."""
        start = Progress() if fresh else Progress(epoch=self.epoch, step=self.step)
        start.sums = [[0.0, 0.0]] * phases
        state = {"progress": dict(vars(start)), "recipe": recipe.digest}
        return Checkpoint(start.step, self.weights, {} if fresh else self.slots, state)

    @cached_property
    def live(self) -> "Live":
        """The network with its weights, built once."""
        return Live(self)


class Live:
    """The network in float64, in eval mode, on the CPU.

    In float32 the last bits of an output depend on the size of its batch, since kernels add in
    another order. Outputs are computed in float64 and rounded to float32, so they are the same
    whatever else is in the batch, and after the weights were stored and loaded.
    """

    def __init__(self, fitted: Fitted) -> None:
        self.card = fitted.card
        model, self.task = assembly.rebuild(fitted.recipe, fitted.card)
        # Copied, because arrays of a file may be read-only, and torch warns of those.
        weights = {name: torch.from_numpy(x.copy()) for name, x in fitted.weights.items()}
        model.load_state_dict(weights)
        self.model: nn.Module = model.double().eval()
        self.typed_task: Task = self.task

    def each(self, x: np.ndarray, function: Callable[[Batch], Tensor]) -> np.ndarray:
        """What a function computes of raw samples [n ...], batch by batch, float64 [n ...] with the
        precision of float32. Raises NumericsError for a value that is not finite."""
        with torch.inference_mode():
            parts = [function(batch).float() for batch in self._batches(x)]
            result = torch.cat(parts).double().numpy()
        if not np.isfinite(result).all():
            raise NumericsError(text("estimators.output"), do=text("inference.output.do"))
        return result

    def _batches(self, x: np.ndarray) -> Iterator[Batch]:
        """Samples prepared as in training, in float64."""
        classes = self.card.target == "class"
        shape = (len(x),) if classes else (len(x), self.card.outputs)
        nothing = np.zeros(shape, np.int64 if classes else np.float64)
        held = Resident(Split(x, nothing), self.card, torch.device("cpu"))
        for batch in held.pieces():
            yield batch._replace(x=batch.x.double())

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The outputs of the network [n D]: logits, or values in normalised units."""
        return self.each(x, lambda batch: self.task.outputs(self.model, batch))

    def features(self, x: np.ndarray) -> np.ndarray:
        """What the last linear layer reads [n D]: the penultimate features of each sample."""
        seen: list[Tensor] = []
        width = self.card.outputs
        heads = [
            module
            for module in self.model.modules()
            if isinstance(module, nn.Linear) and module.out_features == width
        ]

        def keep(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if output.ndim == 2:
                seen.append(inputs[0])

        handles = [head.register_forward_hook(keep) for head in heads]

        def last(batch: Batch) -> Tensor:
            seen.clear()
            self.task.outputs(self.model, batch)
            if not seen:
                raise InvalidValue(text("estimators.no_head"))
            return seen[-1]

        try:
            return self.each(x, last)
        finally:
            for handle in handles:
                handle.remove()
