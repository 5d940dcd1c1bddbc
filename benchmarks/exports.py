"""Claim: each network leaves in each form within 1e-4 of étude's answers, and ONNX Runtime and
torch.export answer no slower than étude.

    python -m benchmarks.exports
    python -m benchmarks.exports --networks mlp,vit --roads onnx,pt2 --rounds 9

Every network is trained for one epoch on the built-in digits and exported in every form that takes
it. Difference: the largest on the test split, as the export command prints it. Milliseconds: the
median of rounds for 1 and for 1,024 raw samples in one warm process with two threads; étude is the
warm `Run` as `predict` calls it. Rounds alternate between the programs.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import etude
from benchmarks.common import markdown, parser
from etude import registry
from etude.data.dataset import Split
from etude.errors import UsageError
from etude.exporters.graph import inputs_of
from etude.exporters.onnx_file import OnnxFile
from etude.inference.run import Run

NETWORKS = ("mlp", "cnn", "resnet", "lstm", "transformer", "vit", "aae")
ROADS = ("onnx", "pt2", "safetensors", "tape", "html", "code", "triton",
         "timm", "hf", "torchvision", "npz")  # fmt: skip
BATCHES = (1, 1024)
HEAD = ("network", "form", "largest difference", "same answers", "kB", "export s",
        "1 sample, ms", "1,024 samples, ms")  # fmt: skip

Caller = Callable[[Split], object]
"""Answers some raw samples."""


def onnx(path: Path) -> Caller:
    """The file in ONNX Runtime."""
    file = OnnxFile.open(path)
    return lambda some: file.play(tuple(x.numpy() for x in inputs_of(some, 0, len(some))))


def pt2(path: Path) -> Caller:
    """The file in torch."""
    module = torch.export.load(path).module()

    def answer(some: Split) -> object:
        with torch.inference_mode():
            return module(*inputs_of(some, 0, len(some)))

    return answer


CALLERS = {"onnx": onnx, "pt2": pt2}


def timed(callers: dict[str, Caller], samples: Split, rounds: int) -> dict[tuple[str, int], float]:
    """Median milliseconds of each program and size."""
    found: dict[tuple[str, int], list[float]] = {}
    for size in BATCHES:
        some = samples.take(np.arange(size) % len(samples))
        repeats = 50 if size == 1 else 3
        for turn in range(rounds + 1):
            for name, answer in callers.items():
                gc.collect()
                began = time.perf_counter()
                for _ in range(repeats):
                    answer(some)
                if turn:  # the first round warms up
                    taken = 1000 * (time.perf_counter() - began) / repeats
                    found.setdefault((name, size), []).append(taken)
    return {key: statistics.median(values) for key, values in found.items()}


def rows_of(network: str, run: Run, roads: tuple[str, ...], rounds: int, folder: Path) -> list:
    """The rows of one network: étude's own, then a row a form."""
    written, callers = [], {"étude": run.outputs}
    for road in roads:
        path = folder / f"{network}-{road}{registry.load('exporter', road).suffix}"
        began = time.perf_counter()
        try:
            exported = run.export(road, path)
        except UsageError:
            continue  # the form takes Vision Transformers alone
        seconds = time.perf_counter() - began
        written.append((road, exported, seconds))
        if road in CALLERS:
            callers[road] = CALLERS[road](path)
    ms = timed(callers, run.trained.samples(), rounds)

    def times(name: str) -> list[str]:
        return [f"{ms[name, size]:.3g}" if name in callers else "-" for size in BATCHES]

    rows = [(network, "étude", "-", "-", "-", "-", *times("étude"))]
    for road, exported, seconds in written:
        parity = exported.parity
        far = f"{parity.largest:.1e}" if parity else "-"
        same = f"{parity.same} of {parity.samples}" if parity else "-"
        kilobytes = f"{exported.size / 1000:,.0f}"
        rows.append((network, road, far, same, kilobytes, f"{seconds:.1f}", *times(road)))
    return rows


def main() -> None:
    options = parser(__doc__, 7)
    options.add_argument("--networks", default=",".join(NETWORKS), help="networks, by commas")
    options.add_argument("--roads", default=",".join(ROADS), help="forms, by commas")
    chosen = options.parse_args()
    torch.set_num_threads(2)
    networks, roads = chosen.networks.split(","), tuple(chosen.roads.split(","))
    if chosen.quick:
        networks, roads, chosen.rounds = networks[:1], ("onnx", "safetensors"), 1
    rows = []
    for network in networks:
        with tempfile.TemporaryDirectory() as folder:
            run = etude.train(network, data="digits", epochs=1, quiet=True, root=Path(folder))
            rows += rows_of(network, run, roads, chosen.rounds, Path(folder))
        print(*(" ".join(map(str, row)) for row in rows if row[0] == network), sep="\n", flush=True)
    print(markdown(HEAD, rows))


if __name__ == "__main__":
    main()
