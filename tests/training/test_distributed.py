"""Shares of a batch, noise for the whole of it, two processes that add up (and: faults ranks)."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from etude.errors import Stopped, UsageError
from etude.layers.gaussian import BatchNoise, torch_noise
from etude.training.distributed import World, together
from etude.training.signals import Signals, signal_number


@pytest.mark.parametrize("size", [1, 2, 3])
def test_shares_are_the_whole_batch_and_nothing_twice(size):
    samples = np.arange(10, 73)
    shares = [World(rank, size).share(samples) for rank in range(size)]
    assert sorted(np.concatenate(shares)) == list(samples)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_nothing_is_sent():
    x = torch.ones(3)
    World().add_up([x])
    assert World().agree({"a": [1, None]}) == {"a": [1, None]}
    assert x.tolist() == [1, 1, 1]


def test_the_environment_says_who_we_are(monkeypatch):
    assert World.here() == World(0, 1)
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert World.here() == World(3, 4) and not World.here().first
    assert not World.here().restarted
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert World.here().restarted


@pytest.mark.parametrize("size", [1, 2, 3])
def test_noise_is_the_same_however_many_share_it(size):
    device = torch.device("cpu")
    noise = BatchNoise(5, 0, 1, 8)
    whole = torch.cat([noise(8, 2, device), noise(8, 3, device)], dim=1)
    rows = torch.empty(8, 5)
    for rank in range(size):
        noise, count = BatchNoise(5, rank, size, 8), len(rows[rank::size])
        rows[rank::size] = torch.cat([noise(count, 2, device), noise(count, 3, device)], dim=1)
    assert torch.equal(rows, whole)
    torch.manual_seed(1)
    outside = torch_noise(8, 2, device)
    torch.manual_seed(1)
    assert torch.equal(outside, torch.randn(8, 2)), "outside a step it is torch's own"


def test_signals_of_several_processes_add_up_to_one():
    import signal

    def weight(number):
        signals = Signals()
        signals.caught = number
        return signals.weight

    assert weight(None) == 0
    assert signal_number(3 * weight(signal.SIGINT)) == signal.SIGINT
    assert signal_number(weight(signal.SIGINT) + weight(signal.SIGTERM)) == signal.SIGTERM


def test_a_process_that_ended_is_said():
    with pytest.raises(Stopped, match="Another process of this job has ended"), together():
        raise RuntimeError("Connection closed by peer")


def test_a_batch_too_small_to_share_and_a_job_without_a_name_are_refused(monkeypatch, workdir):
    import etude
    from etude import assembly

    with pytest.raises(UsageError, match="fewer than two"):
        assembly._require_shares(3, World(0, 2))
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UsageError, match="needs a name"):
        etude.train("mlp", data="digits", epochs=1)
    with pytest.raises(UsageError, match="one process"):
        etude.compare(model="mlp,cnn", data="digits")
    assert list(workdir.iterdir()) == []


PAIR = """
import torch
from etude.training.distributed import World
world = World.here()
world.join("cpu")
x, y = torch.full((3, 2), float(world.rank + 1)), torch.tensor(float(world.rank))
world.add_up([x, y])
said = world.agree({"rank": world.rank, "text": "é" * (1 - world.rank)})
assert x.eq(3).all() and y == 1 and said == {"rank": 0, "text": "é"}, (x, y, said)
"""


def test_two_processes_add_up_and_agree(tmp_path):
    program = tmp_path / "pair.py"
    program.write_text(PAIR)
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(program)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stderr
