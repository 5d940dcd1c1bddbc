"""ONNX Runtime on a trained run: exported whole, from bytes to logits, then timed.

    python onnx_runtime.py export RUN FILE.onnx
    python onnx_runtime.py time FILE.onnx IMAGES.npy OUTPUTS.npy --threads 2 --seconds 1

What is exported is what `Run.outputs` does: bytes to float, the data's scaling, the view, the
model. So both sides are given the same raw images.
"""

import program  # noqa: I001  (the first, as it says)

import argparse
import json
import logging
import warnings
from pathlib import Path

import numpy as np

BATCHES = (1, 128, 1024)
EVALUATED = 500
"""Samples at once where all of a split are passed, as étude's evaluation does."""


def export(run: str, file: str) -> None:
    """Write the run's model with its scaling to a .onnx file, for any number of images."""
    import torch

    import etude
    from etude.data.preprocess import Preprocess

    warnings.filterwarnings("ignore")
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    trained = etude.load(run)
    card = trained.card

    whole = torch.nn.Sequential(Preprocess(card), trained.model)
    images = torch.zeros((2, *card.shape), dtype=torch.uint8)
    shapes = ({0: torch.export.Dim.DYNAMIC},)
    made = torch.onnx.export(
        whole.eval(), (images,), dynamo=True, dynamic_shapes=shapes, verbose=False
    )
    made.save(file)
    print(json.dumps({"file": file, "bytes": Path(file).stat().st_size}))


def time(file: str, images: str, outputs: str, threads: int, seconds: float) -> None:
    """Milliseconds for each size of batch and for all images; the outputs of all are saved."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    x = np.load(images)

    def passed(some: np.ndarray) -> np.ndarray:
        return session.run(None, {name: some})[0]

    def whole() -> np.ndarray:
        parts = range(0, len(x), EVALUATED)
        return np.concatenate([passed(x[start : start + EVALUATED]) for start in parts])

    rows = []
    for batch in BATCHES:
        ms, n = program.milliseconds(lambda batch=batch: passed(x[:batch]), seconds)
        rows.append({"program": "onnxruntime", "batch": batch, "ms": ms, "n": n})
    ms, n = program.milliseconds(whole, seconds)
    rows.append({"program": "onnxruntime", "batch": len(x), "ms": ms, "n": n})
    np.save(outputs, whole())
    print(json.dumps({"rows": rows, "version": onnxruntime.__version__}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("export", "time"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    if given.verb == "export":
        export(*given.files)
    else:
        time(*given.files, given.threads, given.seconds)


if __name__ == "__main__":
    main()
