"""Fashion-MNIST for every peer alike: four IDX files parsed by hand, and the networks' scalings.

Looked for in $ETUDE_DATA/fashion-mnist, $ETUDE_DATA, then where Debian's package has it.
"""

import gzip
import os
import struct
from pathlib import Path

import numpy as np

PACKAGED = Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = 0.2860, 0.3530
"""Of the training pixels in 0..1, as every tutorial has them."""


def idx(path: Path) -> np.ndarray:
    """The bytes [n ...] of a gzipped IDX file."""
    with gzip.open(path, "rb") as file:
        _, _, kind, axes = struct.unpack("4B", file.read(4))
        assert kind == 8, f"{path}: holds no bytes"
        shape = struct.unpack(f">{axes}I", file.read(4 * axes))
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def folder() -> Path:
    """Where the files are."""
    given = os.environ.get("ETUDE_DATA")
    places = [Path(given) / "fashion-mnist", Path(given)] if given else []
    for place in [*places, PACKAGED]:
        if (place / "train-images-idx3-ubyte.gz").is_file():
            return place
    raise SystemExit("No Fashion-MNIST here: let ETUDE_DATA name the folder of its four .gz files.")


def read(samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(x, y, x_test, y_test): the first samples, images [n 28 28] of bytes and labels [n]; of the
    test split no more than there are training samples."""
    place = folder()
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    x, y, x_test, y_test = (idx(place / f"{name}-ubyte.gz")[:samples] for name in names)
    return x, y, x_test, y_test


def scaled(images: np.ndarray, network: str) -> np.ndarray:
    """Images [n 1 28 28] float32: standardised, or in [-1, 1] for the autoencoder's Tanh."""
    x = images[:, None].astype(np.float32) / 255
    return x * 2 - 1 if network == "aae" else (x - MEAN) / STD
