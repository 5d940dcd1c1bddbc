"""Keras 3 on JAX: `fit`, compiled by XLA, as Keras does by default.

Parameters are as many as étude's but for the LSTM, which has one bias a gate where torch has two
(1,024 fewer). BatchNorm and Adam take torch's constants. The first 20 batches are a `fit` of their
own, in which XLA compiles; the rest of the epoch is the warm speed. The callback that other peers
are timed by would hold JAX up at every batch.
"""

import os

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm"))
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as there are cores to use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])

import time  # noqa: E402

import fashion  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402


def mlp() -> list:
    """784-256-256-10."""
    hidden = [layers.Dense(256, activation="relu"), layers.Dropout(0.2)]
    more = [layers.Dense(256, activation="relu"), layers.Dropout(0.2)]
    return [layers.Input((28, 28, 1)), layers.Flatten(), *hidden, *more, layers.Dense(10)]


def cnn() -> list:
    """Two blocks and 512, channels last."""

    def block(channels: int) -> list:
        norm = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        conv = layers.Conv2D(channels, 3, padding="same")
        return [
            conv, norm, layers.ReLU(), layers.MaxPooling2D(2), layers.SpatialDropout2D(0.1),
        ]  # fmt: skip

    head = [layers.Dense(512, activation="relu"), layers.Dropout(0.25), layers.Dense(10)]
    return [layers.Input((28, 28, 1)), *block(32), *block(64), layers.Flatten(), *head]


def lstm() -> list:
    """28 rows, two layers of 128."""
    first = layers.LSTM(128, return_sequences=True)
    return [layers.Input((28, 28, 1)), layers.Reshape((28, 28)), first, layers.LSTM(128),
            layers.Dense(10)]  # fmt: skip


def trained(model: keras.Model, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Fit, and samples a second after compilation and of all."""
    size, cut = given.batch, program.WARM * given.batch
    kept = len(x) // size * size  # a last smaller batch would be compiled for anew

    def fit(images: np.ndarray, labels: np.ndarray, epochs: int) -> None:
        model.fit(images, labels, batch_size=size, epochs=epochs, verbose=0)

    if kept <= cut:
        began = time.perf_counter()
        fit(x[:kept], y[:kept], given.epochs)
        whole = kept * given.epochs / (time.perf_counter() - began)
        return {"samples_per_second": whole, "samples_per_second_all": whole}
    began = time.perf_counter()
    fit(x[:cut], y[:cut], 1)
    warm = time.perf_counter()
    fit(x[cut:kept], y[cut:kept], 1)
    if given.epochs > 1:
        fit(x[:kept], y[:kept], given.epochs - 1)
    end = time.perf_counter()
    count = kept * given.epochs
    return {
        "samples_per_second": (count - cut) / (end - warm),
        "samples_per_second_all": count / (end - began),
    }


def main() -> None:
    """Train, test, report."""
    keras.utils.set_random_seed(given.seed)
    x, y, x_test, y_test = fashion.read(given.samples)
    x, x_test = (fashion.scaled(part, given.network)[:, 0, :, :, None] for part in (x, x_test))
    model = keras.Sequential({"mlp": mlp, "cnn": cnn, "lstm": lstm}[given.network]())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-8), loss=loss)
    speeds = trained(model, x, y)
    found = model.predict(x_test, batch_size=500, verbose=0).argmax(1)
    count = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    quality = {"accuracy": float((found == y_test).mean())}
    program.report("keras_jax", given, speeds, quality, count, ("keras", "jax", "numpy"))


if __name__ == "__main__":
    main()
