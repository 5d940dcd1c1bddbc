"""Members stacked: those that differ in seed, learning rate and weight decay alone train in one
batched step, and each leaves the run folder that it would have left alone.

A stack that is interrupted begins anew; members that had ended are kept.
"""

import copy
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from etude import pipeline, registry
from etude.comparison.run_spec import Member, Outcome
from etude.comparison.workers import here as alone
from etude.errors import NumericsError
from etude.recipe import Recipe
from etude.registry import Assembly
from etude.runs.folder import RunFolder, begun
from etude.shapes import Batch
from etude.system.limits import memory
from etude.training import hardware
from etude.training.record import Record
from etude.training.stacked import Feed, Note, Stack, Together, kept_bytes, unfit
from etude.training.step import Step

if TYPE_CHECKING:
    from etude.data.dataset import DataConfig, Dataset

PROBED = 9
"""Members of the stack that is measured."""
PROBE_STEPS = 4
COPIES = 8
"""Times a member's parameters are in memory: rows, gradients twice, two moments, what the update
makes on the way, the best so far and its moments."""


def fits(recipe: Recipe) -> str:
    """Why runs of this recipe cannot be stacked, in words; "" where they can. One step is tried."""
    return _misfit(_assembled(recipe, 1))


def _assembled(
    recipe: Recipe, workers: int, loaded: "tuple[Dataset, DataConfig] | None" = None
) -> Assembly:
    """Live parts, with the threads of all workers, and nothing compiled: a stack never is."""
    threads = recipe.train.threads and recipe.train.threads * workers
    train = recipe.train.model_copy(update={"threads": threads, "compile": "off"})
    recipe = recipe.model_copy(update={"train": hardware.settle(train)})
    return registry.assemble(recipe, loaded)


def _misfit(parts: Assembly) -> str:
    if why := unfit(parts.recipe.train, parts.model, parts.task.phases()):
        return why
    try:
        _stack(parts, 2)(_probe(parts, 2), 0)
    except (RuntimeError, TypeError, ValueError) as error:
        return f"its step cannot be mapped over members ({str(error).splitlines()[0][:100]})"
    return ""


def _stack(parts: Assembly, count: int) -> Stack:
    """So many copies of one start."""
    models = [copy.deepcopy(parts.model) for _ in range(count)]
    return Stack(models, parts.task.phases()[0], [parts.recipe.train] * count, PROBE_STEPS)


def _probe(parts: Assembly, count: int = 0) -> Batch:
    """A batch of training data; of so many members, where a count is given."""
    held, _ = pipeline.learned_from(parts)
    batch = held.take(np.arange(parts.recipe.train.batch_size or 1), key=0)
    if not count:
        return batch
    x, y = (each.expand(count, *each.shape) for each in (batch.x, batch.y))
    lengths = None if batch.lengths is None else batch.lengths.expand(count, -1)
    return batch._replace(x=x, y=y, lengths=lengths)


def _seconds(step: Callable[[int], None]) -> float:
    """The quickest of a few steps, after one to warm up."""
    times = []
    for number in range(PROBE_STEPS):
        began = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def faster(members: Sequence[Member], workers: int = 1) -> tuple[bool, str]:
    """Whether to stack members rather than give them to lone workers, and a line that says why: on
    a GPU always, where they fit; on a CPU by a few steps of both, of the kind that most are of."""
    most = max(_groups(members), key=len)
    recipe = registry.complete(most[0].mapping)
    parts = _assembled(recipe, workers)
    if why := _misfit(parts):
        return False, f"not stacked: {why}"
    if parts.recipe.train.device != "cpu":
        return True, f"stacked: {len(most)} members in one step on {parts.recipe.train.device}"
    count = min(len(most), PROBED)
    stack, batch, one = _stack(parts, count), _probe(parts, count), _probe(parts)
    together = _seconds(lambda number: stack(batch, number))
    threads = torch.get_num_threads()
    torch.set_num_threads(recipe.train.threads or 1)
    lone = Step(parts.model.train(), parts.task.phases(), parts.recipe.train, PROBE_STEPS)
    alone = _seconds(lambda number: lone(one, number)) * count / workers
    torch.set_num_threads(threads)
    better = together < alone
    return better, (
        f"{'stacked' if better else 'not stacked'}: a step of {count} members takes "
        f"{together * 1e3:.1f} ms on {threads} threads, {alone * 1e3:.1f} ms by {workers} workers "
        "(measured)"
    )


def run(
    members: Sequence[Member], place: Path, workers: int = 1, note: Note = lambda text: None
) -> Iterator[Outcome]:
    """Train members, each into its folder below `place`, and say what came of it. workers: how many
    lone runs the machine would bear; the stack has their threads. note: is told how far a stack is.
    Those that cannot be stacked run one after another.

    Raises what a lone run raises; Interrupted and Stopped after removing what had not ended.
    """
    for group in _groups(members):
        yield from _group(group, place, workers, note)


def _groups(members: Sequence[Member]) -> list[list[Member]]:
    """Members of one kind together."""
    alike: dict[str, list[Member]] = {}
    for member in members:
        alike.setdefault(_kind(member), []).append(member)
    return list(alike.values())


def _kind(member: Member) -> str:
    """What members of a stack have in common."""
    plain = registry.complete(member.mapping).plain()
    for name in ("seed", "about", "expect"):
        del plain[name]
    for name in ("lr", "weight_decay", "save_seconds"):
        del plain["train"][name]
    return json.dumps(plain, sort_keys=True)


# A group -----------------------------------------------------------------------------------------


