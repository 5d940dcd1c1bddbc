"""A trained run, and a Hub on the loopback that the library in this process speaks to."""

import huggingface_hub
import huggingface_hub.constants as constants
import numpy as np
import pytest

import etude
from tests.hub.server import TOKEN, served

QUICK = {"epochs": 1, "quiet": True, "threads": 1, "precision": "fp32", "save": False}


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A finished run of digits, in a folder."""
    place = tmp_path_factory.mktemp("hub") / "run"
    return etude.train("mlp", data="digits", **QUICK, **{"model.hidden": [16]}).save(place)


@pytest.fixture
def digits():
    return np.random.default_rng(0).integers(0, 17, (5, 1, 8, 8)).astype(np.uint8)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The server. The library reads its settings when it is imported, so they are set in it."""
    with served() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        template = f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        assert huggingface_hub.HfApi().endpoint == server.address
        yield server


@pytest.fixture
def few(monkeypatch):
    """A card without pictures, which take most of the time, for tests that are not about them."""
    monkeypatch.setattr("etude.hub.write.VIEWS", ())
