"""What a user's training function is given, and what it does with it: a small network with dropout
and batch norm, loaders, an optimizer and a loss, each under watch.

    x [N 1 4 4], y [N] classes; or targets of other kinds, where the function asks for them
"""

import io
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from etude.checking.event_recorder import Watcher, empty, line_now, watched
from etude.checking.source import theirs
from etude.checking.trace import replaced, same_values, tensors
from etude.checking.training_kinds import Net, Subjects, record
from etude.shapes import Tensor

BATCH, BATCHES = 4, 6
SAMPLES = BATCH * BATCHES - 1
"""The last batch is smaller, so a mean of batches is not one of samples."""
LOSSES = (
    "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
)  # fmt: skip
SQUASHES = ("softmax", "log_softmax", "sigmoid", "logsigmoid")


@dataclass
class Seen:
    """A batch that went through the network. mode: train; rows: of its dataset; step: in the
    timeline; out, target, loss: as they were."""

    source: str
    epoch: int
    mode: bool
    line: int
    out: Tensor
    target: Tensor
    token: "weakref.ref[Token]"
    learned: bool = False
    loss: float | None = None
    alive: int = 0
    """Graphs of earlier batches that were kept when this one came."""


@dataclass(frozen=True)
class Event:
    """backward (empty: gradients before it), step (empty: it had none), zero, eval, train."""

    what: str
    line: int
    empty: bool = False
    source: str = ""


class Token:
    """Lives as long as a batch's graph does."""

    def __init__(self) -> None:
        self.learned = False


class Mark(torch.autograd.Function):
    """The identity; its node holds a token."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, token: Token, told: Callable[[], None]) -> Tensor:
        """x itself."""
        ctx.token, ctx.told = token, told
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """As it came; it is told that the batch is learned from."""
        ctx.told()
        return grads[0], None, None


class Loader(DataLoader[Any]):
    """A loader that notes when it is gone through."""

    lesson: "Lesson"
    name: str

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self.lesson.opens(self.name)
        for batch in super().__iter__():
            self.lesson.last = self.name
            yield batch


class Scheduler:
    """Takes any call and does nothing."""

    def step(self, *args: Any, **kwargs: Any) -> None:
        """As every scheduler."""

    def get_last_lr(self) -> list[float]:
        """As torch's."""
        return [0.01]

    def state_dict(self) -> dict[str, Any]:
        """As torch's."""
        return {}


