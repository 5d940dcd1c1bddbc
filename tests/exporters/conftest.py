"""One run per family, trained once for all tests of exporters."""

import numpy as np
import pytest

import etude

TRAIN = {"epochs": 1, "quiet": True}


def sequences(count=90, longest=12):
    """Padded sequences of two classes, as arrays for `etude.train`."""
    noise = np.random.default_rng(0)
    lengths = noise.integers(1, longest + 1, count)
    lengths[0] = longest
    y = np.arange(count) % 2
    x = np.zeros((count, longest, 2), np.float32)
    for i, length in enumerate(lengths):
        x[i, :length] = noise.normal(y[i], 1, (length, 2))
    return x, y, lengths


def shops(levels, days=90):
    """Sales of shops by day, as a table: they grow and swing in proportion to their level."""
    noise, rows = np.random.default_rng(2), ["day,shop,sold"]
    for name, level in levels.items():
        for t in range(days):
            sold = level * np.exp(0.02 * t + 0.3 * np.sin(t * 2 * np.pi / 7) + noise.normal(0, 0.1))
            rows.append(f"{np.datetime64('2024-01-01') + t},{name},{sold:.3f}")
    return "\n".join(rows) + "\n"


SOLD = {"data.target": "sold", "data.series": "shop", "data.horizon": 3, "data.length": 14}


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """The folder of the runs and of their data."""
    folder = tmp_path_factory.mktemp("exported")
    x, y, lengths = sequences()
    np.savez(folder / "steps.npz", x=x, y=y, lengths=lengths)
    noise = np.random.default_rng(1)
    whole = noise.integers(-9, 9, (80, 3)) + 10**17
    np.savez(folder / "whole.npz", x=whole, y=(whole[:, 0] > 10**17).astype(np.int64))
    fine = noise.normal(1e5, 1e-3, (80, 4))
    y = np.stack([fine[:, 0] * 1e3, np.exp(fine[:, 1] - 1e5)], axis=1)
    np.savez(folder / "fine.npz", x=fine, y=y)
    rows = ["size,kind,day,sold,price"]
    for i in range(120):
        size, kind = noise.normal(50, 9), "abc"[i % 3]
        day = np.datetime64("2020-01-01") + int(noise.integers(900))
        cell = "" if i % 11 == 0 else f"{size:.2f}"
        rows.append(f"{cell},{kind},{day},{('yes', 'no')[i % 2]},{2 * size + (kind == 'a'):.3f}")
    (folder / "houses.csv").write_text("\n".join(rows) + "\n")
    (folder / "shops.csv").write_text(shops({"north": 900, "남쪽": 90, "harbour": 9}))
    (folder / "one.csv").write_text(shops({"north": 900}))
    return folder


RUNS = {
    "mlp": ("mlp", "digits", {}),
    "cnn": ("cnn", "digits", {"model.channels": [8, 16]}),
    "resnet": ("resnet", "digits", {"model.channels": [8, 16]}),
    "vit": ("vit", "digits", {"model.width": 16, "model.depth": 2}),
    "aae": ("aae", "digits", {"model.hidden": [32, 32], "model.critic": [16, 16]}),
    "lstm": ("lstm", "steps.npz", {"model.hidden": 8, "model.bidirectional": True}),
    "transformer": ("transformer", "steps.npz", {"model.width": 16, "model.depth": 2}),
    "sequence-cnn": ("cnn", "steps.npz", {"model.channels": [8, 8]}),
    "flat": ("mlp", "steps.npz", {"model.hidden": [8]}),
    "rows": ("lstm", "digits", {"model.hidden": 8, "model.layers": 1}),
    "whole": ("mlp", "whole.npz", {"model.hidden": [8]}),
    "fine": ("mlp", "fine.npz", {"model.hidden": [8]}),
    "table": ("mlp", "houses.csv", {"model.hidden": [8], "data.target": "price"}),
    "forecast": ("lstm", "series", {"model.hidden": 4}),
    "quantiles": ("mlp", "series", {"task": "quantiles"}),
    "panel": ("mlp", "shops.csv", {**SOLD, "task": "quantiles", "data.log": "no"}),
    "panel-logs": ("lstm", "shops.csv", {**SOLD, "model.hidden": 4, "data.log": "yes"}),
    "series-logs": ("mlp", "one.csv", {**SOLD, "data.log": "yes"}),
}
"""model, data and fields of each run, by the name that tests use."""


@pytest.fixture(scope="session")
def trained(place):
    """A function that returns the run of a name in RUNS; each is trained once."""
    runs = {}

    def run(name):
        if name not in runs:
            model, data, fields = RUNS[name]
            data = str(place / data) if "." in data else data
            runs[name] = etude.train(model, data, root=place, name=name, **TRAIN, **fields)
        return runs[name]

    return run
