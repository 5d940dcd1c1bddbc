"""A small trained run of each kind, made once for all tests of views."""

import os
from types import SimpleNamespace

import pytest

import etude
from etude import pipeline
from tests.conftest import first_picture

KINDS = {
    "mlp": ("mlp", "digits", {"model.hidden": [16]}),
    "function": ("mlp", "curve", {"model.hidden": [16]}),
    "cnn": ("cnn", "digits", {}),
    "resnet": ("resnet", "digits", {"model.mirrored": True}),
    "lstm": ("lstm", "digits", {"model.hidden": 8, "model.layers": 2}),
    "lstm both ways": ("lstm", "digits", {"model.hidden": 8, "model.bidirectional": True}),
    "lstm forecast": ("lstm", "series", {}),
    "transformer": ("transformer", "digits", {"model.depth": 2}),
    "transformer forecast": ("transformer", "series", {}),
    "vit": ("vit", "digits", {"model.depth": 2}),
    "aae": ("aae", "digits", {"model.hidden": [16, 16], "model.critic": [8, 8]}),
    "aae in the plane": ("aae", "digits", {"model.latent_dim": 2, "model.preset": "notes"}),
}


@pytest.fixture(autouse=True)
def _short_reports() -> None:
    """Reports are whole here."""


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """name -> Run, trained when first asked for."""
    place, found = tmp_path_factory.mktemp("looked-at"), {}

    def get(kind: str):
        if kind not in found:
            model, data, fields = KINDS[kind]
            home = os.getcwd()
            os.chdir(place)
            unseen = pytest.MonkeyPatch()
            unseen.setattr(pipeline, "gallery", SimpleNamespace(draw=first_picture))
            try:
                run = etude.train(model, data, epochs=2, quiet=True, **fields)
                found[kind] = etude.load(run.path.absolute())
            finally:
                unseen.undo()
                os.chdir(home)
        return found[kind]

    return get
