"""Run folders as a stranger might make them. Each is made of a copy of a good run."""

import json
import zipfile

import numpy as np

from tests.faults.makers import (
    PREDICT,
    Marker,
    Thing,
    card,
    header,
    linked,
    moments,
    packed,
    pickled,
    piped,
    point,
    promised,
    recipe,
    replaced,
    row,
    shaped,
    snapshot,
    sparse,
    swept,
    tensor,
    weights,
    written,
)

RESUME, EVALUATE, LIST = ("resume", "runs/evil"), ("evaluate", "runs/evil"), ("list",)
LAYERS = 10  # with weights of two axes, of the autoencoder that is spoilt
DEEP, NESTED = "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900
LOOK, REPORT = ("look", "runs/evil", "--view", "weights"), ("report", "runs/evil")
ALL = (PREDICT, EVALUATE, RESUME, LOOK, REPORT, LIST)

RUNS = [
    *(
        Thing(f"{n} is a link", linked(n), ALL)
        for n in (
            "recipe.json",
            "best.json",
            "metrics.jsonl",
            "timing.jsonl",
            "provenance.json",
            "LOCK",
            "report.html",
            "checkpoints",
            "snapshots",
            "pictures",
        )
    ),
    *(
        Thing(f"{n} is a link", linked(n))
        for n in (
            "@/",
            "@/MANIFEST.json",
            "@/model.safetensors",
            "@/optimizer.safetensors",
            "@/state.json",
        )
    ),
    *(
        Thing(f"{n} is a pipe", piped(n), (PREDICT, RESUME, LIST))
        for n in (
            "recipe.json",
            "best.json",
            "metrics.jsonl",
            "timing.jsonl",
            "LOCK",
        )
    ),
    *(Thing(f"{n} is a pipe", piped(n)) for n in ("@/MANIFEST.json", "@/model.safetensors")),
    *(
        Thing(f"{n} is /dev/zero", linked(n, "/dev/zero"), (PREDICT, LIST))
        for n in (
            "recipe.json",
            "metrics.jsonl",
            "@/state.json",
            "@/model.safetensors",
        )
    ),
    *(
        Thing(f"{n} has ten gigabytes of nothing", sparse(n), (PREDICT, LIST))
        for n in (
            "recipe.json",
            "best.json",
            "metrics.jsonl",
            "@/MANIFEST.json",
            "@/state.json",
            "@/model.safetensors",
        )
    ),
    *(
        Thing(f"{n} nests {len(text):,} letters deep", written(n, text), (PREDICT, LIST))
        for n in ("recipe.json", "best.json", "metrics.jsonl")
        for text in (DEEP + "\n", NESTED + "\n")
    ),
    Thing("provenance nests deep", written("provenance.json", NESTED), (EVALUATE,)),
    Thing("best names a step of 4,000 digits", written("best.json", f'{{"step": {"9" * 4000}}}')),
    Thing("best names a step of 5,000 digits", written("best.json", f'{{"step": {"9" * 5000}}}')),
    Thing("best names a path", written("best.json", '{"step": "../../outside"}')),
    Thing("half a character", written("recipe.json", '{"model": {"name": "\\ud800"}}')),
    Thing("a recipe of a terabyte", recipe("model.hidden", [1 << 20, 1 << 20])),
    Thing("a recipe wider than any", recipe("model.hidden", [10**30])),
    Thing("a recipe with a million layers", recipe("model.hidden", [1] * 200_000)),
    Thing("a recipe with a seed of 4,000 digits", recipe("seed", 10**4000)),
    Thing("a model that is a path", recipe("model.name", "../../outside/evil")),
    Thing("a model that is a module", recipe("model.name", "architecture")),
    Thing("a model with a zero byte", recipe("model.name", "mlp\0")),
    Thing("data with a zero byte", recipe("data.name", "x\0y"), (EVALUATE,)),
    Thing("data of nobody's home", recipe("data.name", "~nobody-here/x"), (EVALUATE,)),
    Thing("data that are another file", recipe("data.name", "outside"), (EVALUATE,)),
    Thing("a model of another kind", recipe("model", {"name": "lstm", "preset": "default"})),
    Thing("a task of another kind", recipe("task.name", "forecast")),
    Thing(
        "a device that is none", recipe("train.device", "cuda:99999999999999999999"), (EVALUATE,)
    ),
    *(
        Thing(f"a card with {json.dumps(f)[:60]}", card(**f))
        for f in (
            {"classes": ["a"]},
            {"classes": [], "outputs": 0},
            {"outputs": 2**62},
            {"outputs": -1},
            {"std": [0.0]},
            {"std": [-1.0]},
            {"std": []},
            {"mean": [0.0] * 7},
            {"y_mean": [1.0]},
            {"shape": []},
            {"shape": [1, -8, 8]},
            {"shape": [1, 0, 8]},
            {"shape": [1, 2**20, 2**20]},
            {"shape": [1, 8, 10**4000]},
            {"shape": [1] * 100_000},
            {"shape": [64]},
            {"shape": [1, 9, 8]},
            {"kind": "sequence"},
            {"kind": "sound"},
            {"target": "value"},
            {"target": "forecast"},
            {"season": -5},
            {"season": 10**9},
            {"view": "rows"},
            {"name": 3},
            {"extra": 1},
            {"padded": True},
            {"classes": ["a"] * 10},
        )
    ),
    Thing(
        "a card of NaN",
        replaced("state.json", lambda raw: raw.replace(b'"top"', b'"top": NaN, "x"')),
    ),
    Thing(
        "a class that steers the terminal",
        card(classes=["\x1b[2J\x9b31m", *"abcdefghi"]),
        (PREDICT, ("predict", "runs/evil", "none\x1b[2J.npy")),
    ),
    Thing("no card", replaced("state.json", lambda raw: b"{}")),
    Thing("a state that is a list", replaced("state.json", lambda raw: b"[1]")),
    Thing(
        "metrics of garbage", written("metrics.jsonl", b"\xff\xfe\0garbage\n" * 99), (PREDICT, LIST)
    ),
    Thing(
        "metrics without a result", written("metrics.jsonl", '{"event": "end"}\n'), (PREDICT, LIST)
    ),
    Thing("a result without its goal", row(lambda r: r.update(goal="beauty")), (PREDICT, LIST)),
    Thing("a goal that is a list", row(lambda r: r.update(goal=[1])), (PREDICT, LIST)),
    Thing("a test that is text", row(lambda r: r.update(test="good")), (PREDICT, LIST)),
    Thing(
        "an accuracy that is text", row(lambda r: r["test"].update(accuracy="1")), (PREDICT, LIST)
    ),
    Thing("notes that are numbers", row(lambda r: r.update(notes=[1])), (PREDICT, LIST)),
    Thing("a header of 2^63 bytes", replaced("model.safetensors", lambda _: b"\xff" * 8 + b"{}")),
    Thing(
        "a hundred thousand tensors",
        header(
            {
                f"w{i}": {**tensor()["w"], "shape": [0], "data_offsets": [0, 0]}
                for i in range(100_000)
            }
        ),
    ),
    Thing("a tensor beyond the file", header(tensor(data_offsets=[0, 2**60]), b"abcd")),
    Thing("a shape beyond 64 bits", header(tensor(shape=[2**62, 2**62, 0]), b"abcd")),
    Thing("a type that is not read", header(tensor(dtype="F8_E4M3", shape=[4]), b"abcd")),
    Thing("a header that nests deep", header(b'{"a":' * 50_000, b"abcd")),
    Thing(
        "weights of another shape",
        weights(lambda w: w.update({k: x[..., :1].copy() for k, x in w.items()})),
    ),
    Thing(
        "weights of another type",
        weights(lambda w: w.update({k: x.astype(np.complex64) for k, x in w.items()})),
    ),
    Thing("weights that are NaN", weights(lambda w: [x.fill(np.nan) for x in w.values()])),
    Thing(
        "weights that overflow", weights(lambda w: [x.fill(3e38) for x in w.values()]), answers=True
    ),
    Thing(
        "weights with strangers",
        weights(lambda w: w.update({f"x{i}": np.zeros(1) for i in range(9999)})),
    ),
    Thing(
        "a manifest that leads out",
        promised(lambda m: m["files"].update({"../../../outside": {}})),
        answers=True,
    ),
    Thing(
        "a manifest of negative sizes",
        promised(lambda m: m["files"]["state.json"].update(bytes=-1)),
    ),
    Thing(
        "a manifest of 10^30 bytes",
        promised(lambda m: m["files"]["state.json"].update(bytes=10**30)),
        answers=True,
    ),
    Thing(
        "a manifest of infinite size",
        promised(lambda m: m["files"]["state.json"].update(bytes=1e999)),
    ),
    Thing(
        "a manifest that is a list",
        lambda p: (point(p) / "MANIFEST.json").write_text("[]") and None,
    ),
    Thing("what is swept leads out", swept, (RESUME,), answers=True),
]

