"""No public call changes the caller's process: generators, threads, folder, warnings, logging."""

import logging
import os
import random
import warnings

import matplotlib
import numpy as np
import optuna
import pytest
import torch

import etude
from etude.estimators import EtudeClassifier
from etude.inference.run import Run
from etude.system.caller import preserve_caller_state

TINY = {"epochs": 1, "quiet": True, "model.hidden": [4]}


def surroundings() -> dict[str, object]:
    """All that a call must leave as it was, in a form that can be compared."""
    return {
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "grad": torch.is_grad_enabled(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "optuna": optuna.logging.get_verbosity(),
        "matplotlib": (matplotlib.get_backend(), dict(matplotlib.rcParams)),
        "numpy errors": np.geterr(),
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A trained classifier and a trained autoencoder."""
    root = tmp_path_factory.mktemp("runs")
    small = {"model.hidden": [8, 8], "model.critic": [8, 8], "epochs": 1, "quiet": True}
    return {
        "mlp": etude.train("mlp", "digits", root=root, **TINY).path,
        "other": etude.train("mlp", "digits", root=root, seed=1, **TINY).path,
        "aae": etude.train("aae", "digits", root=root, **small).path,
    }


MODULE = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
CALLS = {
    "train": lambda runs: etude.train("mlp", "digits", **TINY),
    "train with threads": lambda runs: etude.train("mlp", "digits", threads=2, **TINY),
    "train in memory": lambda runs: etude.train(
        "mlp",
        data=(np.zeros((20, 3)) + np.arange(20)[:, None] % 2, np.arange(20) % 2),
        save=False,
        **TINY,
    ),
    "train a module": lambda runs: etude.train(MODULE, "digits", epochs=1, quiet=True),
    "Run.save": lambda runs: etude.train("mlp", "digits", save=False, **TINY).save("kept"),
    "resume": lambda runs: etude.resume(runs["mlp"], quiet=True),
    "compare": lambda runs: etude.compare(
        seed="0,1", workers=1, model="mlp", data="digits", **TINY
    ),
    "compare runs": lambda runs: etude.compare(runs=[runs["mlp"], runs["other"]]),
    "tune": lambda runs: etude.tune("mlp", "digits", trials=1, lr="0.01..0.02", **TINY),
    "check": lambda runs: etude.check(torch.nn.Linear, "linear"),
    "verify": lambda runs: etude.verify(),
    "load": lambda runs: etude.load(runs["mlp"]),
    "create": lambda runs: etude.models.create("cnn"),
    "Run.model": lambda runs: etude.load(runs["mlp"]).model,
    "Run.predict": lambda runs: etude.load(runs["mlp"]).predict(np.zeros((2, 1, 8, 8))),
    "Run.look": lambda runs: etude.load(runs["mlp"]).look("attributions"),
    "Run.generate": lambda runs: etude.load(runs["aae"]).generate(2, seed=3),
    "Run.test": lambda runs: (etude.load(runs["mlp"]).test, etude.load(runs["mlp"]).history),
    "Recipe": lambda runs: etude.Recipe.read(etude.load(runs["mlp"]).recipe.plain()),
    "Run.export": lambda runs: etude.load(runs["mlp"]).export("html", "mlp.html"),
    "Run.save_pretrained": lambda runs: etude.load(runs["mlp"]).save_pretrained("kept"),
    "from_pretrained": lambda runs: etude.from_pretrained(
        etude.load(runs["mlp"]).save_pretrained("again")
    ).predict(np.zeros((2, 1, 8, 8))),
    "load_onnx": lambda runs: etude.load_onnx(
        etude.load(runs["mlp"]).export("onnx", "mlp.onnx").path
    ).predict(np.zeros((2, 1, 8, 8))),
    "estimators": lambda runs: (
        EtudeClassifier(max_epochs=1)
        .fit(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
        .predict(np.zeros((1, 2)))
    ),
    "layers": lambda runs: etude.layers.attention,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_leaves_its_surroundings_as_they_were(name, runs, workdir):
    random.seed(5)
    np.random.seed(6)
    torch.manual_seed(7)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    before = surroundings()
    CALLS[name](runs)
    after = surroundings()
    assert [key for key in before if before[key] != after[key]] == []


def test_every_public_name_is_called():
    called = {name.partition(" ")[0].partition(".")[0] for name in CALLS}
    assert set(etude.__all__) - {"EtudeError", "models"} <= called | {"create"}
    methods = {name for name in vars(Run) if not name.startswith("_")}
    assert methods - {name.partition(".")[2] for name in CALLS} <= {
        "baseline", "baselines", "epochs", "folder", "history", "label", "path", "seconds",
        "samples_per_second", "recipe", "card", "outputs", "subject", "trained", "repository",
        "push",
    }  # fmt: skip


@pytest.mark.parametrize(
    "disturb",
    [
        lambda: torch.rand(1),
        lambda: np.random.rand(),
        lambda: random.random(),
        lambda: torch.set_num_threads(torch.get_num_threads() + 1),
        lambda: warnings.simplefilter("always"),
        lambda: optuna.logging.set_verbosity(optuna.logging.CRITICAL),
    ],
    ids=["torch", "numpy", "random", "threads", "warnings", "optuna"],
)
def test_a_disturbance_is_seen_and_undone(disturb):
    before = surroundings()
    with preserve_caller_state():
        disturb()
    assert surroundings() == before
    with warnings.catch_warnings():
        disturb()
        assert surroundings() != before
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(before["optuna"])


def test_weights_depend_on_the_seed_alone():
    """The caller's generator decides neither the weights of a new model nor its own next number."""
    draws, weights = [], []
    for state in (1, 2):
        torch.manual_seed(state)
        weights.append(etude.models.create("mlp").state_dict())
        draws.append(torch.rand(3))
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])
    assert not torch.equal(*draws)
    other = etude.models.create("mlp", seed=1).state_dict()
    assert any(not torch.equal(weights[0][k], other[k]) for k in other)
