"""Tests run on one thread each, offline, without the machine's own data unless a test asks."""

import os
import random
from types import SimpleNamespace

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["ETUDE_LANG"] = "en"  # whatever the locale of the machine

import numpy as np
import pytest
import torch

from etude import assembly, pipeline
from etude.inspection import gallery
from etude.render import style

torch.set_num_threads(1)
# A process of tests trains hundreds of networks; holding what each has freed would take gigabytes.
assembly.hold_memory = lambda: None


def first_picture(subject):
    """What `gallery.draw` returns, of its first view."""
    return gallery.draw(subject, list(gallery.chosen(subject))[:1])


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


@pytest.fixture(autouse=True)
def _short_reports(monkeypatch):
    """The report of a run that a test trains has its first picture alone: all of them take longer
    than the training. tests/inspection, which is about pictures, draws them all."""
    monkeypatch.setattr(pipeline, "gallery", SimpleNamespace(draw=first_picture))


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """An empty working folder: runs go to its ./runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