FILM, LONG = ("samples", "originals", "reconstructions"), 1 << 20


def bars(layers: int = 0) -> bytes:
    """A histogram of each layer's weights, empty; of as many layers as the network has."""
    count = layers or LAYERS
    return shaped((1, 1, count, 40), data=bytes(count * 40))


def strip() -> bytes:
    """An image a million pixels wide, and one high."""
    return shaped((1, 1, 1, LONG), data=bytes(LONG))


SNAPSHOTS = [
    Thing(
        "a snapshot that is pickled",
        snapshot(lambda: packed(samples=pickled(Marker()))),
        (RESUME,),
    ),
    Thing(
        "a snapshot that unpacks to 300 MB",
        snapshot(lambda: packed(samples=bytes(300 << 20))),
        (RESUME,),
    ),
    Thing(
        "a snapshot of 10^12 images",
        snapshot(lambda: packed(samples=shaped((10**12, 1, 8, 8)))),
        (RESUME,),
    ),
    Thing(
        "a snapshot in LZMA",
        snapshot(lambda: packed(zipfile.ZIP_LZMA, samples=b"x" * 99)),
        (RESUME,),
    ),
    Thing(
        "a snapshot with other arrays",
        snapshot(lambda: packed(**{"../../x": shaped((1, 1, 2, 2), data=b"abcd")})),
        (RESUME,),
    ),
    Thing("a snapshot of garbage", snapshot(lambda: b"PK\x05\x06" + bytes(18)), (RESUME,)),
    Thing(
        "moments of training that are all zero",
        moments("weights", lambda: packed(weights=bars(), gradients=bars())),
        (LOOK,),
    ),
    Thing(
        "moments of training that are not all there",
        moments("weights", lambda: packed(weights=bars())),
        (LOOK,),
    ),
    Thing(
        "moments of another network",
        moments("weights", lambda: packed(weights=bars(2), gradients=bars(3))),
        (LOOK,),
    ),
    Thing(
        "samples that are not all there",
        moments("samples", lambda: packed(samples=shaped((1, 1, 1, 1), data=b"a"))),
        (("look", "runs/evil", "--view", "filmstrip"), REPORT),
        answers=True,
    ),
    Thing(
        "samples of one endless side",
        moments("samples", lambda: packed(**dict.fromkeys(FILM, strip()))),
        (("look", "runs/evil", "--view", "filmstrip"), REPORT),
    ),
]
