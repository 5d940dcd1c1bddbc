"""Claim: on a CPU a stack of MLPs is about as fast as lone runs one after another on one thread.

So it is measured before members are stacked there; two processes, a thread each, stand beside it.

    python benchmarks/stacked.py

The steps alone, Python included: MLP of the default preset on digits, AdamW, batch 64. Rounds of
the three are alternated; medians. `--cpu` counts seconds of CPU time instead of the clock's, for a
machine that others work on.
"""

import argparse
import copy
import os
import statistics
import subprocess
import sys
import time

import torch

from etude import pipeline, registry
from etude.recipe import draft
from etude.training.stacked import Feed, Stack
from etude.training.step import Step

SIZES = (9, 27)
STEPS = 40
ROUNDS = 5


def parts_of(seed: int):
    fields = {"seed": seed, "train.device": "cpu", "train.threads": 1, "train.precision": "fp32"}
    return registry.assemble(registry.complete(draft("mlp", "digits", fields=fields)))


def lone(parts, feed, members: int, clock) -> float:
    """Samples a second of so many runs, one after another."""
    train = parts.recipe.train
    steps = [
        Step(copy.deepcopy(parts.model).train(), parts.task.phases(), train, STEPS)
        for _ in range(members)
    ]
    began = clock()
    for step in steps:
        for number in range(STEPS):
            step(feed.of(parts.recipe.seed, *divmod(number, feed.batches)), number)
    return members * STEPS * feed.size / (clock() - began)


def stacked(parts, feed, members: int, clock) -> float:
    """Samples a second of a stack."""
    models = [copy.deepcopy(parts.model) for _ in range(members)]
    trains = [parts.recipe.train] * members
    stack = Stack(models, parts.task.phases()[0], trains, STEPS)
    began = clock()
    for number in range(STEPS):
        stack(feed(*divmod(number, feed.batches)), number)
    return members * STEPS * feed.size / (clock() - began)


def feed_of(every, members: int) -> Feed:
    """Three seeds, which share the members."""
    held = {parts.recipe.seed: pipeline.learned_from(parts)[0] for parts in every}
    return Feed(held, [every[i % len(every)].recipe.seed for i in range(members)], 64)


def two_processes(members: int) -> float:
    """Samples a second of two processes that share the members, a thread each."""
    command = [sys.executable, __file__, "--worker", str(members)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return sum(float(worker.communicate()[0]) for worker in workers)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", type=int)
    parser.add_argument("--cpu", action="store_true")
    asked = parser.parse_args()
    clock = time.process_time if asked.cpu else time.perf_counter
    torch.set_num_threads(1)
    every = [parts_of(seed) for seed in range(3)]
    if asked.worker:
        count = -(-asked.worker // 2)
        lone(every[0], feed_of(every, count), 1, clock)
        print(lone(every[0], feed_of(every, count), count, clock))
        return
    roads = {
        "lone, one after another": lambda m: lone(every[0], feed_of(every, m), m, clock),
        "stack, one thread": lambda m: stacked(every[0], feed_of(every, m), m, clock),
    }
    if not asked.cpu:
        roads["lone, two processes"] = two_processes
    unit = "CPU second" if asked.cpu else "second"
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, {ROUNDS} rounds, samples a {unit}\n")
    print(f"| members | {' | '.join(roads)} | stack / lone |\n|{'---|' * (len(roads) + 2)}")
    for members in SIZES:
        found = {name: [] for name in roads}
        for _ in range(ROUNDS):
            for name, road in roads.items():
                found[name].append(road(members))
        medians = {name: statistics.median(kept) for name, kept in found.items()}
        one, other = (medians[name] for name in list(roads)[:2])
        shown = " | ".join(f"{value:,.0f}" for value in medians.values())
        print(f"| {members} | {shown} | {other / one:.2f} |")


if __name__ == "__main__":
    main()