class Lesson(Watcher):
    """One play of a training function."""

    def __init__(self, file: str, kind: Subjects, own: nn.Module | None = None,
                 like: Tensor | None = None) -> None:  # fmt: skip
        """own: the file's own network; like: what it takes."""
        super().__init__(file)
        torch.manual_seed(11)
        self.kind, self.like = kind, like
        self.events: list[Event] = []
        self.seen: list[Seen] = []
        self.adds: list[int] = []
        self.inputs: list[tuple[str, int, Tensor, Seen]] = []
        """Calls of losses: name, line, what went in, of which batch."""
        self.squashed: dict[str, int] = {}
        """Where outputs were squashed: by which function, at which line."""
        self.made: dict[int, int] = {}
        """The lines at which optimizers were made, by id."""
        self.stepping: Any = None
        self.left: Tensor | None = None
        """The optimizer that stepped last, and the weights that it left."""
        self.rebuilt = 0
        """The line at which the same optimizer is made again, for the same weights; 0."""
        self.broadcast = 0
        """The line at which [N 1] is compared with [N]; 0."""
        self.by_batch = False
        """Whether it was handed one batch at a time."""
        self.last, self.opened, self.playing = "", dict[str, int](), False
        self.own = own is not None
        self.net: nn.Module = own if own is not None else Net(kind)
        self.net.double().train()
        self._watch(self.net)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)
        self.loss = kind.loss()
        self.loaders = {name: self._loader(name, kind) for name in ("train", "val", "test")}

    def _loader(self, name: str, kind: Subjects) -> Loader:
        x = torch.rand(SAMPLES, 1, 4, 4) if self.like is None else another(self.like)
        pairs = TensorDataset(x, kind.target(SAMPLES))
        loader = Loader(pairs, batch_size=BATCH, collate_fn=record if kind.named else None)
        loader.lesson, loader.name = self, name
        return loader

    def _watch(self, net: nn.Module) -> None:
        """Note what goes through a network, and its modes."""

        def train(mode: bool = True) -> nn.Module:
            self.note("train" if mode else "eval")
            return type(net).train(net, mode)

        def forward(*ins: Any, **named: Any) -> Any:
            out = type(net).forward(net, *ins, **named)
            x = next(tensors((ins, named)), None)
            first = next(tensors(out if not hasattr(out, "logits") else out.logits), None)
            if x is None or first is None or len(first) != len(x):
                return out
            mark = self.through(net, x, first)
            if hasattr(out, "logits"):
                vars(out).update({name: mark(each) for name, each in vars(out).items()})
                return out
            return replaced(out, {id(each): mark(each) for each in tensors(out)})

        net.__dict__.update(train=train, forward=forward)

    def play(self, call: Callable[..., Any], given: Mapping[str, Any], times: int) -> list[Any]:
        """What it gives back, each time."""
        out = []
        sink = io.StringIO()
        with watched(self), redirect_stdout(sink), redirect_stderr(sink):
            self.playing = True
            for _ in range(times):
                self.stepping = None
                with theirs(self.file, "check_crashed", shapes="model, loader, optimizer, loss"):
                    found = call(**given)
                    out.append(detached(list(found) if isinstance(found, Iterator) else found))
        return out

    def note(self, what: str, empty: bool = False) -> None:
        """An event, at the line at work."""
        if self.playing:
            source = self.seen[-1].source if self.seen else ""
            self.events.append(Event(what, line_now(self.file), empty, source))

    def opens(self, name: str) -> None:
        """A loader is gone through once more."""
        self.opened[name] = self.opened.get(name, 0) + 1
        self.last = name

    def before(self, what: str, it: Any) -> None:
        """Of a backward, zero_grad or step."""
        nothing = empty(self.net.parameters())
        if what in ("backward", "step"):
            self.note(what, nothing)
        if what == "step":
            self._again(it)

    def after(self, what: str, it: Any) -> None:
        """Of a zero_grad."""
        if what == "zero":
            self.note(what)
        elif what == "made":
            self.made[id(it)] = line_now(self.file)
        elif what == "step":
            self.stepping, self.left = it, self._weights()

    def called(self, name: str, args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
        """Of losses, and of what is done to outputs before them."""
        if not self.seen or not isinstance(out, torch.Tensor):
            return
        if name == "eq" and _spread_out(list(tensors(args)), out, self.seen[-1].target):
            self.broadcast = self.broadcast or line_now(self.file)
        if name in LOSSES and (ins := list(tensors((args, kwargs)))):
            seen = self.seen[-1]
            value = out.detach().mean()
            seen.loss = float(value) if seen.loss is None else seen.loss
            self.inputs.append((name, line_now(self.file), ins[0].detach().clone(), seen))
        elif name in SQUASHES:
            self.squashed[name] = line_now(self.file)
        elif name in ("add", "iadd", "radd") and out.numel() == 1 and out.requires_grad:
            self.adds.append(line_now(self.file))

    def _weights(self) -> Tensor:
        return torch.cat([p.detach().flatten() for p in self.net.parameters()])

    def _again(self, it: Any) -> None:
        """Whether this optimizer goes on where another one of the same line, that had a state,
        stopped."""
        other, line = self.stepping, self.made.get(id(it), 0)
        if self.left is None or other is it or not line or self.made.get(id(other)) != line:
            return
        if any(tensors(list(other.state.values()))) and torch.equal(self._weights(), self.left):
            self.rebuilt = line

    def through(self, net: nn.Module, x: Tensor, out: Tensor) -> Callable[[Any], Any]:
        """A batch goes through the network; marks what comes out."""
        source, target = self.whose(x)
        token = Token()
        alive = sum(self.kept(each) for each in self.seen[:-1])
        epoch = self.opened.get(source, 1)
        seen = Seen(
            source, epoch, net.training, line_now(self.file), out.detach().clone(), target,
            weakref.ref(token), alive=alive,
        )  # fmt: skip
        self.seen.append(seen)

        def told() -> None:
            seen.learned = True

        def mark(value: Any) -> Any:
            learns = isinstance(value, torch.Tensor) and value.requires_grad
            return Mark.apply(value, token, told) if learns else value  # type: ignore[no-untyped-call]

        return mark

    def kept(self, seen: Seen) -> bool:
        """Whether the graph of an earlier batch stands though nothing more is learned from it."""
        return seen.token() is not None and (seen.learned or seen.source != "train")

    def whose(self, x: Tensor) -> tuple[str, Tensor]:
        """Which loader this batch is of, and its targets: by its values, else the last one's."""
        flat = x.detach().double().flatten(1)
        for name, loader in self.loaders.items():
            data, targets = loader.dataset.tensors  # type: ignore[attr-defined]
            if data[0].numel() != flat.shape[1]:
                continue
            near = torch.cdist(flat, data.double().flatten(1)).min(1)
            if float(near.values.max()) < 1e-5:
                return name, targets[near.indices]
        return self.last or "train", torch.empty(0)


def detached(value: Any) -> Any:
    """What a call gave back, without graphs: keeping them is the caller's choice, which here is
    ours."""
    if isinstance(value, torch.Tensor):
        return value.detach()
    if type(value) in (list, tuple):
        return type(value)(map(detached, value))
    return {k: detached(v) for k, v in value.items()} if type(value) is dict else value


def _spread_out(ins: list[Tensor], out: Tensor, target: Tensor) -> bool:
    """Whether [N 1] was compared with labels [N], which makes [N N]."""
    if target.ndim != 1 or sorted(each.ndim for each in ins) != [1, 2]:
        return False
    column = next(each for each in ins if each.ndim == 2)
    return column.shape == (len(target), 1) and out.shape == (len(target),) * 2 != (1, 1)


def another(like: Tensor) -> Tensor:
    """As many samples as a loader has, of another kind of tensor."""
    if like.is_floating_point():
        return torch.rand(SAMPLES, *like.shape[1:])
    return torch.randint(int(like.max()) + 1, (SAMPLES, *like.shape[1:]))


def squashed_by(value: Tensor, out: Tensor) -> str:
    """By which function of a network's outputs a loss's input was made; "" for none, "?" for
    something else."""
    made = {
        "": out, "softmax": out.softmax(-1), "log_softmax": out.log_softmax(-1),
        "sigmoid": out.sigmoid(), "logsigmoid": F.logsigmoid(out), "softmax_batch": out.softmax(0),
    }  # fmt: skip
    return next((name for name, each in made.items() if same_values(value, each)), "?")
