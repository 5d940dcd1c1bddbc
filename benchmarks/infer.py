"""étude's side of inference.py: a process of its own that times a run on raw images.

    python benchmarks/infer.py RUN IMAGES.npy OUTPUTS.npy --threads 2 --seconds 1

etude: `Run.outputs`, as `predict` calls it, for each size of batch; `evaluate`, as the verb calls
it, for all images. eager: the module alone on tensors that are scaled already, for reference.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import argparse
import json

import numpy as np
import program
import torch

import etude
from etude import assembly
from etude.data.dataset import Split
from etude.data.resident import Resident
from etude.training.record import evaluate

BATCHES = (1, 128, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=3, metavar=("RUN IMAGES OUTPUTS"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    path, images, outputs = given.files
    run, x = etude.load(path), np.load(images)
    whole = Split(x, np.zeros(len(x), np.int64))
    rows = []

    def measured(name: str, batch: int, action) -> None:
        ms, n = program.milliseconds(action, given.seconds)
        rows.append({"program": name, "batch": batch, "ms": ms, "n": n})

    held = Resident(whole, run.card, torch.device("cpu"))
    for batch in BATCHES:
        some = whole.take(np.arange(batch))
        measured("etude", batch, lambda some=some: run.outputs(some))
        inputs = held.take(np.arange(batch)).inputs
        with torch.inference_mode():
            measured("eager", batch, lambda inputs=inputs: run.model(*inputs))
    task = assembly.rebuild(run.recipe, run.card)[1]
    measured("etude", len(x), lambda: evaluate(run.model, task, held, run.recipe.seed))
    run.model.eval()
    np.save(outputs, run.outputs(whole))
    print(json.dumps({"rows": rows, "version": torch.__version__}))


if __name__ == "__main__":
    main()