def _group(group: Sequence[Member], place: Path, workers: int, note: Note) -> Iterator[Outcome]:
    """Members of one kind: those that had ended, then the others, as many at once as fit."""
    parts = _assembled(registry.complete(group[0].mapping), workers)
    if _misfit(parts):
        yield from alone(group, place, 1)
        return
    todo = []
    for member in group:
        kept = _ended(member, place / member.label, parts.task.goal)
        if kept:
            yield kept
        else:
            todo.append(member)
    for share in _shares(todo, parts):
        yield from _train(share, place, workers, note)


def _shares(members: Sequence[Member], parts: Assembly) -> Iterator[list[Member]]:
    """As many members at once as fit in memory, those of one seed, which share its data, first."""
    device, phase = torch.device(parts.recipe.train.device), parts.task.phases()[0]
    on_gpu = device.type == "cuda"
    room = torch.cuda.mem_get_info(device)[0] * 3 // 4 if on_gpu else memory() // 2
    weights = sum(p.nbytes for p in parts.model.parameters())
    each = COPIES * weights + 2 * kept_bytes(parts.model, phase, _probe(parts))
    splits = pipeline.learned_from(parts)
    data = sum(split.x.nbytes for split in splits if isinstance(split.x, torch.Tensor))
    share: list[Member] = []
    seeds: set[int] = set()
    for member in sorted(members, key=_seed):
        cost = (len(share) + 1) * each + len(seeds | {_seed(member)}) * data
        if share and cost > room:
            yield share
            share, seeds = [], set()
        share.append(member)
        seeds.add(_seed(member))
    if share:
        yield share


def _seed(member: Member) -> int:
    return int(member.mapping.get("seed", 0))


def _ended(member: Member, path: Path, goal: str) -> Outcome | None:
    """What came of a member that had ended; what another has left is removed."""
    if not begun(path):
        return None
    run = RunFolder.open(path)
    run.lock()
    point, _ = run.newest()
    train, at = Recipe.read(run.read("recipe.json")).train, point and point.state["progress"]
    over = at and (at["epoch"] >= (train.epochs or 1) or 0 < train.patience <= at["waited"])
    if over and (run.result or not member.tested):
        run.release()
        return _outcome(member, run, goal)
    run.erase()
    return None


def _train(members: Sequence[Member], place: Path, workers: int, note: Note) -> Iterator[Outcome]:
    """One stack, from the first step to the last."""
    every, why = _live(members, workers)
    first = every[0]
    size, epochs = first.recipe.train.batch_size or 1, first.recipe.train.epochs or 1
    held = {}
    for parts in every:
        if parts.recipe.seed not in held:
            held[parts.recipe.seed] = pipeline.learned_from(parts)
        parts.model.to(first.recipe.train.device)
    train = {seed: splits[0] for seed, splits in held.items()}
    feed = Feed(train, [parts.recipe.seed for parts in every], size)
    stack = Stack(
        [parts.model for parts in every], first.task.phases()[0],
        [parts.recipe.train for parts in every], epochs * feed.batches,
    )  # fmt: skip
    every = [Assembly(p.recipe, p.dataset, stack.model, p.task) for p in every]
    at_work: dict[int, RunFolder] = {}
    records = []
    try:
        for i, (member, parts) in enumerate(zip(members, every)):
            at_work[i] = run = RunFolder.create(place / member.label)
            stacked = {"stacked": len(members)}
            run.begin(parts.recipe.plain(), {**pipeline.provenance(parts, why), **stacked})
            card, val = parts.dataset.card.plain(), held[parts.recipe.seed][1]
            slots = partial(stack.slots, i)
            records.append(Record(stack.model, parts.task, parts.recipe, val, run, card, slots))
        for i, said in Together(stack, records, feed, note).fit():
            outcome = _concluded(members[i], every[i], records[i], said)
            at_work.pop(i).release()
            yield outcome
    finally:
        for run in at_work.values():
            run.erase()


def _live(members: Sequence[Member], workers: int) -> tuple[list[Assembly], str]:
    """Live parts of each member, precision chosen once for all, and why."""
    every: list[Assembly] = []
    loaded: dict[int, tuple[Dataset, DataConfig]] = {}
    for member in members:
        recipe = registry.complete(member.mapping)
        if recipe.seed not in loaded:
            loaded[recipe.seed] = registry.dataset_of(recipe)
        every.append(_assembled(recipe, workers, loaded[recipe.seed]))
    chosen, why = pipeline.choose(every[0])
    found = []
    for parts in every:
        train = parts.recipe.train.model_copy(update={"precision": chosen["precision"]})
        recipe = parts.recipe.model_copy(update={"train": train})
        found.append(Assembly(recipe, parts.dataset, parts.model, parts.task))
    return found, f"{len(members)} members in one stack; {why}"


def _concluded(member: Member, parts: Assembly, record: Record, said: str) -> Outcome:
    """What came of a member that has ended, its test included; one that diverged is not kept."""
    run, goal = record.run, parts.task.goal
    try:
        if said:
            raise NumericsError(said)
        if member.tested:
            pipeline.conclude(run, parts, record.at)
    except NumericsError as error:
        so_far = pipeline.curves(run, goal)
        run.erase()
        return Outcome(member.label, **so_far, diverged=error.what, how="stacked")
    return _outcome(member, run, goal)


def _outcome(member: Member, run: RunFolder, goal: str) -> Outcome:
    """Of a run that has ended; its seconds are its share of the stack's."""
    best, result = run.best().state["progress"]["best"][goal], run.result
    test = pipeline.tested_as(result, goal) if result and member.tested else {}
    so_far = pipeline.curves(run, goal)
    return Outcome(member.label, **so_far, best=float(best), **test, how="stacked")
