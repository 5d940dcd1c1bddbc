"""torch's optimizers written out for members side by side: a row each, with a rate and a decay of
its own.

    M members · P numbers a member, those that weight decay pulls at first

Each is held equal to torch's own by tests/training/test_stacked.py. Sources: see `optimizer`.
"""

import torch

from etude.shapes import Bool, Float, Tensor
from etude.training.optimizer import SLOTS

KINDS = ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop")
"""What is written out here."""
MOMENTUM, ALPHA, EPSILON = 0.9, 0.99, 1e-8


class Update:
    """`update(gradients, rates, decays, going)` moves those rows of `rows` [M P] that are going, in
    place; the others stay bit for bit as they are. It may change the gradients.

    decaying: how many numbers of a row, from the first, weight decay pulls at.
    """

    def __init__(
        self,
        name: str,
        rows: Float[Tensor, "M P"],
        decaying: int,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        self.name, self.rows, self.decaying, self.betas = name, rows, decaying, betas
        self.slots = {slot: torch.zeros_like(rows) for slot in SLOTS[name] if slot != "step"}
        self.steps = 0
        self.on_cpu = rows.device.type == "cpu"

    @torch.no_grad()
    def __call__(
        self,
        gradients: Float[Tensor, "M P"],
        rates: Float[Tensor, "M 1"],
        decays: Float[Tensor, "M 1"],
        going: Bool[Tensor, "M"],
    ) -> None:
        self.steps += 1
        slots = list(self.slots.values())
        if self.on_cpu:  # a row at a time, which stays in its cache
            for i in going.nonzero().flatten().tolist():
                row = slice(i, i + 1)
                p, g, rate, decay = (x[row] for x in (self.rows, gradients, rates, decays))
                self._move(p, g, rate, decay, [slot[row] for slot in slots])
        else:  # all by one kernel each, and nobody waits for the device
            g, rate, decay = (x.where(going[:, None], 0.0) for x in (gradients, rates, decays))
            self._move(self.rows, g, rate, decay, slots)

    def _move(self, p: Tensor, g: Tensor, rate: Tensor, decay: Tensor, slots: list[Tensor]) -> None:
        """Rows p [m P]. One whose gradient, rate and decay are zero stays as it is."""
        pulled = p[:, : self.decaying]
        if self.name == "adamw":  # decoupled: I. Loshchilov, F. Hutter, 2019, algorithm 2
            pulled.mul_(1 - rate * decay)
        else:
            g[:, : self.decaying].addcmul_(pulled, decay)
        p.sub_(self._change(g, slots, rate))

    def _change(self, g: Tensor, slots: list[Tensor], rate: Tensor) -> Tensor:
        """What is taken from the rows [m P] for gradients g [m P]."""
        if self.name in ("adam", "adamw"):
            mean, square = slots
            mean.lerp_(g, 1 - self.betas[0])
            square.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
            first, second = (1 - beta**self.steps for beta in self.betas)
            below = square.sqrt().div_(second**0.5).add_(EPSILON)
            return torch.div(mean, below, out=below).mul_(rate / first)
        if self.name == "rmsprop":
            (square,) = slots
            square.mul_(ALPHA).addcmul_(g, g, value=1 - ALPHA)
            below = square.sqrt().add_(EPSILON)
            return torch.div(g, below, out=below).mul_(rate)
        if self.name == "sgd":
            return g * rate
        (velocity,) = slots
        velocity.mul_(MOMENTUM).add_(g)
        step = g.add(velocity, alpha=MOMENTUM) if self.name == "nesterov" else velocity
        return step * rate
