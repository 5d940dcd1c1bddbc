"""Tests run on one thread each, offline, without the machine's own data unless a test asks."""

import os
import random

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
import pytest
import torch

from etude.draw import style

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _same_start() -> None:
    """Every test draws from the same place, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _coarse_pictures():
    """Every run that a test trains is drawn, and most of that time goes by the number of dots."""
    fine, style.DPI = style.DPI, 40
    yield
    style.DPI = fine


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """An empty working folder: runs go to its ./runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
