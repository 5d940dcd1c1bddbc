"""The tape: recorded, folded, played in NumPy and by the player of the page, against torch."""

import dataclasses
import json
import re
import subprocess
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from etude.data.dataset import Split
from etude.errors import NumericsError, UsageError
from etude.exporters.parity import compare, require
from etude.exporters.tapes import node
from etude.exporters.tapes.form import Tape
from etude.exporters.tapes.ops import OPS
from etude.exporters.tapes.play import play
from etude.exporters.tapes.record import MOST, record

PRELUDE = """
import { play, readTape } from "./player.mjs";
import { readFileSync } from "node:fs";
const say = {};
const read = (name) => {
  const file = readFileSync(name);
  return readTape(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
};
"""
NODE = pytest.mark.skipif(node.found() is None, reason="Node is not installed")


class Net(nn.Module):
    """A function as a module with one named output; layers are its parts."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x):
        return {"y": self.function(x, *self.layers)}


def both_ways(x, lstm):
    """As exported for padded sequences: the backward direction by a gather."""
    index = torch.arange(x.shape[1] - 1, -1, -1)[None, :, None].expand(-1, -1, x.shape[2])
    return lstm(x.gather(1, index))[0][:, -1] + lstm(x)[1][0].sum(0)


def written(x):
    whole = x.clone()
    whole[:, 1:3] = whole[:, 1:3] * 2
    whole[:, -1] = 7
    return whole


def one_hot(x):
    return torch.zeros(1, 5).scatter_(1, x[:, :3].abs().long().clamp(max=4), 1.0)


SQUARE, LONG, FLAT = (1, 4, 9, 11), (1, 7, 6), (1, 6)
CASES = {
    "elementwise": (
        FLAT,
        lambda x: torch.cat(
            [
                x.abs().sqrt(),
                x.exp(),
                x.abs().log1p(),
                x.tanh(),
                x.sigmoid(),
                F.silu(x),
                F.elu(x),
                F.leaky_relu(x, 0.1),
                x.floor(),
                x.round(),
                x.ceil(),
                x.sin(),
                x.cos(),
                x.erf(),
                x.sign(),
                1 / x,
                x.square(),
                x**3,
                F.softplus(x),
                F.hardtanh(x),
                F.mish(x),
                x.expm1(),
                x.abs().rsqrt(),
            ]
        ),
    ),
    "gelu": (FLAT, lambda x: torch.cat([F.gelu(x * 3), F.gelu(x, approximate="tanh")])),
    "erf, far and near": (FLAT, lambda x: torch.erf(x * 3)),
    "float64": (FLAT, lambda x: (x.abs().double() + 1e-9).log().sub(0.1).div(3e-7)),
    "rounding": (FLAT, lambda x: torch.round(torch.cat([x, x.round() + 0.5]))),
    "two arguments": (
        FLAT,
        lambda x: torch.cat(
            [
                torch.hypot(x, x + 1),
                torch.maximum(x, -x),
                torch.remainder(x, 0.7),
                torch.fmod(x, 0.7),
                x // 0.3,
                x.clamp(-0.5, 0.2),
                torch.where(x > 0, x, -2.0),
                (x > 0.1).float(),
                ((x > 0) & (x < 1)).float(),
                (~(x != x)).float(),
                torch.atan2(x, x + 2),
            ]
        ),
    ),
    "broadcast": (LONG, lambda x: x[:, :, :1] * x[:, :1] + x.mean(1, keepdim=True)),
    "reductions": (
        LONG,
        lambda x: torch.cat(
            [
                x.sum((1, 2)),
                x.mean().reshape(1),
                x.amax(1)[0],
                x.var(1)[0],
                x.std(2, correction=0)[0],
                x.max(2)[0][0],
                x.argmax(1)[0].float(),
                x.prod(1)[0],
                x.norm(dim=1)[0],
                (x > 9).any(1)[0].float(),
                x.cumsum(1)[0, -1],
                torch.var_mean(x, 1, correction=0)[1][0],
                x.logsumexp(1)[0],
            ]
        ),
    ),
    "softmax": (LONG, lambda x: torch.cat([x.softmax(1), x.log_softmax(-1)])),
    "parts": (
        LONG,
        lambda x: torch.cat(
            [
                x.flip(1)[:, ::2],
                x[:, -4:],
                x.roll(2, 1)[:, 1:3],
                x.mT[:, :2, :6],
                x.repeat(1, 2, 1)[:, 5:9],
                x.split([3, 4], 1)[1],
                torch.stack(x.unbind(1)[::3], 1),
                x.chunk(3, -1)[1].expand(-1, -1, 2).repeat(1, 1, 3),
            ],
            1,
        ),
    ),
    "written": (LONG, written),
    "indices": (
        LONG,
        lambda x: torch.cat(
            [
                x[:, [3, 1]],
                x.index_select(1, torch.tensor([1, 0])),
                x[:, torch.tensor([[1, 2], [0, 6]])].flatten(1, 2),
            ],
            1,
        ),
    ),
    "two indices": (
        SQUARE,
        lambda x: torch.cat([x[:, [0, 1], [2, 3]].flatten(), x[:, [0, 1], :, [2, 3]].flatten()]),
    ),
    "one-hot": (FLAT, one_hot),
    "padding": (SQUARE, lambda x: F.pad(F.pad(x, (1, 2, 0, 3), value=1.5), (-1, 0, 0, -2))),
    "products": (LONG, lambda x: torch.einsum("nlk,nmk->nlm", x, x) @ x),
    "masked attention": (
        LONG,
        lambda x: torch.cat(
            [
                F.scaled_dot_product_attention(
                    x[:, None], x[:, None], x[:, None], attn_mask=x[:, None, None, :, 0] > -0.5
                ),
                F.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None], is_causal=True),
            ]
        ),
    ),
    "linear": (LONG, lambda x, f: f(x), nn.Linear(6, 5, bias=False)),
    "convolution": (
        SQUARE,
        lambda x, f: f(x),
        nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=2),
    ),
    "convolution of sequences": (LONG, lambda x, f: f(x.mT), nn.Conv1d(6, 4, 3, 2, 2, 2)),
    "transposed convolution": (
        SQUARE,
        lambda x, f: f(x),
        nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2),
    ),
    "depthwise": (SQUARE, lambda x, f: f(x), nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)),
    "pooling": (
        SQUARE,
        lambda x: torch.cat(
            [
                x.flatten(2)
                for x in (
                    F.max_pool2d(x, 3, 2, 1),
                    F.avg_pool2d(x, 2),
                    F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
                    F.adaptive_avg_pool2d(x, (2, 3)),
                    F.max_pool2d(x, 2, ceil_mode=True),
                    F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
                    x.mean((2, 3), keepdim=True),
                )
            ],
            2,
        ),
    ),
    "pooling of sequences": (
        LONG,
        lambda x: torch.cat(
            [F.max_pool1d(x.mT, 2), F.adaptive_avg_pool1d(x.mT, 4), F.avg_pool1d(x.mT, 3)], 2
        ),
    ),
    "norms": (
        SQUARE,
        lambda x, *fs: torch.cat([f(x) for f in fs]),
        nn.BatchNorm2d(4),
        nn.BatchNorm2d(4, affine=False),
        nn.GroupNorm(2, 4),
        nn.LayerNorm([9, 11]),
    ),
    "lstm": (
        LONG,
        lambda x, f: torch.cat([f(x)[0].flatten(), f(x)[1][0].flatten(), f(x)[1][1].flatten()]),
        nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True),
    ),
    "lstm by gathers": (LONG, both_ways, nn.LSTM(6, 5, batch_first=True, bias=False)),
    "gru": (LONG, lambda x, f: f(x)[0], nn.GRU(6, 5, batch_first=True)),
    "an attention layer": (
        LONG,
        lambda x, f: f(x, x, x)[0],
        nn.MultiheadAttention(6, 2, batch_first=True),
    ),
    "upside down": (SQUARE, lambda x: x.flip((2, 3)).permute(0, 3, 1, 2)),
}


@cache
def net(name):
    shape, function, *layers = CASES[name]
    torch.manual_seed(1)
    module = Net(function, *layers).eval()
    for each in module.modules():  # as after training
        if isinstance(each, nn.BatchNorm2d):
            nn.init.normal_(each.running_mean)
            nn.init.uniform_(each.running_var, 0.5, 2)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module, torch.randn(shape)


@cache
def tape_of(name):
    module, x = net(name)
    return record(module, {"x": x})


def spread(x):
    return float(np.abs(x).max()) or 1.0


@pytest.mark.parametrize("name", CASES)
def test_the_reference_player_equals_torch(name):
    module, x = net(name)
    tape = tape_of(name)
    with torch.inference_mode():
        wanted = module(x)["y"].numpy()
    made = play(tape, {"x": x.numpy()})["y"]
    assert made.dtype == wanted.dtype and made.shape == wanted.shape
    assert np.abs(made - wanted).max() <= 3e-6 * spread(wanted)
    # The real inputs of other samples: nothing of the example has become a constant.
    other = torch.randn(x.shape)
    with torch.inference_mode():
        wanted = module(other)["y"].numpy()
    made = play(tape, {"x": other.numpy()})["y"]
    assert np.abs(made - wanted).max() <= 3e-6 * spread(wanted)


@NODE
def test_the_player_of_the_page_equals_torch(tmp_path):
    """All cases in one process: Node takes longer to start than to compute."""
    script = [PRELUDE]
    wanted = {}
    for i, name in enumerate(CASES):
        module, x = net(name)
        (tmp_path / f"{i}.tape").write_bytes(tape_of(name).content())
        with torch.inference_mode():
            wanted[name] = module(x)["y"].numpy()
        numbers = json.dumps(x.flatten().tolist())
        script.append(
            f"say[{json.dumps(name)}] = Array.from("
            f"play(read('{i}.tape'), {{x: {numbers}}}).y.data);"
        )
    script.append("console.log(JSON.stringify(say));")
    for name, made in run_script(tmp_path, "\n".join(script)).items():
        have, want = np.array(made), wanted[name].flatten()
        assert have.shape == want.shape, name
        assert np.abs(have - want).max() <= 3e-6 * spread(want), name


def run_script(folder, script):
    (folder / "player.mjs").write_text(node.script("player.js"), encoding="utf-8")
    (folder / "test.mjs").write_text(script, encoding="utf-8")
    ended = subprocess.run(
        [node.found(), "test.mjs"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_both_players_have_the_same_operations():
    source = node.script("player.js")
    table = re.sub(r"/\*.*?\*/|//.*", "", source.split("export const OPS = {")[1].split("\n};")[0])
    # Names at the start of the line or after a comma outside of brackets.
    depth, names, word = 0, set(), ""
    for sign in f"{table},":
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        if sign == "," and depth == 0:
            names.add(re.split(r"\W", word.strip())[0])
            word = ""
        else:
            word += sign
    assert names - {""} == set(OPS)


# What is recorded ---------------------------------------------------------------------------------


def test_constants_are_folded_and_dead_nodes_are_gone():
    layer = nn.Linear(6, 3)
    tape = record(Net(lambda x, f: f(x + torch.arange(6) * 2.0), layer), {"x": torch.randn(1, 6)})
    assert [each.op for each in tape.nodes] == ["add", "linear"]
    assert np.array_equal(tape.constants["layers.0.weight"], layer.weight.detach().numpy())
    assert tape.nodes[1].module == "layers.0"


def test_an_operation_that_the_player_lacks_is_named_with_its_module():
    class Sorted(nn.Module):
        def forward(self, x):
            return torch.fft.rfft(x.sort(1)[0]).abs()

    with pytest.raises(UsageError) as caught:
        record(Net(lambda x, f: f(x), Sorted()), {"x": torch.randn(1, 6)})
    said = str(caught.value)
    assert "sort in the module layers.0" in said and "fft_r2c in the module layers.0" in said


def test_a_network_that_torch_cannot_trace_is_refused():
    with pytest.raises(UsageError, match="cannot be recorded"):
        record(Net(lambda x: x[: int(x.sum())]), {"x": torch.randn(1, 6)})


def test_a_tape_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("etude.exporters.tapes.record.MOST", 3)
    assert MOST == 4000
    with pytest.raises(UsageError, match="would have 4 nodes; at most 3"):
        record(Net(lambda x: x.exp().sin().cos().tanh()), {"x": torch.randn(1, 6)})


def test_a_tape_knows_what_depends_on_what():
    class Two(nn.Module):
        def forward(self, x):
            code = x.tanh()
            return {"code": code, "image": code * 3, "error": code - x}

    tape = record(Two(), {"x": torch.randn(1, 2)})
    assert not tape.depends("image", "x", "code") and tape.depends("error", "x", "code")


# Faults -------------------------------------------------------------------------------------------


def broken(tape: Tape) -> Tape:
    constants = {name: x.copy() for name, x in tape.constants.items()}
    constants["layers.0.weight"].flat[0] += 0.5
    return dataclasses.replace(tape, constants=constants)


def test_a_changed_weight_is_found():
    module, x = net("linear")
    tape = record(module, {"x": x})
    right = {"y": module(x)["y"].detach().numpy()}
    require(compare(right, play(tape, {"x": x.numpy()})), "tape")
    with pytest.raises(NumericsError):
        require(compare(right, play(broken(tape), {"x": x.numpy()})), "tape")


@NODE
def test_a_failure_in_node_is_an_error_of_numbers():
    module, x = net("linear")
    tape = record(module, {"x": x})
    wrong = dataclasses.replace(tape, nodes=(dataclasses.replace(tape.nodes[0], op="none"),))
    with pytest.raises(NumericsError, match="The player lacks: none"):
        node.played(wrong, Split(x.numpy(), np.zeros(1, np.int64)))
